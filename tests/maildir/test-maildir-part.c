/* Several processes at work on one tree. Each open of the tree has a lock of its own, so that those
 * of one process stand for several. */
#include "testing.h"

#include "maildir-part.h"

#include <glib/gstdio.h>

typedef struct {
    char *top, *path;
} Place;

static int
setup(void **state)
{
    Place *place = g_new0(Place, 1);
    place->top = g_dir_make_tmp("mailhaul-part-XXXXXX", NULL);
    place->path = g_build_filename(place->top, "tree", NULL);
    *state = place;
    return place->top == NULL;
}

static int
teardown(void **state)
{
    Place *place = *state;
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", place->top);
    int status = system(command); /* NOLINT(cert-env33-c) */
    g_free(place->top);
    g_free(place->path);
    g_free(place);
    return status;
}

/* NULL: another is at work. */
static MaildirTree *
enter(const Place *place, const MaildirPart *part)
{
    MaildirTreeOptions options = {.file_mode = 0600, .dir_mode = 0700, .part = part};
    g_autoptr(GError) error = NULL;
    MaildirTree *tree = maildir_tree_open_to_write(place->path, &options, &error);
    if (tree == NULL)
        assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN));
    return tree;
}

static void
leave(MaildirTree *tree)
{
    assert_true(maildir_tree_finish(tree, NULL));
    maildir_tree_free(tree);
}

static bool
has_build(const Place *place)
{
    g_autofree char *path = g_build_filename(place->path, MAILDIR_BUILD_DIR, NULL);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static bool
claim(const MaildirTree *tree, const char *directory)
{
    bool mine = false;
    assert_true(maildir_part_claim(tree, directory, &mine, NULL));
    return mine;
}

static void
build(MaildirTree *tree)
{
    g_autofree char *name = NULL;
    int fd = maildir_tree_build(tree, &name, NULL);
    assert_true(fd >= 0);
    g_close(fd, NULL);
}

static const MaildirPart ours[] = {{77, 0}, {77, 1}, {77, 2}}, theirs[] = {{78, 0}, {78, 1}};

static void
test_each_folder_is_for_one(void **state)
{
    const Place *place = *state;
    MaildirTree *a = enter(place, &ours[0]), *b = enter(place, &ours[1]);
    assert_non_null(a);
    assert_non_null(b);
    assert_true(claim(a, "."));
    assert_false(claim(b, "."));
    assert_true(claim(b, ".Sent/2004")); /* whatever is in a name */
    assert_false(claim(a, ".Sent/2004"));
    assert_false(claim(a, "."));
    build(a);
    build(b);
    leave(a);
    assert_true(has_build(place)); /* the other is still at work */
    build(b);
    leave(b);
    assert_false(has_build(place));
}

static void
test_nobody_else_comes_in(void **state)
{
    const Place *place = *state;
    MaildirTree *a = enter(place, &ours[0]);
    assert_null(enter(place, NULL));
    assert_null(enter(place, &theirs[0]));
    assert_null(enter(place, &theirs[1]));
    MaildirTree *b = enter(place, &ours[2]);
    leave(a);
    assert_null(enter(place, NULL));
    assert_null(enter(place, &theirs[0]));
    leave(b);
    MaildirTree *whole = enter(place, NULL);
    assert_non_null(whole);
    assert_null(enter(place, &ours[0]));
    assert_null(enter(place, &ours[1]));
    leave(whole);
}

static void
test_others_come_after_the_first_alone(void **state)
{
    const Place *place = *state;
    assert_null(enter(place, &ours[1]));
    MaildirTree *a = enter(place, &ours[0]);
    leave(a);
    assert_null(enter(place, &ours[1])); /* and not when all is over */
}

/* A run that was killed is not one that waits. */
static void
test_another_run_came_between(void **state)
{
    const Place *place = *state;
    MaildirTree *a = enter(place, &ours[0]);
    build(a);
    maildir_tree_free(a);
    assert_true(has_build(place));
    MaildirTree *b = enter(place, &theirs[0]);
    assert_non_null(b);
    assert_null(enter(place, &ours[1]));
    assert_true(claim(b, "."));
    leave(b);
    assert_false(has_build(place));
}

static void
test_a_killed_run_is_cleared_away(void **state)
{
    const Place *place = *state;
    MaildirTree *a = enter(place, &ours[0]);
    build(a);
    assert_true(claim(a, "."));
    maildir_tree_free(a);
    MaildirTree *whole = enter(place, NULL);
    assert_false(has_build(place));
    leave(whole);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_folder_is_for_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_else_comes_in, setup, teardown),
        cmocka_unit_test_setup_teardown(test_others_come_after_the_first_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_run_came_between, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_killed_run_is_cleared_away, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
