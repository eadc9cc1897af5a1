#include "testing.h"

#include "courier-error.h"
#include "courier-keywords.h"

/* A directory: names and contents. Content NULL: the list does not know of any. */
typedef struct {
    const char *name, *content;
} Entry;

/* The keywords of @base, "a,b"; every content is an exact copy. */
static char *
resolve(const Entry *entries, const char *base, MhFindings *findings)
{
    CourierKeywords *keywords = courier_keywords_new();
    MhSpan list = {0}, wanted = mh_span_from_string(base);
    const MhSpan *names;
    for (size_t i = 0; entries[i].name != NULL; i++) {
        if (strcmp(entries[i].name, ":list") == 0) {
            list = testing_exact_copy(entries[i].content, strlen(entries[i].content));
            courier_keywords_set_list(keywords, list, findings);
        }
        courier_keywords_offer(keywords, mh_span_from_string(entries[i].name), findings);
    }
    GPtrArray *updates = courier_keywords_wanted(keywords, &wanted, 1);
    g_assert_cmpuint(updates->len, <=, 1);
    for (size_t i = 0; updates->len > 0 && entries[i].name != NULL; i++) {
        if (strcmp(entries[i].name, updates->pdata[0]) != 0)
            continue;
        MhSpan content = testing_exact_copy(entries[i].content, strlen(entries[i].content));
        courier_keywords_set_update(keywords, entries[i].name, content, findings);
        g_free((void *)(uintptr_t)content.data);
    }
    g_ptr_array_unref(updates);
    GString *shown = g_string_new(NULL);
    size_t count = courier_keywords_get(keywords, wanted, &names, findings);
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(shown, "%s%.*s", i > 0 ? "," : "", (int)names[i].len,
                               (const char *)names[i].data);
    courier_keywords_free(keywords);
    g_free((void *)(uintptr_t)list.data);
    return g_string_free(shown, FALSE);
}

#define NONE MH_FINDING_COUNT

static void
test_precedence_and_text(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        Entry entries[6];
        const char *base, *expected;
        MhFindingCode finding;
    } rows[] = {
        {"nothing", {{NULL, NULL}}, "m", "", NONE},
        {"list", {{":list", "a\nb\n\nm:0 1\nn:1\n"}}, "m", "a,b", NONE},
        {"list, other message", {{":list", "a\nb\n\nm:0 1\nn:1\n"}}, "n", "b", NONE},
        {"list, not there", {{":list", "a\nb\n\nm:0 1\n"}}, "o", "", NONE},
        {"list, one empty line", {{":list", "\n"}}, "m", "", NONE},
        {"list, empty", {{":list", ""}}, "m", "", NONE},
        {"list, names only", {{":list", "a\nm:0\n"}}, "m", "", NONE},
        {"list, last of several lines", {{":list", "a\nb\n\nm:0\nm:1\n"}}, "m", "b", NONE},
        {"list, last line without LF", {{":list", "a\nb\n\nm:1"}}, "m", "b", NONE},
        {"list, base ends at the first colon",
         {{":list", "a\nb\n\nm:2,S:0\n"}},
         "m",
         "",
         MH_FINDING_COURIER_KEYWORD_INDEX},
        {"list, no colon",
         {{":list", "a\nb\n\nm 0\nm:1\n"}},
         "m",
         "b",
         MH_FINDING_COURIER_KEYWORD_LINE},
        {"list, index past the end",
         {{":list", "a\n\nm:1 0\n"}},
         "m",
         "a",
         MH_FINDING_COURIER_KEYWORD_INDEX},
        {"list, index is no number",
         {{":list", "a\nb\n\nm:x 1\n"}},
         "m",
         "a,b",
         MH_FINDING_COURIER_KEYWORD_INDEX},
        {"list, negative index",
         {{":list", "a\n\nm:-1 0\n"}},
         "m",
         "a",
         MH_FINDING_COURIER_KEYWORD_INDEX},
        {"list, index repeated", {{":list", "a\nb\n\nm:1 1 0 1\n"}}, "m", "b,a", NONE},
        {"list, blanks", {{":list", "a\nb\n\nm: 1  0 \n"}}, "m", "b,a", NONE},
        {"list, no indices", {{":list", "a\n\nm:\n"}}, "m", "", NONE},
        {"newest before list", {{":list", "a\n\nm:0\n"}, {"m", "b\nc\n"}}, "m", "b,c", NONE},
        {"newest, empty", {{":list", "a\n\nm:0\n"}, {"m", ""}}, "m", "", NONE},
        {"newest before older", {{".9.m", "old\n"}, {"m", "new\n"}}, "m", "new", NONE},
        {"newest before the future",
         {{"m", "new\n"}, {".99999999999.m", "old\n"}},
         "m",
         "new",
         NONE},
        {"older before list", {{":list", "a\n\nm:0\n"}, {".5.m", "b\n"}}, "m", "b", NONE},
        {"largest number, not longest text",
         {{".10.m", "ten\n"}, {".9.m", "nine\n"}},
         "m",
         "ten",
         NONE},
        {"largest number last", {{".9.m", "nine\n"}, {".10.m", "ten\n"}}, "m", "ten", NONE},
        {"base with dots", {{".9.1.M2.x", "a\n"}}, "1.M2.x", "a", NONE},
        {"number zero", {{".0.m", "a\n"}}, "m", "", MH_FINDING_COURIER_KEYWORD_ENTRY},
        {"leading zeros", {{".007.m", "a\n"}}, "m", "", MH_FINDING_COURIER_KEYWORD_ENTRY},
        {"number too large",
         {{".18446744073709551615.m", "a\n"}},
         "m",
         "",
         MH_FINDING_COURIER_KEYWORD_ENTRY},
        {"scratch", {{".tmp.1234.m", "a\n"}}, "m", "", NONE},
        {"other colon name", {{":list.new", "a\n\nm:0\n"}}, "m", "", NONE},
        {"update with flags", {{"m:2,S", "a\n"}}, "m", "", MH_FINDING_COURIER_KEYWORD_ENTRY},
        {"no LF at the end", {{"m", "a\nb"}}, "m", "a,b", NONE},
        {"ends at an empty line", {{"m", "a\n\nb\n"}}, "m", "a", MH_FINDING_COURIER_KEYWORD_BLANK},
        {"only an empty line", {{"m", "\n"}}, "m", "", NONE},
        {"normalised",
         {{"m", "a b\n\\Seen\n(){%*\"]\n"}},
         "m",
         "a_b,_Seen,_______",
         MH_FINDING_COURIER_KEYWORD_CHANGED},
        {"normalised in the list",
         {{":list", "a b\n\nm:0\n"}},
         "m",
         "a_b",
         MH_FINDING_COURIER_KEYWORD_CHANGED},
        {"legal bytes stay", {{"m", "/:[}~\xff\r\n"}}, "m", "/:[}~\xff\r", NONE},
        {"base names keep their bytes", {{":list", "a\n\nm (1):0\n"}}, "m (1)", "a", NONE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        g_autofree char *shown = resolve(rows[i].entries, rows[i].base, findings);
        if (strcmp(shown, rows[i].expected) != 0)
            fail_msg("%s: '%s'", rows[i].name, shown);
        size_t due = rows[i].finding != NONE;
        if (mh_findings_kept(findings) != due ||
            (due && mh_findings_count(findings, rows[i].finding) != 1))
            fail_msg("%s: other findings", rows[i].name);
    }
}

static void
test_prefixes(void **state)
{
    (void)state;
    static const char list[] = "a\nb c\n\nm:0 1\n1.M2:1\nn:x 99\n";
    for (size_t len = 0; len < sizeof list; len++) {
        g_autofree char *text = g_strndup(list, len);
        g_free(resolve((Entry[]){{":list", text}, {NULL, NULL}}, "m", NULL));
        g_free(resolve((Entry[]){{"m", text}, {NULL, NULL}}, "m", NULL));
    }
}

static void
test_only_what_is_wanted(void **state)
{
    (void)state;
    g_autoptr(CourierKeywords) keywords = courier_keywords_new();
    static const char *const entries[] = {".5.a", "a", ".6.b", ".7.b", "gone", ".tmp.1"};
    const MhSpan bases[] = {MH_SPAN_LITERAL("a"), MH_SPAN_LITERAL("b"), MH_SPAN_LITERAL("c"),
                            MH_SPAN_LITERAL("a")};
    for (size_t i = 0; i < G_N_ELEMENTS(entries); i++)
        courier_keywords_offer(keywords, mh_span_from_string(entries[i]), NULL);
    GPtrArray *wanted = courier_keywords_wanted(keywords, bases, G_N_ELEMENTS(bases));
    assert_int_equal(wanted->len, 2);
    assert_string_equal(wanted->pdata[0], "a");
    assert_string_equal(wanted->pdata[1], ".7.b");
    g_ptr_array_unref(wanted);
}

static void
test_round_trip(void **state)
{
    (void)state;
    static const char text[] = "$Label1\nNonJunk\n\n1.M1:0 1\n1.M2:1\n";
    const MhSpan names[] = {MH_SPAN_LITERAL("$Label1"), MH_SPAN_LITERAL("NonJunk")};
    const MhSpan bases[] = {MH_SPAN_LITERAL("1.M1"), MH_SPAN_LITERAL("0"), MH_SPAN_LITERAL("1.M2")};
    const uint16_t both[] = {0, 1}, second[] = {1};
    const uint16_t *const sets[] = {both, NULL, second};
    const size_t lengths[] = {2, 0, 1};
    g_autoptr(GBytes) list = courier_keywords_format_list(names, 2, bases, sets, lengths, 3, NULL);
    assert_true(mh_span_equal(mh_span_from_bytes(list), MH_SPAN_LITERAL(text)));
    g_autofree char *again = resolve((Entry[]){{":list", text}, {NULL, NULL}}, "1.M1", NULL);
    assert_string_equal(again, "$Label1,NonJunk");
}

static void
test_what_cannot_be_written(void **state)
{
    (void)state;
    static const struct {
        const char *keyword, *base;
    } rows[] = {{"a b", "m"}, {"", "m"}, {"a\n", "m"}, {"a", "m:2,"}, {"a", ""}, {"a", "m\n"}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan keyword = mh_span_from_string(rows[i].keyword);
        MhSpan base = mh_span_from_string(rows[i].base);
        const uint16_t first = 0;
        const uint16_t *sets = &first;
        const size_t length = 1;
        g_autoptr(GError) error = NULL;
        if (courier_keywords_format_list(&keyword, 1, &base, &sets, &length, 1, &error) != NULL ||
            !g_error_matches(error, COURIER_ERROR, COURIER_ERROR_NAME))
            fail_msg("row %zu", i);
    }
}

/* A list of 50 MB, its last line one of ten million indices, is read in linear time. */
static void
test_large(void **state)
{
    (void)state;
    g_autoptr(GString) text = g_string_sized_new(52u << 20);
    for (int i = 0; i < 200000; i++)
        g_string_append_printf(text, "keyword%d\n", i);
    g_string_append_c(text, '\n');
    int lines = 0;
    for (; text->len < 30u << 20; lines++)
        g_string_append_printf(text, "1500000000.M%dP1.mx:%d %d\n", lines, lines % 200000, 7);
    g_string_append(text, "last:");
    while (text->len < 50u << 20)
        g_string_append(text, "0 1 2 3 4 5 6 7 8 9 ");
    g_autoptr(CourierKeywords) keywords = courier_keywords_new();
    gint64 start = g_get_monotonic_time();
    courier_keywords_set_list(keywords, mh_span(text->str, text->len), NULL);
    const MhSpan *names;
    for (int i = 0; i < lines; i++) {
        g_autofree char *base = g_strdup_printf("1500000000.M%dP1.mx", i);
        size_t due = i % 200000 == 7 ? 1 : 2;
        assert_int_equal(courier_keywords_get(keywords, mh_span_from_string(base), &names, NULL),
                         due);
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(courier_keywords_get(keywords, MH_SPAN_LITERAL("last"), &names, NULL), 10);
    print_message("%d lines: %" G_GINT64_FORMAT " ms\n", lines,
                  (g_get_monotonic_time() - start) / 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_precedence_and_text),    cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_only_what_is_wanted),    cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_what_cannot_be_written), cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
