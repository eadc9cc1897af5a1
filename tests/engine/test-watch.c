/* What counts as unchanged, and what never does. */
#include "testing.h"
#include "watch.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLE_US 250000 /* longer than a stamp is too young */

typedef struct {
    char *root;
} Site;

static void
put(const Site *site, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(site->root, name, NULL);
    assert_true(g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
in_place(const Site *site, const char *command)
{
    g_autofree char *line = g_strdup_printf("cd '%s' && %s", site->root, command);
    assert_int_equal(system(line), 0);
}

static int
set_up(void **state)
{
    Site *site = g_new0(Site, 1);
    site->root = g_dir_make_tmp("watch-XXXXXX", NULL);
    in_place(site, "mkdir -p dir/below && ln -s a dir/link && mkfifo fifo");
    put(site, "dir/a", "one");
    put(site, "dir/b", "two");
    *state = site;
    return 0;
}

static int
tear_down(void **state)
{
    Site *site = *state;
    int result = testing_remove_tree(site->root);
    g_free(site->root);
    g_free(site);
    return result;
}

/* As a survey would: two files, what is not there, and the directory with its names. */
static MhWatch *
watch(const Site *site)
{
    struct stat st;
    MhWatch *watch = mh_watch_new();
    int fd = mh_open_root(site->root, NULL);
    int dirfd = mh_open_dir(fd, "dir", NULL);
    g_autoptr(GPtrArray) names = mh_list_dir(dirfd, NULL);
    assert_int_equal(fstat(dirfd, &st), 0);
    MhStamp stamp = mh_stamp_of(&st);
    mh_watch_add_dir(watch, site->root, "dir", &stamp, names);
    mh_watch_look(watch, site->root, "dir/a");
    mh_watch_look(watch, site->root, "dir/b");
    mh_watch_look(watch, site->root, "dir/none");
    mh_watch_look(watch, site->root, "gone/too");
    assert_true(mh_stat(fd, "dir/link", MH_LINKS_BENEATH, &st, NULL));
    stamp = mh_stamp_of(&st);
    mh_watch_add(watch, site->root, "dir/link", true, &stamp);
    close(dirfd);
    close(fd);
    return watch;
}

/* The same through the stored form, which is what the next run has. */
static MhWatch *
stored(const MhWatch *watch)
{
    g_autoptr(GVariant) variant = g_variant_ref_sink(mh_watch_to_variant(watch));
    MhWatch *copy = mh_watch_from_variant(variant);
    assert_non_null(copy);
    assert_int_equal(mh_watch_length(copy), mh_watch_length(watch));
    return copy;
}

static const struct {
    const char *name, *command;
    bool holds;
} changes[] = {
    {"nothing", "true", true},
    {"read", "cat dir/a >/dev/null; ls dir >/dev/null", true},
    {"appended", "echo x >>dir/a", false},
    {"same size", "printf ONE >dir/a", false},
    {"time set back", "touch -r dir/b t && printf ONE >dir/a && touch -r t dir/a && rm t", false},
    {"mode", "chmod 0400 dir/b", false},
    {"replaced", "cp dir/b dir/c && mv dir/c dir/b", false},
    {"removed", "rm dir/b", false},
    {"a new name", "echo >dir/c", false},
    {"a new directory", "mkdir dir/c", false},
    {"a lock that came and went", "touch dir/a.lock && rm dir/a.lock", true},
    {"what was not there", "echo >dir/none", false},
    {"nor its directory", "mkdir gone && echo >gone/too", false},
    {"the directory replaced", "mv dir old && cp -rp old dir", false},
    {"what a link leads to", "printf xxx >dir/a", false},
    {"elsewhere", "echo >other", true},
};

static void
test_changes(void **state)
{
    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        tear_down(state);
        set_up(state);
        Site *site = *state;
        g_usleep(SETTLE_US);
        g_autoptr(MhWatch) first = watch(site);
        g_autoptr(MhWatch) later = stored(first);
        g_autoptr(GPtrArray) told = g_ptr_array_new_with_free_func(g_free);
        in_place(site, changes[i].command);
        if (mh_watch_holds(later, false, NULL) != changes[i].holds ||
            mh_watch_holds(later, false, told) != changes[i].holds ||
            (told->len == 0) != changes[i].holds)
            fail_msg("%s: not as it should be", changes[i].name);
    }
}

static void
test_young_is_never_unchanged(void **state)
{
    Site *site = *state;
    g_usleep(SETTLE_US);
    put(site, "dir/a", "new"); /* in the tick in which we look */
    g_autoptr(MhWatch) young = watch(site);
    g_autoptr(MhWatch) later = stored(young);
    g_autoptr(GPtrArray) told = g_ptr_array_new_with_free_func(g_free);
    assert_false(mh_watch_holds(later, false, told));
    assert_int_equal(told->len, 2); /* the file, and the link to it; the directory by its names */
    assert_true(g_str_has_suffix(told->pdata[0], "/dir/a"));
    assert_true(mh_watch_holds(later, true, NULL));
    in_place(site, "printf WEN >dir/a");
    assert_false(mh_watch_holds(later, true, NULL));
}

static void
test_settle(void **state)
{
    Site *site = *state;
    g_autoptr(MhWatch) watch = mh_watch_new();
    int64_t now = g_get_real_time() * 1000;
    MhStamp stamp = {.device = 7, .inode = 8, .ctime_ns = now, .mtime_ns = now};
    assert_true(mh_watch_settle(watch, site->root, &stamp).device == MH_STAMP_UNSURE);
    stamp.ctime_ns = (now / 1000000000 - 1) * 1000000000; /* whole seconds: a coarse clock */
    assert_true(mh_watch_settle(watch, site->root, &stamp).device == MH_STAMP_UNSURE);
    stamp.ctime_ns -= INT64_C(40000000000);
    stamp.mtime_ns -= INT64_C(50000000000);
    assert_true(mh_watch_settle(watch, site->root, &stamp).device == 7);
    /* this machine does not keep the times there */
    stamp.ctime_ns = now - INT64_C(300000000000);
    assert_true(mh_watch_settle(watch, "/proc", &stamp).device == MH_STAMP_UNSURE);
    stamp.ctime_ns -= INT64_C(301000000000);
    stamp.mtime_ns = stamp.ctime_ns;
    assert_true(mh_watch_settle(watch, "/proc", &stamp).device == 7);
    stamp.inode = 0; /* nothing there */
    stamp.ctime_ns = now;
    assert_true(mh_watch_settle(watch, site->root, &stamp).device == 7);
}

static void
test_foreign_forms(void **state)
{
    Site *site = *state;
    g_autoptr(MhWatch) empty = mh_watch_new();
    g_autoptr(MhWatch) again = stored(empty);
    assert_true(mh_watch_holds(again, false, NULL));
    g_autoptr(GVariant) other = g_variant_ref_sink(g_variant_new_string(site->root));
    assert_null(mh_watch_from_variant(other));
    g_autoptr(GVariant) bad = g_variant_ref_sink(
        g_variant_new_parsed("([b'/a'], [(uint32 1, b'b', false, uint64 1, uint64 2, uint64 3, "
                             "int64 4, int64 5, uint64 6, uint64 7)])"));
    assert_null(mh_watch_from_variant(bad)); /* a root that there is not */
    g_autoptr(GVariant) absolute = g_variant_ref_sink(
        g_variant_new_parsed("([b'/a'], [(uint32 0, b'/b', false, uint64 1, uint64 2, uint64 3, "
                             "int64 4, int64 5, uint64 6, uint64 7)])"));
    assert_null(mh_watch_from_variant(absolute));
}

/* A stored watch may come from a worker that was taken over. */
static void
test_other_places(void **state)
{
    const Site *site = *state;
    g_autoptr(GPtrArray) roots = g_ptr_array_new();
    g_autoptr(MhWatch) seen = watch(site);
    char elsewhere[] = "/elsewhere";
    g_ptr_array_add(roots, elsewhere);
    assert_false(mh_watch_is_below(seen, roots));
    g_ptr_array_add(roots, site->root);
    assert_true(mh_watch_is_below(seen, roots));
    mh_watch_look(seen, "/", "etc/passwd");
    assert_false(mh_watch_is_below(seen, roots));

    static const char *const upwards[] = {"..", "dir/.."};
    for (size_t i = 0; i < G_N_ELEMENTS(upwards); i++) {
        g_autoptr(MhWatch) evil = mh_watch_new();
        mh_watch_add(evil, site->root, upwards[i], false, NULL);
        g_autoptr(GVariant) variant = g_variant_ref_sink(mh_watch_to_variant(evil));
        assert_null(mh_watch_from_variant(variant));
    }
}

static void
test_put_back(void **state)
{
    Site *site = *state;
    in_place(site, "touch -d '1 hour ago' dir/b && cp -p dir/b old");
    put(site, "dir/b", "newer");
    g_autoptr(MhWatch) first = watch(site);
    g_autoptr(MhWatch) seen = stored(first);
    assert_false(mh_watch_is_older(seen, site->root, "dir/b"));
    in_place(site, "sleep 0.1 && echo x >>dir/b");
    assert_false(mh_watch_is_older(seen, site->root, "dir/b"));
    in_place(site, "cp -p old dir/b");
    assert_true(mh_watch_is_older(seen, site->root, "dir/b"));
    assert_false(mh_watch_is_older(seen, site->root, "dir/a"));
    in_place(site, "cp -p old other && cp -p old dir/none");
    assert_false(mh_watch_is_older(seen, site->root, "other"));    /* nobody has looked */
    assert_false(mh_watch_is_older(seen, site->root, "dir/none")); /* there was nothing */
    in_place(site, "rm dir/b");
    assert_false(mh_watch_is_older(seen, site->root, "dir/b"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_young_is_never_unchanged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_settle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_foreign_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_put_back, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
