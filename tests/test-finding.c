#include "testing.h"

#include "finding.h"

#define ANY MH_FINDING_MBOX_BOUNDARY_DOUBTFUL

static int
setup(void **state)
{
    *state = mh_findings_new();
    return 0;
}

static int
teardown(void **state)
{
    mh_findings_free(*state);
    return 0;
}

/* The table: names as JSON shows them, sentences, weights. */
static void
test_table(void **state)
{
    (void)state;
    assert_string_equal(mh_finding_name(ANY), "mbox-boundary-doubtful");
    for (int i = 0; i < MH_FINDING_COUNT; i++) {
        MhFindingCode code = (MhFindingCode)i, found = MH_FINDING_COUNT;
        const char *name = mh_finding_name(code), *text = mh_finding_text(code);
        assert_true(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name));
        assert_true(mh_finding_from_name(name, &found));
        if (found != code)
            fail_msg("'%s' is there twice", name);
        if (strlen(text) == 0 || strlen(text) > 120 || g_str_has_suffix(text, ".") ||
            g_ascii_isspace(text[0]))
            fail_msg("%s: '%s'", name, text);
        assert_non_null(mh_weight_name(mh_finding_weight(code)));
    }
    MhFindingCode untouched = ANY;
    assert_false(mh_finding_from_name("no-such-finding", &untouched));
    assert_false(mh_finding_from_name("", &untouched));
    assert_false(mh_finding_from_name("MBOX_BOUNDARY_DOUBTFUL", &untouched));
    assert_int_equal(untouched, ANY);
    assert_string_equal(mh_weight_name(MH_WEIGHT_NOTE), "note");
    assert_string_equal(mh_weight_name(MH_WEIGHT_REPAIRED), "repaired");
    assert_string_equal(mh_weight_name(MH_WEIGHT_LOSS), "loss");
}

static void
test_records(void **state)
{
    MhFindings *findings = *state;
    mh_findings_add(findings, ANY, NULL);
    mh_findings_add(findings, ANY, "%s=%d", "x", 5);
    mh_findings_add_at(findings, ANY, UINT64_C(1) << 40, 7, "line %u", 3u);
    mh_findings_add_at(findings, ANY, 0, 0, NULL);
    assert_int_equal(mh_findings_kept(findings), 4);
    assert_null(mh_findings_get(findings, 0)->detail);
    assert_false(mh_findings_get(findings, 0)->has_offset);
    assert_string_equal(mh_findings_get(findings, 1)->detail, "x=5");
    const MhFinding *third = mh_findings_get(findings, 2);
    assert_true(third->has_offset && third->offset == UINT64_C(1) << 40);
    assert_int_equal(third->message, 7);
    assert_string_equal(third->detail, "line 3");
    assert_true(mh_findings_get(findings, 3)->has_offset);
    assert_int_equal(mh_findings_count(findings, ANY), 4);
    assert_int_equal(mh_findings_weigh(findings, mh_finding_weight(ANY)), 4);
    assert_int_equal(mh_findings_weigh(findings, MH_WEIGHT_LOSS), 0);
}

static void
test_many(void **state)
{
    MhFindings *findings = *state;
    for (int i = 0; i < 100000; i++)
        mh_findings_add_at(findings, ANY, 0, 1, "%d", i);
    assert_int_equal(mh_findings_count(findings, ANY), 100000);
    assert_int_equal(mh_findings_kept(findings), MH_FINDINGS_KEPT);
    g_autofree char *last = g_strdup_printf("%d", MH_FINDINGS_KEPT - 1);
    assert_string_equal(mh_findings_get(findings, MH_FINDINGS_KEPT - 1)->detail, last);
}

static void
test_merge(void **state)
{
    static const struct {
        const char *name;
        int first, second;
        size_t kept;
    } rows[] = {
        {"two empty ones", 0, 0, 0},   {"into an empty one", 0, 3, 3}, {"an empty one", 3, 0, 3},
        {"both fit", 20, 30, 50},      {"one too many", 20, 31, 50},   {"full already", 50, 10, 50},
        {"both overflow", 70, 80, 50},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MhFindings) first = mh_findings_new();
        g_autoptr(MhFindings) second = mh_findings_new();
        for (int n = 0; n < rows[i].first; n++)
            mh_findings_add(first, ANY, "first");
        for (int n = 0; n < rows[i].second; n++)
            mh_findings_add(second, ANY, "second");
        mh_findings_merge(first, second);
        uint64_t sum = (uint64_t)(rows[i].first + rows[i].second);
        if (mh_findings_count(first, ANY) != sum || mh_findings_kept(first) != rows[i].kept ||
            mh_findings_count(second, ANY) != (uint64_t)rows[i].second)
            fail_msg("%s", rows[i].name);
    }
}

static void
test_none(void **state)
{
    (void)state;
    mh_findings_add(NULL, ANY, "%d", 1);
    mh_findings_add_at(NULL, ANY, 1, 1, NULL);
    mh_findings_merge(NULL, NULL);
    mh_findings_free(NULL);
    assert_int_equal(mh_findings_count(NULL, ANY), 0);
    assert_int_equal(mh_findings_weigh(NULL, MH_WEIGHT_NOTE), 0);
    assert_int_equal(mh_findings_kept(NULL), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test_setup_teardown(test_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
