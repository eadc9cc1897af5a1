#include "testing.h"

#include "courier-error.h"
#include "courier-uiddb.h"

/* Parses an exact copy of @text and shows what was understood: "V/N uid=name uid=name". */
static char *
parse(const char *text, size_t len, bool unended, MhFindings *findings)
{
    MhSpan copy = testing_exact_copy(text, len);
    g_autoptr(GError) error = NULL;
    g_autoptr(CourierUiddb) list = courier_uiddb_parse(copy, unended, findings, &error);
    GString *shown = g_string_new(NULL);
    if (list == NULL) {
        g_assert_true(g_error_matches(error, COURIER_ERROR, COURIER_ERROR_LIST));
        g_string_append(shown, "lost");
    } else {
        MhUidState uids = courier_uiddb_state(list);
        g_string_append_printf(shown, "%u/%u", uids.uidvalidity, uids.uidnext);
    }
    for (size_t i = 0; list != NULL && i < courier_uiddb_length(list); i++) {
        CourierUiddbLine line = courier_uiddb_get(list, i);
        g_string_append_printf(shown, " %u=%.*s", line.uid, (int)line.name.len,
                               (const char *)line.name.data);
    }
    g_free((void *)(uintptr_t)copy.data);
    return g_string_free(shown, FALSE);
}

#define NONE MH_FINDING_COUNT

static void
test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *expected;
        MhFindingCode finding;
    } rows[] = {
        {"plain", "1 500 8\n3 a\n7 b\n", "500/8 3=a 7=b", NONE},
        {"empty list", "1 500 1\n", "500/1", NONE},
        {"empty file", "", "lost", NONE},
        {"two numbers", "1 500\n3 a\n", "lost", NONE},
        {"version 2", "2 500 8\n3 a\n", "lost", NONE},
        {"header without LF", "1 500 8", "lost", NONE},
        {"junk between numbers", "1 500x 8\n", "lost", NONE},
        {"tabs and blanks in the header", " 1\t500   8\n", "500/8", NONE},
        {"text behind the header", "1 500 8 more\n", "500/8", MH_FINDING_COURIER_UIDDB_ODD},
        {"CR behind the header", "1 500 8\r\n", "500/8", MH_FINDING_COURIER_UIDDB_ODD},
        {"any order", "1 500 9\n7 b\n3 a\n", "500/9 7=b 3=a", NONE},
        {"number with text", "1 500 9\n8x name\n", "500/9 8=name", MH_FINDING_COURIER_UIDDB_ODD},
        {"no blank", "1 500 9\n8\n", "500/9", MH_FINDING_COURIER_UIDDB_LINE},
        {"no number", "1 500 9\nx a\n", "500/9", MH_FINDING_COURIER_UIDDB_LINE},
        {"leading blank", "1 500 9\n 8 a\n", "500/9", MH_FINDING_COURIER_UIDDB_LINE},
        {"blanks belong to names", "1 500 9\n8  a b \n", "500/9 8= a b ", NONE},
        {"CR belongs to the name", "1 500 9\n8 a\r\n", "500/9 8=a\r", MH_FINDING_COURIER_UIDDB_ODD},
        {"UID 0", "1 500 9\n0 a\n", "500/9", MH_FINDING_COURIER_UID_INVALID},
        {"largest UID", "1 500 4294967295\n4294967294 a\n", "500/4294967295 4294967294=a", NONE},
        {"UID above", "1 500 9\n4294967295 a\n", "500/9", MH_FINDING_COURIER_UID_INVALID},
        {"UID -1", "1 500 9\n-1 a\n", "500/9", MH_FINDING_COURIER_UID_INVALID},
        {"UID that would wrap", "1 500 9\n4294967297 a\n", "500/9", MH_FINDING_COURIER_UID_INVALID},
        {"NEXTUID equals a UID", "1 500 7\n7 a\n", "500/8 7=a", MH_FINDING_COURIER_UIDNEXT_INVALID},
        {"NEXTUID 0", "1 500 0\n", "500/1", MH_FINDING_COURIER_UIDNEXT_INVALID},
        {"NEXTUID too large", "1 500 4294967296\n7 a\n", "500/8 7=a",
         MH_FINDING_COURIER_UIDNEXT_INVALID},
        {"UIDVALIDITY 0", "1 0 9\n8 a\n", "0/9 8=a", MH_FINDING_COURIER_UIDVALIDITY_INVALID},
        {"largest UIDVALIDITY", "1 4294967295 9\n8 a\n", "4294967295/9 8=a", NONE},
        {"UIDVALIDITY too large", "1 4294967296 9\n8 a\n", "0/9 8=a",
         MH_FINDING_COURIER_UIDVALIDITY_INVALID},
        {"repeated name", "1 500 9\n7 a\n8 a:2,S\n", "500/9 7=a 8=a:2,S",
         MH_FINDING_COURIER_UIDDB_NAME_REPEATED},
        {"unended", "1 500 9\n7 a\n8 b", "500/9 7=a", MH_FINDING_COURIER_UIDDB_UNENDED},
        {"empty lines", "1 500 9\n\n7 a\n", "500/9 7=a", MH_FINDING_COURIER_UIDDB_LINE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        g_autofree char *shown = parse(rows[i].text, strlen(rows[i].text), false, findings);
        if (strcmp(shown, rows[i].expected) != 0)
            fail_msg("%s: '%s'", rows[i].name, shown);
        size_t due = rows[i].finding != NONE;
        if (mh_findings_kept(findings) != due ||
            (due && mh_findings_count(findings, rows[i].finding) != 1))
            fail_msg("%s: other findings", rows[i].name);
    }
}

static void
test_unended_counts_when_told(void **state)
{
    (void)state;
    g_autofree char *shown = parse("1 500 9\n8 b", 11, true, NULL);
    assert_string_equal(shown, "500/9 8=b");
}

static void
test_prefixes(void **state)
{
    (void)state;
    static const char text[] = "1 500 12\n3 1.M1P1.mx,S=3\n8x 2.a b\n0 c\n11 3.d\n";
    for (size_t len = 0; len < sizeof text; len++)
        g_free(parse(text, len, len % 2 == 0, NULL));
}

/* Files are given as "c:NAME" or "n:NAME" for cur/ and new/; the answer is "UID*NAME ...", the star
 * for listed ones. */
static char *
assign(const char *text, const char *const *names, MhFindings *findings)
{
    g_autoptr(CourierUiddb) list = NULL;
    CourierUiddbFile files[16] = {0};
    size_t count = 0;
    MhUidState uids;
    if (text != NULL)
        list = courier_uiddb_parse(mh_span_from_string(text), false, NULL, NULL);
    for (; names[count] != NULL; count++)
        files[count] = (CourierUiddbFile){
            .name = mh_span_from_string(names[count] + 2),
            .is_new = names[count][0] == 'n',
            .tag = (uint32_t)count,
        };
    courier_uiddb_assign(list, files, count, &uids, findings);
    GString *shown = g_string_new(NULL);
    g_string_append_printf(shown, "%u/%u", uids.uidvalidity, uids.uidnext);
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(shown, " %u%s%s", files[i].uid, files[i].listed ? "*" : "-",
                               names[files[i].tag] + 2);
    return g_string_free(shown, FALSE);
}

static void
test_assign(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *files[8], *expected;
        MhFindingCode finding;
    } rows[] = {
        {"listed, by UID",
         "1 500 9\n7 a\n3 b\n",
         {"c:a:2,", "c:b:2,S"},
         "500/9 3*b:2,S 7*a:2,",
         NONE},
        {"line names info", "1 500 9\n7 a:2,S\n", {"c:a:2,"}, "500/9 7*a:2,", NONE},
        {"no info on either", "1 500 9\n7 a\n", {"c:a"}, "500/9 7*a", NONE},
        {"colon within", "1 500 9\n7 a:b\n", {"c:a:b:2,"}, "500/9 7*a:b:2,", NONE},
        {"number equal, bytes not", "1 500 9\n7 01\n", {"c:1:2,"}, "500/10 9-1:2,", NONE},
        {"CR does not match", "1 500 9\n7 a\r\n", {"c:a:2,"}, "500/10 9-a:2,", NONE},
        {"unlisted in sort order, cur and new together",
         "1 500 9\n7 50.z\n",
         {"c:50.z:2,", "c:M1:2,", "n:10.b", "c:9.c:2,", "n:9.a"},
         "500/13 7*50.z:2, 9-M1:2, 10-9.a 11-9.c:2, 12-10.b",
         NONE},
        {"listed name in new",
         "1 500 9\n7 a\n",
         {"n:a"},
         "500/10 9-a",
         MH_FINDING_COURIER_LISTED_IN_NEW},
        {"listed in cur, and in new too",
         "1 500 9\n7 a\n",
         {"n:a", "c:a:2,S"},
         "500/10 7*a:2,S 9-a",
         MH_FINDING_COURIER_LISTED_IN_NEW},
        {"two files, one line",
         "1 500 9\n7 a\n",
         {"c:a:2,S", "c:a:2,"},
         "500/10 7*a:2,S 9-a:2,",
         MH_FINDING_COURIER_FILE_TWICE},
        {"two files, no line", "1 500 9\n", {"c:a:2,S", "c:a:2,"}, "500/11 9-a:2, 10-a:2,S", NONE},
        {"first of two lines", "1 500 9\n7 a\n8 a\n", {"c:a:2,"}, "500/9 7*a:2,", NONE},
        {"and of two that descend", "1 500 9\n8 a\n7 a\n", {"c:a:2,"}, "500/9 8*a:2,", NONE},
        {"middle one of three", "1 500 9\n6 a\n7 a\n8 a\n", {"c:a:2,"}, "500/9 7*a:2,", NONE},
        {"second of four", "1 500 9\n5 a\n6 a\n7 a\n8 a\n", {"c:a:2,"}, "500/9 6*a:2,", NONE},
        {"first of two before a name",
         "1 500 9\n6 a\n7 a\n8 b\n",
         {"c:a:2,"},
         "500/9 6*a:2,",
         NONE},
        {"last of two behind names",
         "1 500 9\n4 Y\n5 Z\n6 a\n7 a\n",
         {"c:a:2,", "c:Z:2,"},
         "500/9 5*Z:2, 7*a:2,",
         NONE},
        {"one of two is UID 0", "1 500 9\n0 a\n8 a\n", {"c:a:2,"}, "500/10 9-a:2,", NONE},
        {"the other is UID 0", "1 500 9\n8 a\n0 a\n", {"c:a:2,"}, "500/9 8*a:2,", NONE},
        {"two lines, in new",
         "1 500 9\n7 a\n8 a\n",
         {"n:a"},
         "500/10 9-a",
         MH_FINDING_COURIER_LISTED_IN_NEW},
        {"two lines, the last unended", "1 500 9\n7 a\n8 a\n6 a", {"c:a:2,"}, "500/9 7*a:2,", NONE},
        {"UID twice",
         "1 500 9\n7 b\n7 a\n",
         {"c:a:2,", "c:b:2,"},
         "500/10 7*a:2, 9-b:2,",
         MH_FINDING_COURIER_UID_REPEATED},
        {"UID twice, one file gone", "1 500 9\n7 gone\n7 a\n", {"c:a:2,"}, "500/9 7*a:2,", NONE},
        {"UID 0 is unlisted", "1 500 9\n0 a\n", {"c:a:2,"}, "500/10 9-a:2,", NONE},
        {"NEXTUID too low", "1 500 2\n7 a\n", {"c:a:2,", "n:b"}, "500/9 7*a:2, 8-b", NONE},
        {"no UIDs left",
         "1 500 4294967294\n",
         {"c:a", "c:b"},
         "500/4294967295 4294967294-a 0-b",
         MH_FINDING_COURIER_UIDS_EXHAUSTED},
        {"no list", NULL, {"c:2.b", "n:1.a"}, "0/0 0-1.a 0-2.b", NONE},
        {"no UIDVALIDITY: order only", "1 0 9\n7 a\n3 b\n", {"c:a", "c:b"}, "0/0 0*b 0*a", NONE},
        {"nothing", "1 500 9\n7 a\n", {NULL}, "500/9", NONE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        g_autofree char *shown = assign(rows[i].text, rows[i].files, findings);
        if (strcmp(shown, rows[i].expected) != 0)
            fail_msg("%s: '%s'", rows[i].name, shown);
        size_t due = rows[i].finding != NONE;
        if (mh_findings_kept(findings) != due ||
            (due && mh_findings_count(findings, rows[i].finding) != 1))
            fail_msg("%s: other findings", rows[i].name);
    }
}

static void
test_round_trip(void **state)
{
    (void)state;
    const CourierUiddbLine lines[] = {
        {.uid = 1, .name = MH_SPAN_LITERAL("1.M1P1.mx,S=3")},
        {.uid = 4294967294, .name = MH_SPAN_LITERAL(" \xff b\r")},
    };
    MhUidState uids = {.uidvalidity = UINT32_MAX, .uidnext = UINT32_MAX};
    g_autoptr(GBytes) text = courier_uiddb_format(uids, lines, 2, NULL);
    static const char expected[] = "1 4294967295 4294967295\n1 1.M1P1.mx,S=3\n"
                                   "4294967294  \xff b\r\n";
    assert_true(mh_span_equal(mh_span_from_bytes(text), MH_SPAN_LITERAL(expected)));
    g_autoptr(CourierUiddb) list = courier_uiddb_parse(mh_span_from_bytes(text), false, NULL, NULL);
    assert_int_equal(courier_uiddb_length(list), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(courier_uiddb_get(list, i).uid == lines[i].uid);
        assert_true(mh_span_equal(courier_uiddb_get(list, i).name, lines[i].name));
    }
}

static void
test_names_that_cannot_be_written(void **state)
{
    (void)state;
    static const MhSpan bad[] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"a\nb", 3},
        {(const uint8_t *)"a:2,", 4},
        {(const uint8_t *)"a\0b", 3},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        CourierUiddbLine line = {.uid = 1, .name = bad[i]};
        MhUidState uids = {.uidvalidity = 5, .uidnext = 2};
        g_autoptr(GError) error = NULL;
        if (courier_uiddb_format(uids, &line, 1, &error) != NULL ||
            !g_error_matches(error, COURIER_ERROR, COURIER_ERROR_NAME))
            fail_msg("row %zu", i);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),      cmocka_unit_test(test_unended_counts_when_told),
        cmocka_unit_test(test_prefixes),   cmocka_unit_test(test_assign),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_names_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
