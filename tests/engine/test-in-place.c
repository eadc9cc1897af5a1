/* Names of folders that a conversion in place changes, and the way back. */
#include "in-place.h"
#include "testing.h"

#include <glib/gstdio.h>
#include <fcntl.h>
#include <unistd.h>

typedef struct {
    char *root;
    MaildirTree *tree;
} Site;

static int
set_up(void **state)
{
    Site *site = g_new0(Site, 1);
    MaildirTreeOptions options = {.file_mode = 0600, .dir_mode = 0700};
    site->root = g_dir_make_tmp("in-place-XXXXXX", NULL);
    site->tree = maildir_tree_open_to_write(site->root, &options, NULL);
    *state = site;
    return site->tree == NULL;
}

static int
tear_down(void **state)
{
    Site *site = *state;
    maildir_tree_free(site->tree);
    int result = testing_remove_tree(site->root);
    g_free(site->root);
    g_free(site);
    return result;
}

/* Folders @from are to be called @to. */
static MhAccountSurvey *
survey_of(const Site *site, const char *const *from, const char *const *to)
{
    MhAccountSurvey *survey = mh_account_survey_new("courier");
    for (size_t i = 0; from[i] != NULL; i++) {
        MhSurveyMailbox *mailbox = mh_account_survey_add(survey, NULL, from[i]);
        g_autofree char *path = g_build_filename(site->root, from[i], "cur", NULL);
        g_autofree char *mark = g_build_filename(site->root, from[i], "was", NULL);
        assert_int_equal(g_mkdir_with_parents(path, 0700), 0);
        assert_true(g_file_set_contents(mark, from[i], -1, NULL));
        mailbox->directory = g_strdup(from[i]);
        mailbox->target = g_strdup(to[i]);
    }
    return survey;
}

static void
assert_was(const Site *site, const char *directory, const char *was)
{
    g_autofree char *mark = g_build_filename(site->root, directory, "was", NULL);
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(mark, &text, NULL, NULL));
    assert_string_equal(text, was);
}

/* One takes the name that another gives up; a name holds a tab and a line break. */
static const char *const from[] = {".", ".R&D", ".R&-D", ".a\tb\nc", ".same", NULL};
static const char *const to[] = {".", ".R&-D", ".R&--D", ".&AAk-", ".same", NULL};

static void
test_there_and_back(void **state)
{
    const Site *site = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(MhAccountSurvey) survey = survey_of(site, from, to);
    assert_true(mh_in_place_rename(site->tree, survey, &error));
    for (size_t i = 1; from[i] != NULL; i++) {
        const MhSurveyMailbox *mailbox = survey->mailboxes->pdata[i];
        assert_was(site, to[i], from[i]);
        assert_string_equal(mailbox->directory, to[i]);
    }
    g_autoptr(GHashTable) names = mh_in_place_names(site->tree->fd, &error);
    assert_int_equal(g_hash_table_size(names), 3);
    assert_string_equal(g_hash_table_lookup(names, ".R&-D"), ".R&D");
    assert_string_equal(g_hash_table_lookup(names, ".&AAk-"), ".a\tb\nc");

    assert_true(mh_in_place_restore(site->tree, &error));
    for (size_t i = 1; from[i] != NULL; i++)
        assert_was(site, from[i], from[i]);
    assert_int_not_equal(faccessat(site->tree->fd, MH_IN_PLACE_FILE, F_OK, 0), 0);
}

/* Killed on the way back after any renaming: what has a name that is in the record is then not
 * always the folder that the record means. */
static void
test_killed_on_the_way_back(void **state)
{
    const Site *site = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(MhAccountSurvey) survey = survey_of(site, from, to);
    assert_true(mh_in_place_rename(site->tree, survey, &error));
    /* the first batch is all that has room; its record was not written any more */
    assert_int_equal(renameat(site->tree->fd, ".R&-D", site->tree->fd, ".R&D"), 0);
    assert_true(mh_in_place_restore(site->tree, &error));
    for (size_t i = 1; from[i] != NULL; i++)
        assert_was(site, from[i], from[i]);
    /* and when nothing but the record is left of it */
    g_autofree char *record = g_build_filename(site->root, MH_IN_PLACE_FILE, NULL);
    assert_true(g_file_set_contents(record, "", -1, NULL));
    assert_true(mh_in_place_restore(site->tree, &error));
    bool is = true;
    assert_true(mh_in_place_look(site->tree->fd, &is, &error));
    assert_false(is);
    assert_false(mh_in_place_look(1000000, &is, &error)); /* nothing is known */
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_BADF));
}

/* Killed after the record and before the rename: the record says nothing of what is not there. */
static void
test_killed_before_the_rename(void **state)
{
    const Site *site = *state;
    static const char *const one[] = {".\xc3\xa4", NULL}, *const other[] = {".&AOQ-", NULL};
    g_autoptr(GError) error = NULL;
    g_autofree char *record = g_build_filename(site->root, MH_IN_PLACE_FILE, NULL);
    assert_true(g_file_set_contents(record, ".&AOQ-\t.\xc3\xa4\n", -1, NULL));
    g_autoptr(MhAccountSurvey) survey = survey_of(site, one, other);
    assert_true(mh_in_place_rename(site->tree, survey, &error));
    assert_was(site, ".&AOQ-", ".\xc3\xa4");
}

static void
test_never_over_something(void **state)
{
    const Site *site = *state;
    static const char *const one[] = {".a", NULL}, *const other[] = {".b", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(MhAccountSurvey) survey = survey_of(site, one, other);
    g_autofree char *there = g_build_filename(site->root, ".b", NULL);
    assert_true(g_file_set_contents(there, "file", -1, NULL));
    assert_false(mh_in_place_rename(site->tree, survey, &error));
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_EXIST));
    assert_was(site, ".a", ".a");
}

/* What cannot be looked for is neither free nor taken. */
static void
test_not_known(void **state)
{
    const Site *site = *state;
    g_autofree char *long_name = g_strnfill(NAME_MAX + 1, '.');
    const char *const one[] = {".a", NULL}, *const other[] = {long_name, NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(MhAccountSurvey) survey = survey_of(site, one, other);
    assert_false(mh_in_place_rename(site->tree, survey, &error));
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG));
    assert_was(site, ".a", ".a");
}

/* Lines that we never write name nothing: no path out of the tree, no cur, nothing empty. */
static void
test_hostile_record(void **state)
{
    const Site *site = *state;
    g_autofree char *record = g_build_filename(site->root, MH_IN_PLACE_FILE, NULL);
    static const char text[] =
        "../x\t.a\n.a\t.b/../../c\ncur\t.a\n.\t.a\n..\t.a\n\t\n.a\n.a\t\\x00\n"
        ".ok\t.good";
    g_autoptr(GError) error = NULL;
    assert_true(g_file_set_contents(record, text, -1, NULL));
    g_autoptr(GHashTable) names = mh_in_place_names(site->tree->fd, &error);
    assert_int_equal(g_hash_table_size(names), 1);
    assert_string_equal(g_hash_table_lookup(names, ".ok"), ".good");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_killed_on_the_way_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_killed_before_the_rename, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_never_over_something, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostile_record, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
