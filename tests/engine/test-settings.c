#include "settings.h"

#include "config-error.h"
#include "testing.h"

static int
setup(void **state)
{
    *state = mh_settings_new();
    return 0;
}

static int
teardown(void **state)
{
    mh_settings_free(*state);
    return 0;
}

static void
test_presets(void **state)
{
    const MhSettings *settings = *state;
    assert_int_equal(settings->source_format, MH_FORMAT_AUTO);
    assert_int_equal(settings->sync, MH_SYNC_BATCH);
    assert_int_equal(settings->mode, 0600);
    assert_int_equal(settings->lock_timeout_s, 30);
    assert_string_equal(settings->locks, "dotlock,fcntl,flock");
    assert_string_equal(settings->dialect, "auto");
    assert_int_equal(settings->jobs, 0);
    assert_null(settings->inbox);
    assert_null(settings->timezone);
    assert_true(mh_settings_check(settings, NULL));
}

static void
test_values(void **state)
{
    static const struct {
        const char *name, *value;
        int code;        /* -1: good */
        const char *got; /* NULL: as it was before */
    } rows[] = {
        {"source-format", "mbox", -1, "mbox"},
        {"source-format", "maildir", MH_CONFIG_ERROR_UNKNOWN, NULL},
        {"source-format", "", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"server", "courier", -1, "courier"},
        {"transfer", "link", -1, "link"},
        {"sync", "message", -1, "message"},
        {"courier-names", "utf8", -1, "utf8"},
        {"courier-sizes", "read", -1, "read"},
        {"dovecot", "2.3", -1, "2.3"},
        {"unquote", "mboxrd", -1, "mboxrd"},
        {"progress", "never", -1, "never"},
        {"mirror", "yes", -1, "yes"},
        {"mirror", "off", -1, "no"},
        {"mirror", "1", -1, "yes"},
        {"mirror", "false", -1, "no"},
        {"mirror", "YES", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"jobs", "4", -1, "4"},
        {"jobs", "1024", -1, "1024"},
        {"jobs", "1025", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"jobs", "-1", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"jobs", "4x", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"mode", "0640", -1, "0640"},
        {"mode", "666", -1, "0666"},
        {"mode", "0400", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"mode", "0700", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"mode", "0608", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"mode", "00600", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"mode", "4600", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"inbox", "%h/Maildir", -1, "%h/Maildir"},
        {"inbox", "/m/%q", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"maildir", "/data/%d/%n", -1, "/data/%d/%n"},
        {"pop3-uidl", "uw", -1, "uw"},
        {"pop3-uidl", "x-uidl", -1, "x-uidl"},
        {"pop3-uidl", "file:/srv/uidl/%u", -1, "file:/srv/uidl/%u"},
        {"pop3-uidl", "none", -1, "none"},
        {"pop3-uidl", "file:", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"pop3-uidl", "file:PATTERN", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"pop3-uidl", "qpopper", MH_CONFIG_ERROR_UNKNOWN, NULL},
        {"lock", "fcntl", -1, "fcntl"},
        {"lock", "flock,dotlock", -1, "flock,dotlock"},
        {"lock", "none", -1, "none"},
        {"lock", "none,fcntl", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"lock", "fcntl,fcntl", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"lock", "fcntl,", MH_CONFIG_ERROR_UNKNOWN, NULL},
        {"lock", "lockf", MH_CONFIG_ERROR_UNKNOWN, NULL},
        {"users", "-", -1, "-"},
        {"users", "", MH_CONFIG_ERROR_SYNTAX, NULL},
        {"log", "/tmp/\xff", -1, "/tmp/\xff"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const MhOption *option = mh_option_find(rows[i].name);
        char *before = mh_settings_get(*state, option);
        GError *error = NULL;
        bool good = mh_settings_set(*state, option, rows[i].value, &error);
        int code = error != NULL ? error->code : -1;
        g_clear_error(&error);
        char *after = mh_settings_get(*state, option);
        bool same = g_strcmp0(after, good ? rows[i].got : before) == 0;
        g_free(after);
        g_free(before);
        if (good != (rows[i].code == -1) || code != rows[i].code || !same)
            fail_msg("%s=%s: code %d", rows[i].name, rows[i].value, code);
    }
}

static void
test_conflicts(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool good;
    } rows[] = {
        {"final", "late", false},    {"late", "mirror", false}, {"mirror", "keep-expunged", false},
        {"quiet", "verbose", false}, {"final", "mirror", true}, {"final", "keep-expunged", true},
        {"dry-run", "final", true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSettings *settings = mh_settings_new();
        mh_settings_set(settings, mh_option_find(rows[i].one), "yes", NULL);
        bool alone = mh_settings_check(settings, NULL);
        mh_settings_set(settings, mh_option_find(rows[i].other), "yes", NULL);
        bool good = mh_settings_check(settings, NULL);
        mh_settings_free(settings);
        if (!alone || good != rows[i].good)
            fail_msg("--%s --%s", rows[i].one, rows[i].other);
    }
}

/* The table keeps the promises that its readers rely on. */
static void
test_table(void **state)
{
    (void)state;
    size_t count;
    const MhOption *options = mh_options(&count);
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < count; i++) {
        const MhOption *option = &options[i];
        char *arg = mh_option_arg(option);
        bool has_arg = arg != NULL;
        g_free(arg);
        if (!g_hash_table_add(seen, (void *)(uintptr_t)option->name))
            fail_msg("%s stands twice", option->name);
        if (has_arg == (option->type == MH_OPTION_FLAG) || option->commands == 0 ||
            option->help == NULL || g_str_has_suffix(option->help, "."))
            fail_msg("%s", option->name);
        if (g_str_has_prefix(option->name, "no-"))
            fail_msg("%s looks like the negation of another", option->name);
    }
    g_hash_table_unref(seen);
    assert_null(mh_option_find("no-such-option"));
}

/* A sample is chosen by the sizes at the source: a command that does not know where that is would
 * choose others than migrate did. */
static void
test_samples_are_the_same(void **state)
{
    (void)state;
    for (int command = MH_COMMAND_CHECK; command <= MH_COMMAND_COMPLETION; command++) {
        if (!mh_option_for(mh_option_find("sample"), (MhCommandId)command))
            continue;
        assert_true(mh_option_for(mh_option_find("inbox"), (MhCommandId)command));
        assert_true(mh_option_for(mh_option_find("folders"), (MhCommandId)command));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_presets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_samples_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
