#include "quota.h"

#include "testing.h"

static void
test_left(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        MhQuotaCounts counts;
        uint64_t bytes, files;
    } rows[] = {
        {"no limit", {.used_bytes = 5, .used_files = 5}, UINT64_MAX, UINT64_MAX},
        {"hard", {.hard_kib = 1, .hard_files = 3, .used_bytes = 24, .used_files = 1}, 1000, 2},
        {"soft", {.soft_kib = 1, .soft_files = 3}, 1024, 3},
        {"the lower one",
         {.hard_kib = 2, .soft_kib = 1, .hard_files = 9, .soft_files = 4},
         1024,
         4},
        {"soft above hard", {.hard_kib = 1, .soft_kib = 2}, 1024, UINT64_MAX},
        {"used up", {.hard_kib = 1, .hard_files = 1, .used_bytes = 1024, .used_files = 1}, 0, 0},
        {"past it", {.hard_kib = 1, .hard_files = 1, .used_bytes = 9999, .used_files = 9}, 0, 0},
        {"no end", {.hard_kib = UINT64_MAX, .hard_files = UINT64_MAX}, UINT64_MAX, UINT64_MAX},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhQuotaLeft left = mh_quota_left(&rows[i].counts);
        if (left.free_bytes != rows[i].bytes || left.free_files != rows[i].files)
            fail_msg("%s: %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT, rows[i].name,
                     (guint64)left.free_bytes, (guint64)left.free_files);
    }
}

/* Where nothing can be read there is no quota, and no error. */
static void
test_none_there(void **state)
{
    (void)state;
    MhQuotaCounts counts;
    uint32_t project;
    for (int kind = 0; kind < MH_QUOTA_KINDS; kind++) {
        assert_false(mh_quota_read("/nowhere/at/all", (MhQuotaKind)kind, 1, &counts));
        assert_false(mh_quota_read("/proc", (MhQuotaKind)kind, 1, &counts));
    }
    assert_false(mh_quota_project("/nowhere/at/all", &project));
    assert_false(mh_quota_project("/proc", &project));
    assert_string_equal(mh_quota_kind_name(MH_QUOTA_PROJECT), "project");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_left),
        cmocka_unit_test(test_none_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
