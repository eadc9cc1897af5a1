#include "testing.h"

#include "courier-quota.h"

static void
test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        CourierQuota quota;
        size_t findings;
        const char *again;
    } rows[] = {
        {"10000000S,1000C\n  12 1\n", {10000000, 1000}, 0, "10000000S,1000C"},
        {"1000C,5S", {5, 1000}, 0, "5S,1000C"},
        {"1000C\r\n", {0, 1000}, 0, "1000C"},
        {"", {0, 0}, 0, ""},
        {"\n 1 1\n", {0, 0}, 0, ""},
        {"0S,0C\n", {0, 0}, 0, ""},
        {"5S,6S\n", {6, 0}, 0, "6S"},
        {"5X,6S\n", {6, 0}, 0, "6S"},
        {"NOQUOTA\n", {0, 0}, 1, ""},
        {"5S,,6C,\n", {5, 6}, 2, "5S,6C"},
        {"-5S,x6C\n", {0, 0}, 2, ""},
        {"18446744073709551615S\n", {UINT64_MAX, 0}, 0, "18446744073709551615S"},
        {"18446744073709551616S\n", {0, 0}, 1, ""},
        {"S,C\n", {0, 0}, 2, ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        MhSpan text = testing_exact_copy(rows[i].text, strlen(rows[i].text));
        CourierQuota quota = courier_quota_parse(text, findings);
        g_free((void *)(uintptr_t)text.data);
        g_autofree char *again = courier_quota_format(&quota);
        if (quota.bytes != rows[i].quota.bytes || quota.messages != rows[i].quota.messages ||
            mh_findings_kept(findings) != rows[i].findings || strcmp(again, rows[i].again) != 0)
            fail_msg("row %zu: '%s' gives '%s', %zu findings", i, rows[i].text, again,
                     mh_findings_kept(findings));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
