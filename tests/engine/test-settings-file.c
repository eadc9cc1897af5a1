#include "settings-file.h"

#include "testing.h"

static const char good_file[] = "\xef\xbb\xbf# our site\r\n"
                                "\r\n"
                                "[mailhaul]\r\n"
                                "inbox = /var/spool/mail/%u\r\n"
                                "  folders=%h/mail  \n"
                                "maildir = /data/a=b/%u\n"
                                "pop3-uidl = file:/srv/%u.uidl\n"
                                "mirror = yes\n"
                                "jobs =\t3";

static void
test_good(void **state)
{
    (void)state;
    MhSettings *settings = mh_settings_new();
    MhSpan text = testing_exact_copy(good_file, sizeof(good_file) - 1);
    GError *error = NULL;
    bool good = mh_settings_file_parse(text, "x.conf", settings, &error);
    g_free((void *)(uintptr_t)text.data);
    assert_null(error);
    assert_true(good);
    assert_string_equal(settings->inbox, "/var/spool/mail/%u");
    assert_string_equal(settings->folders, "%h/mail");
    assert_string_equal(settings->maildir, "/data/a=b/%u");
    assert_int_equal(settings->pop3_uidl, MH_UIDL_FILE);
    assert_string_equal(settings->pop3_uidl_file, "/srv/%u.uidl");
    assert_true(settings->mirror);
    assert_int_equal(settings->jobs, 3);
    mh_settings_free(settings);
}

static void
test_prefixes(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof(good_file); len++) {
        MhSettings *settings = mh_settings_new();
        MhSpan text = testing_exact_copy(good_file, len);
        GError *error = NULL;
        bool good = mh_settings_file_parse(text, "x.conf", settings, &error);
        bool told = good == (error == NULL);
        g_clear_error(&error);
        g_free((void *)(uintptr_t)text.data);
        mh_settings_free(settings);
        assert_true(told);
    }
}

static void
test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len; /* 0: all of it */
        const char *message;
    } rows[] = {
        {"[mailhaul]\ninbx = /m/%u\n", 0, "x.conf:2: there is no key 'inbx'; is 'inbox' meant?"},
        {"[mailhaul]\nzzzzzz = 1\n", 0, "x.conf:2: there is no key 'zzzzzz'"},
        {"[mailhaul]\na\x1b = 1\n", 0, "x.conf:2: there is no key 'a\\x1b'"},
        {"[mailhaul]\n\n#\njobs = many\n", 0,
         "x.conf:4: jobs: 'many' is not a number from 0 to 1024"},
        {"[mailhaul]\njobs =\n", 0, "x.conf:2: jobs: the value is empty"},
        {"[mailhaul]\nreopen = yes\n", 0, "x.conf:2: 'reopen' belongs on the command line"},
        {"[mailhaul]\njobs = 1\njobs = 1\n", 0, "x.conf:3: key 'jobs' stands here a second time"},
        {"jobs = 1\n", 0, "x.conf:1: key 'jobs' stands before the line [mailhaul]"},
        {"[migrate]\n", 0, "x.conf:1: the only group is [mailhaul]"},
        {"[mailhaul]\njobs\n", 0, "x.conf:2: a line is 'key = value'"},
        {"[mailhaul]\njobs = 1\0\n", 21, "x.conf:2: the line has a NUL byte"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSettings *settings = mh_settings_new();
        size_t len = rows[i].len != 0 ? rows[i].len : strlen(rows[i].text);
        GError *error = NULL;
        bool good = mh_settings_file_parse(mh_span(rows[i].text, len), "x.conf", settings, &error);
        bool same = !good && strcmp(error->message, rows[i].message) == 0;
        if (!same)
            fail_msg("row %zu: %s", i, good ? "good" : error->message);
        g_clear_error(&error);
        mh_settings_free(settings);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
