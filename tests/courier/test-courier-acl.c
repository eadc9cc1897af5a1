#include "testing.h"

#include "courier-acl.h"
#include "courier-error.h"

static GArray *
parse(const char *text, size_t len, MhFindings *findings)
{
    MhSpan copy = testing_exact_copy(text, len);
    GArray *list = courier_acl_parse(copy, findings);
    g_free((void *)(uintptr_t)copy.data);
    return list;
}

/* What the list would be written as says all about it. */
static void
test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *expected;
        size_t lines, rights;
    } rows[] = {
        {"empty", "", "", 0, 0},
        {"default", "owner aceilrstwx\nadministrators aceilrstwx\n",
         "owner aceilrstwx\nadministrators aceilrstwx\n", 0, 0},
        {"all kinds", "owner a\nanyone l\nuser=joe r\ngroup=staff s\nbob w\n-user=joe x\n",
         "owner a\nanyone l\nuser=joe r\ngroup=staff s\nbob w\n-user=joe x\n", 0, 0},
        {"synonyms", "anonymous l\ngroup=administrators a\n", "anyone l\nadministrators a\n", 0, 0},
        {"sorted, all letters", "owner xwtsrpliecax\n", "owner aceilprstwx\n", 0, 0},
        {"no rights", "user=joe\nanyone \n", "user=joe \nanyone \n", 0, 0},
        {"several blanks, CR", "anyone   lr \r\n", "anyone lr\n", 0, 0},
        {"last line wins", "anyone l\nowner a\nanyone r\n", "anyone r\nowner a\n", 0, 0},
        {"last line wins, by a synonym", "anyone l\nanonymous r\n", "anyone r\n", 0, 0},
        {"negative is another", "anyone lr\n-anyone r\n", "anyone lr\n-anyone r\n", 0, 0},
        {"ignored lines", "\n lr\n- lr\nus\x01 lr\na\tb lr\n", "", 5, 0},
        {"unknown letters", "anyone ld9\xff\n", "anyone l\n", 0, 3},
        {"no LF at the end", "anyone l", "anyone l\n", 0, 0},
        {"8-bit name", "user=\xc3\xa9 l\n", "user=\xc3\xa9 l\n", 0, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        g_autoptr(GArray) list = parse(rows[i].text, strlen(rows[i].text), findings);
        g_autoptr(GBytes) bytes = courier_acl_format(list, NULL);
        g_autofree char *shown = mh_span_dup(mh_span_from_bytes(bytes));
        if (strcmp(shown, rows[i].expected) != 0 ||
            mh_findings_count(findings, MH_FINDING_COURIER_ACL_LINE) != rows[i].lines ||
            mh_findings_count(findings, MH_FINDING_COURIER_ACL_RIGHT) != rows[i].rights)
            fail_msg("%s: '%s'", rows[i].name, shown);
    }
}

static void
test_neutral_rights(void **state)
{
    (void)state;
    g_autoptr(GArray) list = parse("-group=a=b cet\n", 15, NULL);
    const MhAccessEntry *entry = mh_access_list_get(list, 0);
    assert_int_equal(entry->kind, MH_ACCESS_GROUP);
    assert_string_equal(entry->name, "a=b");
    assert_true(entry->negative);
    assert_int_equal(entry->rights, MH_RIGHT_CREATE | MH_RIGHT_EXPUNGE | MH_RIGHT_DELETE_MESSAGE);
}

static void
test_default(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_default;
    } rows[] = {
        {"owner aceilrstwx\nadministrators aceilrstwx\n", true},
        {"owner aceilrstwx\n", true},
        {"group=administrators aceilrstwx\nowner xwtsrlieca\n", true},
        {"", false},
        {"administrators aceilrstwx\n", false},
        {"owner aceilrstw\n", false},
        {"owner aceilprstwx\n", false},
        {"owner aceilrstwx\nanyone l\n", false},
        {"owner aceilrstwx\n-owner aceilrstwx\n", false},
        {"owner aceilrstwx\ngroup=staff aceilrstwx\n", false},
        {"owner aceilrstwx\nuser=administrators aceilrstwx\n", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GArray) list = parse(rows[i].text, strlen(rows[i].text), NULL);
        if (courier_acl_is_default(list) != rows[i].is_default)
            fail_msg("row %zu: '%s'", i, rows[i].text);
    }
}

static void
test_prefixes(void **state)
{
    (void)state;
    static const char text[] = "owner aceilrstwx\n-user=joe lr\nanyone\n\nx y z\n";
    for (size_t len = 0; len < sizeof text; len++)
        g_array_unref(parse(text, len, NULL));
}

static void
test_what_cannot_be_written(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a b", "a\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GArray) list = mh_access_list_new();
        MhAccessEntry entry = {.kind = MH_ACCESS_USER, .name = g_strdup(bad[i])};
        g_array_append_val(list, entry);
        g_autoptr(GError) error = NULL;
        if (courier_acl_format(list, &error) != NULL ||
            !g_error_matches(error, COURIER_ERROR, COURIER_ERROR_NAME))
            fail_msg("'%s' was written", bad[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_neutral_rights),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_what_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
