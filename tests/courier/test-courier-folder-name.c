#include "testing.h"

#include "courier-folder-name.h"

#define NONE MH_FINDING_COUNT

static void
test_guess(void **state)
{
    (void)state;
    static const struct {
        const char *paths[5];
        CourierNames names;
        MhFindingCode finding;
    } rows[] = {
        {{NULL}, COURIER_NAMES_ASCII, NONE},
        {{"a", "Sent Items.b"}, COURIER_NAMES_ASCII, NONE},
        {{"a", "\xc3\xa9t\xc3\xa9"}, COURIER_NAMES_UTF8, NONE},
        {{"a", "&AOk-t&AOk-"}, COURIER_NAMES_MUTF7, NONE},
        {{"&AOk-", "\xc3\xa9"}, COURIER_NAMES_MIXED, MH_FINDING_COURIER_FOLDERS_MIXED},
        {{"R&D"}, COURIER_NAMES_UTF8, NONE},
        {{"R&-D"}, COURIER_NAMES_MUTF7, MH_FINDING_COURIER_FOLDERS_AMBIGUOUS},
        {{"R&-D", "\xc3\xa9"}, COURIER_NAMES_UTF8, NONE},
        {{"R&-D", "R&D"}, COURIER_NAMES_UTF8, NONE},
        {{"R&D", "&AOk-"}, COURIER_NAMES_MUTF7, NONE},
        {{"v1&AC4-2"}, COURIER_NAMES_MUTF7, NONE},
        {{"\xe9t\xe9"}, COURIER_NAMES_ASCII, NONE},
        {{"\xe9t\xe9", "&AOk-"}, COURIER_NAMES_MUTF7, NONE},
        {{"&AOk"}, COURIER_NAMES_UTF8, NONE},
        {{"&2D3-"}, COURIER_NAMES_UTF8, NONE},
        {{"a&AOk-\xc3\xa9"}, COURIER_NAMES_UTF8, NONE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        MhSpan paths[5];
        size_t count = 0;
        for (; count < 5 && rows[i].paths[count] != NULL; count++)
            paths[count] = mh_span_from_string(rows[i].paths[count]);
        CourierNames names = courier_folder_names_guess(paths, count, findings);
        size_t due = rows[i].finding != NONE;
        if (names != rows[i].names || mh_findings_kept(findings) != due ||
            (due && mh_findings_count(findings, rows[i].finding) != 1))
            fail_msg("row %zu: %d", i, (int)names);
    }
}

static void
test_valid(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "a.b", "INBOX", "cur", " ", "\n", "a b.\xff", ":~#&"};
    static const char *const bad[] = {"", ".", "..", ".a", "a.", "a..b", "a/b"};
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        if (!courier_folder_path_valid(mh_span_from_string(good[i])))
            fail_msg("'%s' is refused", good[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        if (courier_folder_path_valid(mh_span_from_string(bad[i])))
            fail_msg("'%s' is accepted", bad[i]);
    }
    assert_false(courier_folder_path_valid(MH_SPAN_LITERAL("a\0b")));
}

static void
test_components(void **state)
{
    (void)state;
    enum { A = COURIER_NAMES_ASCII, U = COURIER_NAMES_UTF8 };
    enum { M = COURIER_NAMES_MUTF7, X = COURIER_NAMES_MIXED };
    static const struct {
        const char *path;
        int names;
        const char *expected; /* components joined with '|' */
        MhFindingCode finding;
    } rows[] = {
        {"a.b c", A, "a|b c", NONE},
        {"a", M, "a", NONE},
        {"&AOk-t&AOk-.x", M, "\xc3\xa9t\xc3\xa9|x", NONE},
        {"&AOk-.x", U, "&AOk-|x", NONE},
        {"&AOk-.x", X, "&AOk-|x", NONE},
        {"\xc3\xa9.R&D", U, "\xc3\xa9|R&D", NONE},
        {"R&-D", M, "R&D", NONE},
        {"R&-D", U, "R&-D", NONE},
        {"R&D", M, "R&D", MH_FINDING_COURIER_FOLDER_LITERAL},
        {"R&D.&AOk-", M, "R&D|\xc3\xa9", MH_FINDING_COURIER_FOLDER_LITERAL},
        {"&2D3eAA-", M, "\xf0\x9f\x98\x80", NONE},
        {"&2D3-", M, "&2D3-", MH_FINDING_COURIER_FOLDER_LITERAL},
        {"&AAA-", M, "&AAA-", MH_FINDING_COURIER_FOLDER_LITERAL},
        {"&AGEA6Q-", M, "a\xc3\xa9", MH_FINDING_COURIER_FOLDER_ODD_MUTF7},
        {"&AOk-&AOk-", M, "\xc3\xa9\xc3\xa9", MH_FINDING_COURIER_FOLDER_ODD_MUTF7},
        {"a\tb", M, "a\tb", NONE},
        {"\xc3\xa9", M, "\xc3\xa9", NONE},
        {"\xe9t\xe9", M, "\xc3\xa9t\xc3\xa9", MH_FINDING_COURIER_FOLDER_LATIN1},
        {"\xe9t\xe9", U, "\xc3\xa9t\xc3\xa9", MH_FINDING_COURIER_FOLDER_LATIN1},
        {"v1\\0562", U, "v1\\0562", MH_FINDING_COURIER_FOLDER_OCTAL},
        {"v1\\92", U, "v1\\92", NONE},
        {"v1\\05", U, "v1\\05", NONE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        MhSpan path = testing_exact_copy(rows[i].path, strlen(rows[i].path));
        char **components = courier_folder_components(path, (CourierNames)rows[i].names, findings);
        g_autofree char *joined = g_strjoinv("|", components);
        g_strfreev(components);
        g_free((void *)(uintptr_t)path.data);
        size_t due = rows[i].finding != NONE;
        if (strcmp(joined, rows[i].expected) != 0 || mh_findings_kept(findings) != due ||
            (due && mh_findings_count(findings, rows[i].finding) != 1))
            fail_msg("row %zu: '%s'", i, joined);
    }
}

/* "&AC4-" is a dot within a component, "&AC8-" a slash: the target must escape them. */
static void
test_separators_within(void **state)
{
    (void)state;
    g_autoptr(MhFindings) findings = mh_findings_new();
    g_auto(GStrv) components = courier_folder_components(MH_SPAN_LITERAL("v1&AC4-2.a&AC8-b"),
                                                         COURIER_NAMES_MUTF7, findings);
    assert_int_equal(g_strv_length(components), 2);
    assert_string_equal(components[0], "v1.2");
    assert_string_equal(components[1], "a/b");
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_FOLDER_SPLIT), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guess),
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_components),
        cmocka_unit_test(test_separators_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
