#include "target-limits.h"

#include "testing.h"

static const MhFileSystem small = {.name = "small", .subdirectories = 10, .entries = 100};
static const MhFileSystem large = {.name = "large"};

static void
collect(const char *text, void *user)
{
    g_string_append_printf(user, "%s\n", text);
}

static void
test_quota_of_each(void **state)
{
    (void)state;
    GString *said = g_string_new(NULL);
    MhTargetLimits *limits = mh_target_limits_new();
    MhTargetLook look = {.limited = {true, true},
                         .quotas = {{.hard_kib = 3}, {.hard_kib = 100, .hard_files = 5}}};
    MhTargetNeed need = {.user = "ann",
                         .path = "/nowhere/ann",
                         .place = "/",
                         .kind = &large,
                         .uid = 3,
                         .gid = 100,
                         .bytes = 4096,
                         .files = 3,
                         .look = &look};
    mh_target_limits_add(limits, &need);
    need.user = "bob";
    need.uid = 4; /* with room for just that */
    look.quotas[MH_QUOTA_USER].hard_kib = 4;
    mh_target_limits_add(limits, &need);
    need.device++; /* another file system has quotas of its own */
    mh_target_limits_add(limits, &need);
    mh_target_limits_quotas(limits, collect, said);
    mh_target_limits_free(limits);
    assert_string_equal(said->str, "/: 4.1\302\240kB needed by ann, 3.1\302\240kB left to user 3\n"
                                   "/: 6 files needed by 2 accounts, 5 left to group 100\n");
    g_string_free(said, TRUE);
}

typedef struct {
    const char *name;
    const MhFileSystem *kind;
    int accounts;
    uint64_t folders, most;
    const char *said; /* with the directory's name left out */
} Row;

static char *
limits_of(const Row *row)
{
    MhTargetLook look = {.beside = 2};
    GString *said = g_string_new(NULL);
    MhTargetLimits *limits = mh_target_limits_new();
    for (int i = 0; i < row->accounts; i++) {
        g_autofree char *path = g_strdup_printf("/nowhere/user%d", i);
        MhTargetNeed need = {.user = "ann",
                             .path = path,
                             .place = "/",
                             .kind = row->kind,
                             .folders = row->folders,
                             .most_entries = row->most,
                             .most_entries_in = ".Sent",
                             .look = &look};
        mh_target_limits_add(limits, &need);
    }
    mh_target_limits_directories(limits, collect, said);
    mh_target_limits_free(limits);
    g_string_replace(said, "/nowhere", "", 0);
    return g_string_free(said, FALSE);
}

/* With two subdirectories there before, eight more are as many as there may be. */
static void
test_directories(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"few", &small, 8, 1, 100, ""},
        {"one account too many", &small, 9, 0, 0,
         ": 11 subdirectories, and small has room for 10\n"},
        {"as many folders as may be", &small, 1, 7, 0, ""},
        {"one folder too many", &small, 1, 8, 0,
         "/user0: 11 subdirectories, and small has room for 10\n"},
        {"one message too many", &small, 1, 0, 101,
         "/user0/.Sent/cur: 101 entries, and small has room for 100\n"},
        {"no limit", &large, 20, 1000, 1000, ""},
    };
    bool counted = true;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *said = limits_of(&rows[i]);
        counted = counted && strcmp(said, rows[i].said) == 0;
        if (!counted)
            print_message("%s: %s", rows[i].name, said);
    }
    assert_true(counted);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quota_of_each),
        cmocka_unit_test(test_directories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
