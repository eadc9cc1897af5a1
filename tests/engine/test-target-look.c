#include "target-look.h"

#include "testing.h"

#include <glib/gstdio.h>

static bool
of_groups(const char *path, MhQuotaKind kind, uint32_t id, MhQuotaCounts *out_counts)
{
    (void)path;
    *out_counts = (MhQuotaCounts){.hard_kib = id};
    return kind == MH_QUOTA_GROUP;
}

typedef struct {
    const char *name, *path; /* below the directory */
    const char *existing;    /* the same */
    bool whole, fits;
    uint64_t subdirectories, beside;
} Row;

static bool
is_as_told(const Row *row, const char *dir, bool counted)
{
    MhTargetLook look;
    g_autofree char *path = g_strconcat(dir, row->path, NULL);
    g_autofree char *existing = g_strconcat(dir, row->existing, NULL);
    MhTargetPlace place = {path, dir, 3, 100, of_groups};
    return mh_target_look(&place, &look) && strcmp(look.existing, existing) == 0 &&
           look.whole == row->whole && look.fits == row->fits && look.same_device &&
           look.subdirectories == (counted ? row->subdirectories : 0) &&
           look.beside == (counted ? row->beside : 0) && look.top[0] == '/' &&
           look.kind->name != NULL && look.free_bytes > 0 && !look.limited[MH_QUOTA_USER] &&
           look.limited[MH_QUOTA_GROUP] && look.quotas[MH_QUOTA_GROUP].hard_kib == 100;
}

/* Not every file system counts the links of directories. */
static bool
counts_links(const char *dir)
{
    struct stat st;
    return stat(dir, &st) == 0 && st.st_nlink > 2;
}

static void
test_places(void **state)
{
    static const Row rows[] = {
        {"a Maildir", "/a", "/a", true, true, 2, 2},
        {"an empty directory", "/b", "/b", true, true, 0, 2},
        {"what is neither", "/a/n", "/a/n", true, false, 1, 2},
        {"nothing yet", "/c", "", false, false, 0, 2},
        {"not even above it", "/c/d/e", "", false, false, 0, 0},
    };
    (void)state;
    g_autofree char *dir = g_dir_make_tmp("test-target-look-XXXXXX", NULL);
    g_autofree char *a = g_build_filename(dir, "a", NULL), *b = g_build_filename(dir, "b", NULL);
    g_autofree char *cur = g_build_filename(a, "cur", NULL);
    g_autofree char *neither = g_build_filename(a, "n", "m", NULL);
    g_mkdir_with_parents(cur, 0700);
    g_mkdir_with_parents(neither, 0700);
    g_mkdir(b, 0700);
    bool counted = counts_links(dir), good = true;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!is_as_told(&rows[i], dir, counted)) {
            print_message("%s\n", rows[i].name);
            good = false;
        }
    }
    g_rmdir(neither);
    for (const char *const *name = (const char *const[]){"a/n", "a/cur", "a", "b", "", NULL};
         *name != NULL; name++) {
        g_autofree char *path = g_build_filename(dir, *name, NULL);
        g_rmdir(path);
    }
    assert_true(good);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
