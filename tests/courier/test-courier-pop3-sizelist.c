#include "testing.h"

#include "courier-error.h"
#include "courier-pop3-sizelist.h"

/* "version/next/validity NAME=SIZE=UIDL ..." */
static char *
parse(const char *text, size_t len, CourierEra era, MhFindings *findings)
{
    MhSpan copy = testing_exact_copy(text, len);
    CourierPop3Sizelist *list = courier_pop3_sizelist_parse(copy, era, findings);
    GString *shown = g_string_new(NULL);
    g_string_append_printf(shown, "%d/%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, list->version,
                           list->next, list->validity);
    for (guint i = 0; i < list->lines->len; i++) {
        const CourierPop3Line *line = &g_array_index(list->lines, CourierPop3Line, i);
        g_autofree char *uidl = courier_pop3_sizelist_uidl(line);
        g_string_append_printf(shown, " %.*s=%" G_GUINT64_FORMAT "=%s%s", (int)line->name.len,
                               (const char *)line->name.data, line->size_bytes, uidl,
                               line->raw_8bit ? "!" : "");
    }
    courier_pop3_sizelist_free(list);
    g_free((void *)(uintptr_t)copy.data);
    return g_string_free(shown, FALSE);
}

#define NONE MH_FINDING_COUNT

static void
test_parse(void **state)
{
    (void)state;
    enum { A = COURIER_ERA_AUTO, O = COURIER_ERA_OLD, N = COURIER_ERA_NEW };
    const MhFindingCode LINE = MH_FINDING_COURIER_POP3_LINE, ODD = MH_FINDING_COURIER_POP3_ODD;
    const MhFindingCode LOST = MH_FINDING_COURIER_POP3_LIST_LOST;
    static const char example[] = "/2 8 1058640000\n"
                                  "1100000000.M1P2.mx,S=308:2,S 320 7:1058640000\n"
                                  "1056000000.M1P2.mx,S=290:2, 301 3:0\n"
                                  "1041379201.471.a b:2,RS 412 0:0\n";
    static const char understood[] = "2/8/1058640000"
                                     " 1100000000.M1P2.mx,S=308:2,S=320=UID7-1058640000"
                                     " 1056000000.M1P2.mx,S=290:2,=301=UID3"
                                     " 1041379201.471.a b:2,RS=412=1041379201.471.a+20b";
    const struct {
        const char *name;
        int era;
        const char *text, *expected;
        MhFindingCode finding;
    } rows[] = {
        {"all three styles", A, example, understood, NONE},
        {"all three styles, old", O, example, understood, NONE},
        {"all three styles, new", N, example, understood, NONE},
        {"v0", A, "a:2, 5\nb c:2,S 6\n", "0/1/0 a:2,=5=a b c:2,S=6=b+20c", NONE},
        {"v0, old", O, "a:2, 5\n", "0/1/0 a:2,=5=a", NONE},
        {"v0, new", N, "a:2, 5\n", "0/1/0", LOST},
        {"empty, auto", A, "", "0/1/0", NONE},
        {"empty, new", N, "", "0/1/0", LOST},
        {"v1", A, "/1 9\na:2, 5 8\nb:2, 6 0\n", "1/9/0 a:2,=5=UID8 b:2,=6=b", NONE},
        {"v1, old", O, "/1 9\na:2, 5 8\n", "1/9/0 a:2,=5=UID8", NONE},
        {"v1, new: the header alone", N, "/1 9 7\na:2, 5 8\n", "1/9/7", LOST},
        {"v3", A, "/3 9 7\na:2, 5 8:7:0\nb:2, 5 6:7:1\n", "3/9/7 a:2,=5=UID8-7 b:2,=5=UID6-7!",
         NONE},
        {"v3, new", N, "/3 9 7\na:2, 5 8:7:0\n", "3/9/7 a:2,=5=UID8-7", NONE},
        {"v3, old", O, "/3 9 7\na:2, 5 8:7:0\n", "3/9/7", LOST},
        {"v4", A, "/4 9 7\na:2, 5 8:7:0\n", "4/9/7", LOST},
        {"no numbers in the header", A, "/x\na:2, 5 8:7\n", "2147483647/1/0", LOST},
        {"one number in the header", A, "/2\na:2, 5 8:7\n", "2147483647/1/0", LOST},
        {"version wraps", A, "/4294967298 9 7\na:2, 5 8:7\n", "2147483647/9/0", LOST},
        {"no UIDV in the header", A, "/2 9\na:2, 5 8:7\n", "2/9/0 a:2,=5=UID8-7", ODD},
        {"text behind the header", A, "/2 9 7 x\n", "2/9/7", ODD},
        {"no :V, auto", A, "/2 9 7\na:2, 5 8\n", "2/9/7 a:2,=5=UID8", ODD},
        {"no :V, old", O, "/2 9 7\na:2, 5 8\n", "2/9/7 a:2,=5=UID8", ODD},
        {"no :V, new", N, "/2 9 7\na:2, 5 8\n", "2/9/7", LINE},
        {"v3 line without U8", A, "/3 9 7\na:2, 5 8:7\n", "3/9/7 a:2,=5=UID8-7", ODD},
        {"v3 line without V", A, "/3 9 7\na:2, 5 8\n", "3/9/7", LINE},
        {"v2 line with U8, new", N, "/2 9 7\na:2, 5 8:7:1\n", "2/9/7 a:2,=5=UID8-7!", ODD},
        {"text behind V, new", N, "/2 9 7\na:2, 5 8:7x\n", "2/9/7", LINE},
        {"text behind SIZE", A, "/2 9 7\na:2, 5x 8:7\n", "2/9/7", LINE},
        {"one blank", A, "/2 9 7\na:2, 8:7\n", "2/9/7", LINE},
        {"no blank", A, "/2 9 7\na:2,\n", "2/9/7", LINE},
        {"empty name", A, "/2 9 7\n 5 8:7\n", "2/9/7", LINE},
        {"empty size", A, "/2 9 7\na  8:7\n", "2/9/7", LINE},
        {"last line without LF", A, "/2 9 7\na:2, 5 8:7", "2/9/7", LINE},
        {"name with blanks at its end", A, "/2 9 7\na:2,  5 8:7\n", "2/9/7 a:2, =5=UID8-7", NONE},
        {"numbers that do not fit", A, "/2 -1 7\na:2, 5 99999999999999999999:-1\n",
         "2/18446744073709551615/7 "
         "a:2,=5=UID18446744073709551615-18446744073709551615",
         NONE},
        {"N = 0 with V", A, "/2 9 7\na:2, 5 0:7\n", "2/9/7 a:2,=5=a", NONE},
        {"repeated name", A, "/2 9 7\na:2, 5 8:7\na:2,S 5 6:7\n",
         "2/9/7 a:2,=5=UID8-7 a:2,S=5=UID6-7", MH_FINDING_COURIER_POP3_NAME_REPEATED},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        g_autofree char *shown =
            parse(rows[i].text, strlen(rows[i].text), (CourierEra)rows[i].era, findings);
        if (strcmp(shown, rows[i].expected) != 0)
            fail_msg("%s: '%s'", rows[i].name, shown);
        size_t due = rows[i].finding != NONE;
        if (mh_findings_kept(findings) != due ||
            (due && mh_findings_count(findings, rows[i].finding) != 1))
            fail_msg("%s: other findings", rows[i].name);
    }
}

static void
test_long_lines(void **state)
{
    (void)state;
    g_autoptr(GString) text = g_string_new("/2 9 7\n");
    for (int i = 0; i < 1000; i++)
        g_string_append_c(text, 'a');
    g_string_append(text, " 5 8:7\n");
    g_autofree char *shown = parse(text->str, text->len, COURIER_ERA_AUTO, NULL);
    assert_string_equal(shown, "2/9/7");
}

static void
test_prefixes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "/3 9 7\na:2, 5 8:7:0\nb c:2, 5 6:7:1\n",
        "/1 9\na:2, 5 8\n",
        "a 5\nb:2, 6\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        for (size_t len = 0; len <= strlen(texts[i]); len++) {
            for (int era = COURIER_ERA_AUTO; era <= COURIER_ERA_NEW; era++)
                g_free(parse(texts[i], len, (CourierEra)era, NULL));
        }
    }
}

static void
test_file_name_uidls(void **state)
{
    (void)state;
    static const struct {
        const char *name, *uidl;
    } rows[] = {
        {"a:2,S", "a"},         {"a b", "a+20b"},      {"a+b'c\"d", "a+2Bb+27c+22d"},
        {"\x01\x7f", "+01+7F"}, {"!~", "!~"},          {"\xc3\xa9:x", "+C3+A9"},
        {":2,S", ""},           {"a,S=3:2,", "a,S=3"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan name = testing_exact_copy(rows[i].name, strlen(rows[i].name));
        g_autofree char *uidl = courier_pop3_sizelist_uidl(&(CourierPop3Line){.name = name});
        g_free((void *)(uintptr_t)name.data);
        if (strcmp(uidl, rows[i].uidl) != 0)
            fail_msg("row %zu: '%s'", i, uidl);
    }
}

static void
test_find(void **state)
{
    (void)state;
    static const char text[] = "/2 9 7\n"
                               "one:2, 1 1:7\n"
                               "two 1 2:7\n"
                               "both:2, 1 3:7\n"
                               "both 1 4:7\n"
                               "twice:2,S 1 5:7\n"
                               "twice:2, 1 6:7\n";
    static const struct {
        const char *name;
        CourierPop3Match match;
        uint64_t number;
    } rows[] = {
        {"one:2,S", COURIER_POP3_MATCH, 1},   {"one", COURIER_POP3_MATCH_LOOSE, 1},
        {"two", COURIER_POP3_MATCH, 2},       {"two:2,S", COURIER_POP3_MATCH_LOOSE, 2},
        {"both:2,T", COURIER_POP3_MATCH, 3},  {"both", COURIER_POP3_MATCH, 4},
        {"twice:2,S", COURIER_POP3_MATCH, 6}, {"on", COURIER_POP3_NO_MATCH, 0},
        {"", COURIER_POP3_NO_MATCH, 0},       {":", COURIER_POP3_NO_MATCH, 0},
    };
    g_autoptr(CourierPop3Sizelist) list =
        courier_pop3_sizelist_parse(MH_SPAN_LITERAL(text), COURIER_ERA_AUTO, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const CourierPop3Line *line = NULL;
        CourierPop3Match match =
            courier_pop3_sizelist_find(list, mh_span_from_string(rows[i].name), &line);
        if (match != rows[i].match || (line != NULL ? line->number : 0) != rows[i].number)
            fail_msg("'%s'", rows[i].name);
    }
}

static void
test_round_trip(void **state)
{
    (void)state;
    static const char text[] = "/2 9 7\na b:2,S 5 8:7\nc:2, 18446744073709551615 3:0\nd 1 0:0\n";
    g_autoptr(CourierPop3Sizelist) list =
        courier_pop3_sizelist_parse(MH_SPAN_LITERAL(text), COURIER_ERA_AUTO, NULL);
    g_autoptr(GBytes) again = courier_pop3_sizelist_format(
        list->next, list->validity, (const CourierPop3Line *)(const void *)list->lines->data,
        list->lines->len, NULL);
    assert_true(mh_span_equal(mh_span_from_bytes(again), MH_SPAN_LITERAL(text)));

    CourierPop3Line bad = {.name = MH_SPAN_LITERAL("a\nb")};
    g_autoptr(GError) error = NULL;
    assert_null(courier_pop3_sizelist_format(1, 1, &bad, 1, &error));
    assert_true(g_error_matches(error, COURIER_ERROR, COURIER_ERROR_NAME));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),    cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_prefixes), cmocka_unit_test(test_file_name_uidls),
        cmocka_unit_test(test_find),     cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
