#include "testing.h"
#include "uidl-listing.h"

static void
test_good(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "1 a\n2 b\n",
        "+OK 2 messages\r\n1 a\r\n2 b\r\n.\r\n",
        "# saved on Monday\n\n1 a\n2 b",
        "1 a\n2 b\n.\nrubbish behind the end\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        GPtrArray *uidls = mh_uidl_listing_parse(mh_span_from_string(rows[i]), &error);
        assert_no_error(error);
        assert_int_equal(uidls->len, 2);
        assert_string_equal(uidls->pdata[0], "a");
        assert_string_equal(uidls->pdata[1], "b");
        g_ptr_array_unref(uidls);
    }
}

static void
test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line;
    } rows[] = {
        {"1\n", "line 1:"},
        {"2 a\n", "line 1:"},
        {"1 a\n1 b\n", "line 2:"},
        {"1 a b\n", "line 1:"},
        {"x a\n", "line 1:"},
        {"1 a\n3 b\n", "line 2:"},
        {"1 \xc3\xa4\n", "line 1:"},
        {"1 a\n+OK\n", "line 2:"},
        {"1 12345678901234567890123456789012345678901234567890123456789012345678901\n", "line 1:"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        GPtrArray *uidls = mh_uidl_listing_parse(mh_span_from_string(rows[i].text), &error);
        if (uidls != NULL || !g_str_has_prefix(error->message, rows[i].line))
            fail_msg("row %zu", i);
    }
}

static void
test_apply(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) uidls = mh_uidl_listing_parse(MH_SPAN_LITERAL("1 a\n2 b\n"), NULL);
    g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
    g_autoptr(MhFindings) findings = mh_findings_new();
    mh_mailbox_add(mailbox);
    mh_uidl_listing_apply(uidls, mailbox, findings);
    assert_int_equal(mh_findings_count(findings, MH_FINDING_UIDL_COUNT), 1);
    assert_null(mh_mailbox_uidl(mailbox, mh_mailbox_get(mailbox, 0)));
    mh_mailbox_add(mailbox);
    mh_uidl_listing_apply(uidls, mailbox, findings);
    assert_string_equal(mh_mailbox_uidl(mailbox, mh_mailbox_get(mailbox, 1)), "b");
    assert_int_equal(mh_mailbox_pop3_order(mailbox, mh_mailbox_get(mailbox, 1)), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_apply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
