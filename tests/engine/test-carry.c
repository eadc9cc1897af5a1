/* One mailbox into a real directory, again and again: what an admin would look at afterwards. */
#include "carry.h"
#include "fake-source.h"
#include "testing.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *root;
    MhSettings *settings;
    FakeMailbox mailbox;
} Site;

static int
set_up(void **state)
{
    Site *site = g_new0(Site, 1);
    site->root = g_dir_make_tmp("carry-XXXXXX", NULL);
    site->settings = mh_settings_new();
    umask(0);
    *state = site;
    return 0;
}

static int
tear_down(void **state)
{
    Site *site = *state;
    int result = testing_remove_tree(site->root);
    mh_settings_free(site->settings);
    g_free(site->root);
    g_free(site);
    return result;
}

/* Carries the site's mailbox into @folder. The outcome is the caller's. */
static MhMailboxOutcome *
carry(Site *site, const char *folder, bool dry_run)
{
    g_autofree char *path = g_build_filename(site->root, "Maildir", NULL);
    MaildirTreeOptions options = {.file_mode = 0600, .dir_mode = 0700, .sync_batches = true};
    g_autoptr(GError) error = NULL;
    g_autoptr(MaildirTree) tree = dry_run ? maildir_tree_open(path, &options, &error)
                                          : maildir_tree_open_to_write(path, &options, &error);
    assert_no_error(error);
    MhCarryContext context = {
        .tree = tree, .settings = site->settings, .fresh_uidvalidity = 4711, .dry_run = dry_run};
    MhMailboxOutcome *outcome = mh_mailbox_outcome_new();
    MhCarrySource source = {.open = fake_source_open, .open_user = &site->mailbox};
    g_autoptr(MhCarry) done = mh_carry_begin(&context, folder, &source, outcome, &error);
    assert_no_error(error);
    if (dry_run)
        return outcome;
    assert_true(maildir_tree_sync(tree, &error));
    mh_carry_commit(done, &error);
    assert_no_error(error);
    assert_true(maildir_tree_finish(tree, &error));
    return outcome;
}

static char *
read_target(const Site *site, const char *name)
{
    g_autofree char *path = g_build_filename(site->root, "Maildir", name, NULL);
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static bool
exists(const Site *site, const char *name)
{
    g_autofree char *path = g_build_filename(site->root, "Maildir", name, NULL);
    return access(path, F_OK) == 0;
}

/* The entries of a directory of the target that contain @part. */
static size_t
count_files(const Site *site, const char *directory, const char *part)
{
    g_autofree char *path = g_build_filename(site->root, "Maildir", directory, NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    size_t count = 0;
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        count += strstr(name, part) != NULL;
    return count;
}

static const FakeMessage three[] = {
    {"first\n", 5, MH_FLAG_SEEN, "work", NULL, false},
    {"second\n", 7, 0, NULL, "uidl-2", false},
    {"third\n", 9, 0, NULL, NULL, true},
    {.text = NULL},
};

/* Between the two texts stand the digits of the mailbox's GUID, which are never the same. */
static void
assert_list_begins(const char *list, const char *before, const char *after)
{
    assert_true(g_str_has_prefix(list, before));
    const char *guid = list + strlen(before);
    assert_int_equal(strspn(guid, "0123456789abcdef"), 32);
    assert_true(g_str_has_prefix(guid + 32, after));
}

static void
test_first_run(void **state)
{
    Site *site = *state;
    site->mailbox = (FakeMailbox){1234, 12, three, 0, 0};
    g_autoptr(MhMailboxOutcome) outcome = carry(site, ".Sent", false);
    assert_int_equal(outcome->done, MH_DONE_CHANGED);
    assert_int_equal(outcome->delivered, 3);
    g_autofree char *list = read_target(site, ".Sent/dovecot-uidlist");
    assert_non_null(list);
    assert_list_begins(list, "3 V1234 N12 G", " M\n5 W16 MSa :");
    assert_non_null(strstr(list, "\n7 W17 Puidl-2 M :"));
    assert_non_null(strstr(list, "\n9 W16 M :"));
    assert_true(g_str_has_suffix(list, "\n"));
    g_autofree char *keywords = read_target(site, ".Sent/dovecot-keywords");
    assert_string_equal(keywords, "0 work\n");
    assert_int_equal(count_files(site, ".Sent/cur", ":2,Sa"), 1);
    assert_int_equal(count_files(site, ".Sent/cur", ".mailhaul,S="), 2);
    assert_int_equal(count_files(site, ".Sent/new", ".mailhaul,S=6"), 1);
    assert_true(exists(site, ".Sent/maildirfolder"));
    assert_true(exists(site, ".Sent/tmp"));
    assert_false(exists(site, MAILDIR_BUILD_DIR));
}

static void
test_second_run_changes_nothing(void **state)
{
    Site *site = *state;
    site->mailbox = (FakeMailbox){1234, 12, three, 0, 0};
    g_autoptr(MhMailboxOutcome) first = carry(site, ".", false);
    g_autofree char *before = read_target(site, "dovecot-uidlist");
    g_autoptr(MhMailboxOutcome) second = carry(site, ".", false);
    g_autofree char *after = read_target(site, "dovecot-uidlist");
    assert_int_equal(first->done, MH_DONE_CHANGED);
    assert_int_equal(second->done, MH_DONE_UP_TO_DATE);
    assert_int_equal(second->unchanged, 3);
    assert_string_equal(before, after);
    assert_int_equal(count_files(site, "cur", "mailhaul"), 2);
}

static void
test_source_follows(void **state)
{
    Site *site = *state;
    static const FakeMessage later[] = {
        {"first\n", 5, MH_FLAG_SEEN | MH_FLAG_FLAGGED, "work later", NULL, false},
        {"third\n", 9, MH_FLAG_SEEN, NULL, NULL, false},
        {"fourth\n", 12, 0, NULL, NULL, false},
        {"fourth\n", 13, MH_FLAG_DRAFT, NULL, NULL, false},
        {.text = NULL},
    };
    site->mailbox = (FakeMailbox){1234, 12, three, 0, 0};
    g_autoptr(MhMailboxOutcome) first = carry(site, ".", false);
    g_autofree char *before = read_target(site, "dovecot-uidlist");
    site->mailbox = (FakeMailbox){1234, 14, later, 0, 0};
    g_autoptr(MhMailboxOutcome) second = carry(site, ".", false);
    assert_int_equal(second->delivered, 2);
    assert_int_equal(second->retagged, 2);
    assert_int_equal(second->expunged, 1);
    g_autofree char *list = read_target(site, "dovecot-uidlist");
    assert_list_begins(list, "3 V1234 N14 G", " M\n5 W16 MFSab :");
    assert_null(strstr(list, "\n7 "));
    assert_memory_equal(list + strlen("3 V1234 N14 G"), before + strlen("3 V1234 N12 G"), 32);
    assert_non_null(strstr(list, "\n12 W17 M :"));
    assert_non_null(strstr(list, "\n13 W17 MD :"));
    assert_int_equal(count_files(site, "cur", ":2,FSab"), 1);
    assert_int_equal(count_files(site, "cur", ".1.mailhaul,S=7:2,"), 1);
    assert_int_equal(count_files(site, "cur", ".2.mailhaul,S=7:2,D"), 1);
    assert_int_equal(count_files(site, "new", ""), 0);
}

static void
test_foreign_mail_is_left_alone(void **state)
{
    Site *site = *state;
    static const FakeMessage none[] = {{.text = NULL}};
    site->mailbox = (FakeMailbox){1234, 12, three, 0, 0};
    g_autoptr(MhMailboxOutcome) first = carry(site, ".", false);
    g_autofree char *path =
        g_build_filename(site->root, "Maildir", "new", "1100000000.M1P2.host", NULL);
    assert_true(g_file_set_contents(path, "own mail\n", -1, NULL));
    site->mailbox = (FakeMailbox){1234, 12, none, 0, 0};
    g_autoptr(MhMailboxOutcome) second = carry(site, ".", false);
    assert_int_equal(second->expunged, 3);
    assert_int_equal(second->foreign, 1);
    assert_int_equal(count_files(site, "cur", "mailhaul"), 0);
    assert_int_equal(count_files(site, "new", "1100000000"), 1);
}

static void
test_source_that_changes_is_read_again(void **state)
{
    Site *site = *state;
    site->mailbox = (FakeMailbox){1234, 12, three, 2, 0};
    g_autoptr(MhMailboxOutcome) outcome = carry(site, ".", false);
    assert_int_equal(site->mailbox.indexed, 3);
    assert_int_equal(outcome->delivered, 3);
    assert_int_equal(count_files(site, "cur", "mailhaul"), 2);
    assert_false(exists(site, MAILDIR_BUILD_DIR));
}

static void
test_dry_run_writes_nothing(void **state)
{
    Site *site = *state;
    site->mailbox = (FakeMailbox){1234, 12, three, 0, 0};
    g_autoptr(MhMailboxOutcome) outcome = carry(site, ".", true);
    assert_int_equal(outcome->delivered, 3);
    assert_false(exists(site, ""));
}

static void
test_no_uidvalidity_gets_a_fresh_one(void **state)
{
    Site *site = *state;
    static const FakeMessage plain[] = {{.text = "a\n"}, {.text = "b\n"}, {.text = NULL}};
    site->mailbox = (FakeMailbox){0, 0, plain, 0, 0};
    g_autoptr(MhMailboxOutcome) first = carry(site, ".", false);
    g_autofree char *list = read_target(site, "dovecot-uidlist");
    assert_list_begins(list, "3 V4711 N3 G", " M\n1 ");
    g_autoptr(MhMailboxOutcome) second = carry(site, ".", false);
    assert_int_equal(second->done, MH_DONE_UP_TO_DATE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_second_run_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_source_follows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_foreign_mail_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_source_that_changes_is_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dry_run_writes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_uidvalidity_gets_a_fresh_one, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
