#include "courier-maildir.h"

#include "courier-tree.h"
#include "size-limits.h"

static int
setup(void **state)
{
    *state = courier_maildir_new();
    return 0;
}

/* In memory, where that can be had: a hundred thousand names take half a minute on some disks. */
static int
setup_in_memory(void **state)
{
    g_autofree char *path = g_strdup("/dev/shm/mailhaul-courier-XXXXXX");
    *state = mkdtemp(path) != NULL ? courier_maildir_new_in(g_steal_pointer(&path))
                                   : courier_maildir_new();
    return 0;
}

static int
teardown(void **state)
{
    courier_maildir_free(*state);
    return 0;
}

/* "KIND NAME[: REASON]" a line. */
static char *
list(CourierMaildir *maildir, MhFindings *findings)
{
    static const char *const kinds[] = {"folder", "none", "shared", "report", "nested", "other"};
    g_autoptr(GPtrArray) entries = courier_tree_list(maildir->fd, findings, NULL);
    GString *shown = g_string_new(NULL);
    for (guint i = 0; i < entries->len; i++) {
        const CourierTreeEntry *entry = entries->pdata[i];
        g_string_append_printf(shown, "%s %s%s%s%s\n", kinds[entry->kind], entry->name,
                               entry->is_link ? " ->" : "", entry->reason != NULL ? ": " : "",
                               entry->reason != NULL ? entry->reason : "");
    }
    return g_string_free(shown, FALSE);
}

static void
test_everything(void **state)
{
    CourierMaildir *maildir = *state;
    g_autoptr(MhFindings) findings = mh_findings_new();
    static const char *const directories[] = {".a.b/cur",  ".INBOX/cur",      ".empty",
                                              ".x..y/cur", "Nested/cur",      "courierimapkeywords",
                                              "plain",     "shared-folders/x"};
    static const char *const files[] = {".htaccess", "courierimapuiddb", "loginexec",
                                        "notes",     "sqwebmail-config", "dovecot-uidlist",
                                        ".fake/cur"};
    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++)
        courier_maildir_mkdir(maildir, directories[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        courier_maildir_write(maildir, files[i], "", 0);
    courier_maildir_link(maildir, ".a.b", ".linked");
    courier_maildir_link(maildir, "nothing", ".dangling");
    courier_maildir_link(maildir, "/tmp", ".outside");
    g_autofree char *shown = list(maildir, findings);
    assert_string_equal(shown, "folder .\n"
                               "folder .INBOX\n"
                               "folder .a.b\n"
                               "none .dangling ->: a link to nothing\n"
                               "none .empty: no directory cur\n"
                               "none .fake: no directory cur\n"
                               "none .htaccess: a regular file\n"
                               "folder .linked ->\n"
                               "none .outside ->: a link that leads out of the tree\n"
                               "none .x..y: a name with an empty component\n"
                               "nested Nested: a Maildir\n"
                               "other dovecot-uidlist: Dovecot's state\n"
                               "report loginexec: program to be run at the next login\n"
                               "other notes: unknown\n"
                               "other plain: unknown\n"
                               "shared shared-folders: subscriptions to shared folders\n"
                               "report sqwebmail-config: webmail data\n");
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_FOLDER_LINK), 1);
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_FOLDER_LINK_OUT), 1);
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_FOLDER_UNUSABLE), 5);
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_NESTED_MAILDIR), 1);
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_SHARED), 1);
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_USER_SETUP), 2);
}

static void
test_no_inbox(void **state)
{
    CourierMaildir *maildir = *state;
    g_autofree char *cur = g_build_filename(maildir->path, "cur", NULL);
    courier_maildir_mkdir(maildir, ".a/cur");
    assert_int_equal(rmdir(cur), 0);
    g_autofree char *shown = list(maildir, NULL);
    assert_string_equal(shown, "folder .a\n");
}

/* What is left out would be taken for gone, so nothing is. */
static void
test_too_many(void **state)
{
    CourierMaildir *maildir = *state;
    g_autoptr(GError) error = NULL;
    courier_maildir_mkdir(maildir, ".a/cur");
    for (int i = 0; i < MH_LIMIT_FOLDERS; i++) {
        char name[32];
        g_snprintf(name, sizeof name, ".l%d", i);
        assert_int_equal(symlinkat(".a", maildir->fd, name), 0);
    }
    assert_null(courier_tree_list(maildir->fd, NULL, &error));
    assert_string_equal(error->message, "the Maildir has more than 100000 folders");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_inbox, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many, setup_in_memory, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
