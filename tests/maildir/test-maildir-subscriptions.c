#include "testing.h"

#include "maildir-subscriptions.h"

static MaildirSubscriptions *
parse(const char *text, size_t len, MhFindings *findings)
{
    MhSpan copy = testing_exact_copy(text, len);
    MaildirSubscriptions *subscriptions = maildir_subscriptions_parse(copy, findings);
    g_free((void *)(uintptr_t)copy.data);
    return subscriptions;
}

static const struct {
    const char *name;
    const char *text;
    const char *written;
    unsigned findings;
} files[] = {
    {"empty", "", "", 0},
    {"v1", "INBOX\nSent\nA.B.C\n", "INBOX\nSent\nA.B.C\n", 0},
    {"v1, twice, CRLF", "Sent\r\nSent\nsent\n", "Sent\nsent\n", 0},
    {"v1, INBOX in any case", "inbox\nINBOX\ninbox.x\n", "INBOX\ninbox.x\n", 0},
    {"v1, no last LF", "A\nLast", "A\n", 1},
    {"v1, empty line and levels", "\n.A\nB.\nC..D\n.\nE\n", "E\n", 5},
    {"v1, wrong separator", "A/B\nC\n", "C\n", 1},
    {"v1, 8-bit stays", "\xc3\xbc\n", "\xc3\xbc\n", 0},
    {"v1, control character", "a\tb\nc\n", "c\n", 1},
    {"v2 header alone is v1", "V\t2\n", "", 1},
    {"v2 header without empty line is v1", "V\t2\nSent\n", "Sent\n", 1},
    {"v2", "V\t2\n\nSent\nA\tB\tC\nEntw&APw-rfe\n", "V\t2\n\nSent\nA\tB\tC\nEntw&APw-rfe\n", 0},
    {"v2, nothing", "V\t2\n\n", "V\t2\n\n", 0},
    {"v2, dot and escaped tab", "V\t2\n\ndot.in\nt\x01t\nok\n", "V\t2\n\nok\n", 2},
    {"v2, empty levels", "V\t2\n\n\tA\nB\t\nC\t\tD\n\nok\n", "V\t2\n\nok\n", 4},
    {"v2, no last LF", "V\t2\n\nA\nB", "V\t2\n\nA\n", 1},
};

static void
test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        g_autoptr(MaildirSubscriptions) subscriptions =
            parse(files[i].text, strlen(files[i].text), findings);
        g_autoptr(GString) written = maildir_subscriptions_format(subscriptions);
        if (strcmp(written->str, files[i].written) != 0 ||
            mh_findings_kept(findings) != files[i].findings)
            fail_msg("%s: '%s', %zu findings", files[i].name, written->str,
                     mh_findings_kept(findings));
        g_autoptr(MaildirSubscriptions) again = parse(written->str, written->len, NULL);
        g_autoptr(GString) rewritten = maildir_subscriptions_format(again);
        assert_string_equal(rewritten->str, written->str);
    }
    g_autoptr(MaildirSubscriptions) nul = parse("a\0b\nc\n", 6, NULL);
    assert_int_equal(nul->names->len, 1);
}

static void
test_prefixes(void **state)
{
    (void)state;
    static const char text[] = "V\t2\n\nSent\nA\tB\tC\r\nx\n";
    static const char *const names[] = {"Sent", "A.B.C", "x"};
    for (size_t len = strlen("V\t2\n\n"); len < sizeof text; len++) {
        g_autoptr(MaildirSubscriptions) subscriptions = parse(text, len, NULL);
        guint lines = 0;
        for (size_t i = 5; i < len; i++)
            lines += text[i] == '\n';
        assert_int_equal(subscriptions->version, 2);
        assert_int_equal(subscriptions->names->len, lines);
        for (guint i = 0; i < lines; i++)
            assert_string_equal(g_ptr_array_index(subscriptions->names, i), names[i]);
    }
}

static void
test_set(void **state)
{
    (void)state;
    g_autoptr(MaildirSubscriptions) set = maildir_subscriptions_new(2);
    assert_true(maildir_subscriptions_add(set, "A.B"));
    assert_false(maildir_subscriptions_add(set, "A.B"));
    assert_true(maildir_subscriptions_add(set, "Inbox"));
    assert_false(maildir_subscriptions_add(set, "INBOX"));
    assert_true(maildir_subscriptions_has(set, "inbox"));
    assert_true(maildir_subscriptions_add(set, "Old"));
    static const char *const bad[] = {"", ".", ".a", "a.", "a..b", "a/b", "a\nb", "a\x7f"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_false(maildir_subscriptions_add(set, bad[i]));
    assert_true(maildir_subscriptions_remove(set, "Old"));
    assert_false(maildir_subscriptions_remove(set, "Old"));
    assert_false(maildir_subscriptions_has(set, "Old"));
    g_autoptr(GString) written = maildir_subscriptions_format(set);
    assert_string_equal(written->str, "V\t2\n\nA\tB\nINBOX\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
