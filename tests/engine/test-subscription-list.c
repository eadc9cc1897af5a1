#include "testing.h"

#include "subscription-list.h"

/* The entries as "path=level|level", separated by blanks; INBOX as "*". */
static char *
describe(const MhSubscriptionList *list)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < list->entries->len; i++) {
        const MhSubscription *entry = list->entries->pdata[i];
        g_autofree char *levels = g_strjoinv("|", entry->levels);
        if (i > 0)
            g_string_append_c(text, ' ');
        if (entry->is_inbox)
            g_string_append_c(text, '*');
        else
            g_string_append_printf(text, "%s=%s", entry->path, levels);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static const struct {
    const char *name;
    const char *prefix; /* NULL: a list of Dovecot's */
    MhSpan text;
    const char *expected;
    unsigned findings;
} rows[] = {
    {"nothing", "mail", {NULL, 0}, "", 0},
    {"uw", "mail", MH_SPAN_LITERAL("INBOX\nmail/Sent\nmail/a/b\n"), "* Sent=Sent a/b=a|b", 0},
    {"uw: prefix with a slash", "mail/", MH_SPAN_LITERAL("mail/Sent\n"), "Sent=Sent", 0},
    {"uw: no prefix", "", MH_SPAN_LITERAL("mail/Sent\nx\n"), "mail/Sent=mail|Sent x=x", 0},
    {"uw: home", "mail", MH_SPAN_LITERAL("~/mail/a\n/home/joe/mail/b\n./mail/c\n"), "a=a b=b c=c",
     0},
    {"uw: elsewhere", "mail",
     MH_SPAN_LITERAL("Sent\nmailbox\n/home/joey/mail/x\n/etc/passwd\n{h}INBOX\n#news.a\n/\n"), "",
     7},
    {"uw: the directory itself", "mail", MH_SPAN_LITERAL("mail/\n"), "", 0},
    {"uw: climbing out", "mail", MH_SPAN_LITERAL("mail/../x\nmail/./y\n"), "", 2},
    {"uw: once", "mail", MH_SPAN_LITERAL("mail/a\nmail//a/\ninbox\nInbox\n~/mail/a\n"), "a=a *", 0},
    {"uw: a folder INBOX", "mail", MH_SPAN_LITERAL("mail/INBOX\n"), "INBOX=INBOX", 0},
    {"uw: mUTF-7", "mail", MH_SPAN_LITERAL("mail/Entw&APw-rfe\n"), "Entw&APw-rfe=Entw\xc3\xbcrfe",
     0},
    {"uw: Latin-1", "mail", MH_SPAN_LITERAL("mail/Entw\xfcrfe\n"), "Entw\xfcrfe=Entw\xc3\xbcrfe",
     0},
    {"v1", NULL, MH_SPAN_LITERAL("INBOX\na\na/b\n"), "* a=a a/b=a|b", 0},
    {"v1: no last LF", NULL, MH_SPAN_LITERAL("a\nb"), "a=a b=b", 0},
    {"v1: CRLF and empty lines", NULL, MH_SPAN_LITERAL("a\r\n\r\nb\r\n"), "a=a b=b", 0},
    {"v1: NUL", NULL, MH_SPAN_LITERAL("a\0b\nc\n"), "c=c", 1},
    {"v1: a dot in a name", NULL, MH_SPAN_LITERAL("v1.2\n"), "v1.2=v1.2", 0},
    {"v2", NULL, MH_SPAN_LITERAL("V\t2\n\nINBOX\na\tb\nc.d\n"), "* a/b=a|b c.d=c.d", 0},
    {"v2: escapes", NULL,
     MH_SPAN_LITERAL("V\t2\n\na\1tb\nc\1"
                     "1d\n"),
     "a\tb=a\tb c\1d=c\1d", 0},
    {"v2: unknown escape", NULL, MH_SPAN_LITERAL("V\t2\n\na\1xb\nc\1\n"), "a\1xb=a\1xb c\1=c\1", 0},
    {"v2: escaped NUL", NULL,
     MH_SPAN_LITERAL("V\t2\n\na\1"
                     "0b\n"),
     "", 1},
    {"v2: empty level, slash", NULL, MH_SPAN_LITERAL("V\t2\n\na\t\tb\n\t\nx/y\n"), "", 3},
    {"v2: header only", NULL, MH_SPAN_LITERAL("V\t2\n\n"), "", 0},
    {"v2 without the empty line", NULL, MH_SPAN_LITERAL("V\t2\na\n"), "V\t2=V\t2 a=a", 0},
};

static MhSubscriptionList *
parse(size_t row, MhSpan text, MhFindings *findings)
{
    MhSubscriptionList *list = mh_subscription_list_new();
    if (rows[row].prefix != NULL)
        mh_subscription_list_add_uw(list, text, "/home/joe", rows[row].prefix, findings);
    else
        mh_subscription_list_add_dovecot(list, text, findings);
    return list;
}

static void
test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhFindings *findings = mh_findings_new();
        MhSpan text = testing_exact_copy(rows[i].text.data, rows[i].text.len);
        MhSubscriptionList *list = parse(i, text, findings);
        g_free((void *)(uintptr_t)text.data);
        char *got = describe(list);
        uint64_t count = mh_findings_count(findings, MH_FINDING_SUBSCRIPTION_ELSEWHERE);
        if (strcmp(got, rows[i].expected) != 0 || count != rows[i].findings)
            fail_msg("%s: '%s', %u findings", rows[i].name, got, (unsigned)count);
        g_free(got);
        mh_subscription_list_free(list);
        mh_findings_free(findings);
    }
}

static void
test_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (size_t len = 0; len <= rows[i].text.len; len++) {
            MhSpan text = testing_exact_copy(rows[i].text.data, len);
            mh_subscription_list_free(parse(i, text, NULL));
            g_free((void *)(uintptr_t)text.data);
        }
    }
}

/* Several lists make one; a folder that is there under two spellings is there twice. */
static void
test_union(void **state)
{
    (void)state;
    MhSubscriptionList *list = mh_subscription_list_new();
    mh_subscription_list_add_uw(list, MH_SPAN_LITERAL("mail/a\nINBOX\n"), NULL, "mail", NULL);
    mh_subscription_list_add_dovecot(list, MH_SPAN_LITERAL("a\nb\nINBOX\n"), NULL);
    mh_subscription_list_add_dovecot(list, MH_SPAN_LITERAL("V\t2\n\nb\nc\td\n"), NULL);
    assert_int_equal(list->entries->len, 4);
    assert_true(mh_subscription_list_has(list, "a"));
    assert_true(mh_subscription_list_has(list, "c/d"));
    assert_false(mh_subscription_list_has(list, "INBOX"));
    assert_false(mh_subscription_list_has(list, "/INBOX"));
    assert_false(mh_subscription_list_has(list, "c"));
    mh_subscription_list_free(list);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_union),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
