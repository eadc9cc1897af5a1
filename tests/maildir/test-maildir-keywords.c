#include "testing.h"

#include "maildir-keywords.h"

static MaildirKeywords *
parse(const char *text, size_t len, MhFindings *findings)
{
    MhSpan copy = testing_exact_copy(text, len);
    MaildirKeywords *keywords = maildir_keywords_parse(copy, findings);
    g_free((void *)(uintptr_t)copy.data);
    return keywords;
}

static const struct {
    const char *name;
    const char *text;
    const char *written;
    unsigned findings;
} tables[] = {
    {"empty", "", "", 0},
    {"usual", "0 $Label1\n1 NonJunk\n", "0 $Label1\n1 NonJunk\n", 0},
    {"gap and order", "25 z\n3 d\n", "3 d\n25 z\n", 0},
    {"out of range", "26 x\n4294967296 y\n-1 z\n1 ok\n", "1 ok\n", 3},
    {"no name", "1 \n2\n\n3 ok\n", "3 ok\n", 3},
    {"name twice", "1 Junk\n2 jUNK\n3 ok\n", "1 Junk\n3 ok\n", 1},
    {"number twice", "1 old\n1 new\n", "1 new\n", 0},
    {"freed name comes again", "1 old\n1 new\n2 old\n", "1 new\n2 old\n", 0},
    {"spaces and 8-bit stay", "1 a b\xff\n", "1 a b\xff\n", 0},
    {"CRLF", "1 a\r\n2 \r\n", "1 a\n", 1},
    {"CR in a name", "1 a\r\r\n", "1 a\r\r\n", 0},
    {"no final LF", "1 a\n2 b", "1 a\n", 1},
    {"not a number", "x a\n 1 b\n1\tc\n", "", 3},
};

static void
test_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        g_autoptr(MaildirKeywords) keywords =
            parse(tables[i].text, strlen(tables[i].text), findings);
        g_autoptr(GString) written = maildir_keywords_format(keywords);
        if (strcmp(written->str, tables[i].written) != 0 ||
            mh_findings_kept(findings) != tables[i].findings)
            fail_msg("%s: '%s', %zu findings", tables[i].name, written->str,
                     mh_findings_kept(findings));
        g_autoptr(MaildirKeywords) again = parse(written->str, written->len, NULL);
        g_autoptr(GString) rewritten = maildir_keywords_format(again);
        assert_string_equal(rewritten->str, written->str);
    }
}

static void
test_prefixes(void **state)
{
    (void)state;
    static const char text[] = "0 $Label1\n1 NonJunk\r\n2 x\n";
    static const char whole[] = "0 $Label1\n1 NonJunk\n2 x\n";
    for (size_t len = 0; len < sizeof text; len++) {
        g_autoptr(MaildirKeywords) keywords = parse(text, len, NULL);
        g_autoptr(GString) written = maildir_keywords_format(keywords);
        assert_true(strncmp(whole, written->str, written->len) == 0);
    }
    static const char nul[] = "0 a\0b\n1 c\n";
    g_autoptr(MaildirKeywords) keywords = parse(nul, sizeof nul - 1, NULL);
    assert_null(keywords->names[0]);
    assert_string_equal(keywords->names[1], "c");
}

static const struct {
    const char *name;
    const char *atom;
} names[] = {
    {"", NULL},
    {"$Label1", "$Label1"},
    {"NonJunk", "NonJunk"},
    {"a&b,c+d-e/f:g[h}i~j'k", "a&b,c+d-e/f:g[h}i~j'k"},
    {"\\Seen", "_Seen"},
    {"a b", "a_b"},
    {"(){%*\"\\]", "________"},
    {"\t\x7f\n", "___"},
    {"gr\xc3\xbcn", "gr&APw-n"},
    {"gr\xfcn", "gr&APw-n"},
    {"\xc3\x84rger", "&AMQ-rger"},
    {"\xc3\x96rger", "&ANY-rger"},
    {"a&b \xc3\xbc", "a&-b_&APw-"},
    {"\xf0\x9f\x98\x80", "&2D3eAA-"},
    {"&APw-", "&APw-"},
};

static void
test_sanitise(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        bool changed = false;
        MhSpan name = testing_exact_copy(names[i].name, strlen(names[i].name));
        g_autofree char *atom = maildir_keyword_sanitise(name, &changed);
        g_free((void *)(uintptr_t)name.data);
        if (g_strcmp0(atom, names[i].atom) != 0 ||
            changed != (atom != NULL && strcmp(atom, names[i].name) != 0))
            fail_msg("'%s': '%s'", names[i].name, atom);
    }
    g_autofree char *nul = maildir_keyword_sanitise(MH_SPAN_LITERAL("a\0b"), NULL);
    assert_string_equal(nul, "a_b");
}

/* Whatever the byte, what comes out is an atom, and an atom comes out as it is. */
static void
test_sanitise_all_bytes(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        uint8_t bytes[3] = {'x', (uint8_t)c, 'y'};
        g_autofree char *atom = maildir_keyword_sanitise(mh_span(bytes, 3), NULL);
        for (const char *at = atom; *at != '\0'; at++)
            assert_true(*at > ' ' && *at < 0x7f && strchr("(){%*\"\\]", *at) == NULL);
        bool changed = true;
        g_autofree char *again = maildir_keyword_sanitise(mh_span_from_string(atom), &changed);
        assert_string_equal(again, atom);
        assert_false(changed);
    }
}

static void
test_assign(void **state)
{
    (void)state;
    g_autoptr(MaildirKeywords) keywords = parse("0 old\n2 Junk\n", 13, NULL);
    static const MaildirKeywordUse uses[] = {
        {"rare", 1}, {"often", 9}, {"junk", 5}, {"never", 0}, {"OFTEN", 1}, {"old", 0},
    };
    static const uint8_t expected[] = {4, 3, 2, 5, 3, 0};
    uint8_t letters[G_N_ELEMENTS(uses)];
    assert_int_equal(maildir_keywords_assign(keywords, uses, G_N_ELEMENTS(uses), 1u << 1, letters),
                     0);
    assert_memory_equal(letters, expected, sizeof letters);
    g_autoptr(GString) written = maildir_keywords_format(keywords);
    assert_string_equal(written->str, "0 old\n2 Junk\n3 often\n4 rare\n5 never\n");
    assert_int_equal(maildir_keywords_assign(keywords, NULL, 0, 0, NULL), 0);
}

/* 30 keywords and 26 letters: the four least used stay without, and a second run changes
 * nothing, even if the counts have turned round. */
static void
test_assign_too_many(void **state)
{
    (void)state;
    enum { COUNT = 30 };
    g_autoptr(MaildirKeywords) keywords = maildir_keywords_new();
    MaildirKeywordUse uses[COUNT];
    char texts[COUNT][8];
    uint8_t letters[COUNT], again[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        g_snprintf(texts[i], sizeof texts[i], "k%u", i);
        uses[i] = (MaildirKeywordUse){.name = texts[i], .messages = i};
    }
    assert_int_equal(maildir_keywords_assign(keywords, uses, COUNT, 0, letters), 4);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(letters[i], i < 4 ? MAILDIR_KEYWORD_NONE : COUNT - 1 - i);
        uses[i].messages = COUNT - i;
    }
    assert_int_equal(maildir_keywords_assign(keywords, uses, COUNT, 0, again), 4);
    assert_memory_equal(again, letters, sizeof letters);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),   cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_sanitise), cmocka_unit_test(test_sanitise_all_bytes),
        cmocka_unit_test(test_assign),   cmocka_unit_test(test_assign_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
