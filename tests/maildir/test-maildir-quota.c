#include "testing.h"

#include "maildir-quota.h"

static const struct {
    const char *text;
    const char *written; /* NULL: refused */
} files[] = {
    {"10000S\n", "10000S\n"},
    {"10000S,20C\n   123   4\n", "10000S,20C\n"},
    {"20C,10000S\n", "10000S,20C\n"},
    {"20C\n", "0S,20C\n"},
    {"0S\n", "0S\n"},
    {"10000S", "10000S\n"},
    {"10000S\r\n", "10000S\n"},
    {" 10000S , 5C \n", "10000S,5C\n"},
    {"1S,2S\n", "2S\n"},
    {"1S,5Q\n", "1S\n"},
    {"9223372036854775807S\n", "9223372036854775807S\n"},
    {"9223372036854775808S\n", NULL},
    {"", NULL},
    {"\n10000S\n", NULL},
    {"10000\n", NULL},
    {"S\n", NULL},
    {"10000S,\n", NULL},
    {",10000S\n", NULL},
    {"-1S\n", NULL},
    {"10000S 20C\n", NULL},
};

static void
test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autoptr(GError) error = NULL;
        MaildirQuota quota = {.bytes = 77};
        MhSpan text = testing_exact_copy(files[i].text, strlen(files[i].text));
        bool good = maildir_quota_parse(text, &quota, &error);
        g_free((void *)(uintptr_t)text.data);
        if (good != (files[i].written != NULL))
            fail_msg("'%s'", files[i].text);
        if (!good) {
            assert_true(g_error_matches(error, MAILDIR_ERROR, MAILDIR_ERROR_FORMAT));
            assert_int_equal(quota.bytes, 77);
            continue;
        }
        g_autofree char *written = maildir_quota_format(&quota);
        if (strcmp(written, files[i].written) != 0)
            fail_msg("'%s': '%s'", files[i].text, written);
        MaildirQuota again;
        assert_true(maildir_quota_parse(mh_span_from_string(written), &again, NULL));
        assert_int_equal(again.bytes, quota.bytes);
        assert_int_equal(again.messages, quota.messages);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
