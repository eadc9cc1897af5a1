/* accounts: lists in files, USER arguments and both together. */
#include "accounts.h"

#include "config-error.h"
#include "testing.h"

#include <glib/gstdio.h>
#include <unistd.h>

static char *folder; /* of this test's lists */

static int
setup(void **state)
{
    (void)state;
    folder = g_dir_make_tmp("mailhaul-XXXXXX", NULL);
    return folder != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"users", "folders", "names"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        char *path = g_build_filename(folder, names[i], NULL);
        g_unlink(path);
        g_free(path);
    }
    int result = g_rmdir(folder);
    g_free(folder);
    return result;
}

static void
write_list(MhSettings *settings, const char *option, const char *name, const char *text)
{
    if (text == NULL)
        return;
    char *path = g_build_filename(folder, name, NULL);
    bool good = g_file_set_contents(path, text, -1, NULL) &&
                mh_settings_set(settings, mh_option_find(option), path, NULL);
    g_free(path);
    g_assert_true(good);
}

/* What is said of single lines goes to standard error: away with it here. */
static MhAccounts *
load_quietly(const MhCommandContext *context, int *out_exit, GError **error)
{
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    FILE *away = freopen("/dev/null", "w", stderr);
    g_assert_nonnull(away);
    MhAccounts *accounts = mh_accounts_load(context, out_exit, error);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    return accounts;
}

/* "user user;folder count;refused", or "!exit: message". */
static char *
describe(const char *maildir, const char *users, const char *folders, const char *names,
         const char *arguments)
{
    static const MhCommand command = {.name = "check"};
    MhSettings *settings = mh_settings_new();
    char **args = g_strsplit(arguments, " ", -1);
    MhCommandContext context = {.command = &command,
                                .settings = settings,
                                .args = (const char *const *)args,
                                .arg_count = g_strv_length(args)};
    GError *error = NULL;
    int exit = 0;
    g_assert_true(mh_settings_set(settings, mh_option_find("maildir"), maildir, NULL));
    write_list(settings, "users", "users", users);
    write_list(settings, "folder-list", "folders", folders);
    write_list(settings, "name-map", "names", names);
    MhAccounts *accounts = load_quietly(&context, &exit, &error);
    GString *out = g_string_new(NULL);
    if (accounts == NULL)
        g_string_append_printf(out, "!%d: %s", exit, error->message);
    for (unsigned i = 0; accounts != NULL && i < accounts->accounts->len; i++) {
        const MhAccount *account = g_ptr_array_index(accounts->accounts, i);
        const GPtrArray *list =
            accounts->folders != NULL ? mh_folder_list_get(accounts->folders, account->user) : NULL;
        const char *target =
            mh_name_map_lookup(accounts->names, account->user, MH_SPAN_LITERAL("sent"));
        g_string_append_printf(out, "%s:%u:%s ", account->user, list != NULL ? list->len : 0,
                               target != NULL ? target : "");
    }
    if (accounts != NULL)
        g_string_append_printf(out, "refused %zu", accounts->refused);
    g_clear_error(&error);
    mh_accounts_free(accounts);
    mh_settings_free(settings);
    g_strfreev(args);
    return g_string_free(out, FALSE);
}

static void
test_choice(void **state)
{
    (void)state;
    static const char users[] = "a:x:11:1::/h/a:\nb:x:12:1:::\nc@x:x:13:1::/h/c:\n";
    static const struct {
        const char *name, *maildir, *users, *folders, *names, *arguments, *result;
    } rows[] = {
        {"everybody", "/m/%u", users, NULL, NULL, "", "a:0: b:0: c@x:0: refused 0"},
        {"chosen", "/m/%u", users, NULL, NULL, "c@x a c@x", "c@x:0: a:0: refused 0"},
        {"one is not there", "/m/%u", users, NULL, NULL, "a root", "a:0: refused 1"},
        {"without a list", "/m/%u", NULL, NULL, NULL, "daemon no-such-user", "daemon:0: refused 1"},
        {"bad lines", "/m/%u", "a:x:11:1::/:\nb:x\n#\nb:x:0:1::/:\n", NULL, NULL, "",
         "a:0: refused 2"},
        {"folders and names", "/m/%u", users, "a/x\na/y\nb/z\nd/x\n", "*/sent = S\na/sent = T\n",
         "", "a:2:T b:1:S c@x:0:S refused 1"},
        {"folders of users who are not chosen", "/m/%u", users, "a/x\nb/z\n", NULL, "b",
         "b:1: refused 0"},
        {"bad name map", "/m/%u", users, NULL, "sent\n", "a", "a:0: refused 1"},
        {"no home", "%h/Maildir", users, NULL, NULL, "", "a:0: c@x:0: refused 1"},
        {"one target", "/m/all", users, NULL, NULL, "",
         "!78: users 'a' and 'b' would share the target '/m/all'"},
        {"one target for one user", "/m/all", users, NULL, NULL, "a", "a:0: refused 0"},
        {"target without domain", "/m/%n", "c@x:x:1:1:::\nc@y:x:2:1:::\n", NULL, NULL, "",
         "!78: users 'c@x' and 'c@y' would share the target '/m/c'"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *got = describe(rows[i].maildir, rows[i].users, rows[i].folders, rows[i].names,
                             rows[i].arguments);
        if (strcmp(got, rows[i].result) != 0)
            fail_msg("%s: %s", rows[i].name, got);
        g_free(got);
    }
}

/* Paths that differ, and one place. */
static void
test_one_place(void **state)
{
    (void)state;
    static const struct {
        const char *home, *maildir; /* of the second user; the first one's home is "a" */
        bool is_there;              /* the first one's target */
        const char *result;         /* NULL: the path is refused */
    } rows[] = {
        {"/b", "%h/Maildir", false, "a:0: b:0: c:0: refused 0"},
        {"/b", "%h/Maildir", true, "a:0: b:0: c:0: refused 0"},
        {"//a", "%h/Maildir", false, NULL},
        {"/./a", "%h/Maildir", true, NULL},
        {"/link", "%h/Maildir", false, "c:0: refused 1"},
        {"/link", "%h/Maildir", true, "c:0: refused 1"},
        {"/none", "%h/Maildir", true, "a:0: b:0: c:0: refused 0"},
    };
    char *a = g_build_filename(folder, "a", NULL), *b = g_build_filename(folder, "b", NULL);
    char *link = g_build_filename(folder, "link", NULL);
    char *target = g_build_filename(a, "Maildir", NULL);
    assert_int_equal(g_mkdir(a, 0700) + g_mkdir(b, 0700) + symlink("a", link), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *users = g_strdup_printf("a:x:11:1::%s:\nb:x:12:1::%s%s:\nc:x:13:1::/no:\n", a, folder,
                                      rows[i].home);
        char *refused =
            g_strdup_printf("!78: users 'a' and 'b' would share the target '%s'", target);
        const char *wanted = rows[i].result != NULL ? rows[i].result : refused;
        if (rows[i].is_there)
            g_mkdir(target, 0700);
        char *got = describe(rows[i].maildir, users, NULL, NULL, "");
        g_rmdir(target);
        if (strcmp(got, wanted) != 0)
            fail_msg("%s, %s: %s", rows[i].home, rows[i].maildir, got);
        g_free(got);
        g_free(users);
        g_free(refused);
    }
    assert_int_equal(g_unlink(link) + g_rmdir(b) + g_rmdir(a), 0);
    g_free(a);
    g_free(b);
    g_free(link);
    g_free(target);
}

static void
test_nobody_named(void **state)
{
    (void)state;
    char *got = describe("/m/%u", NULL, NULL, NULL, "");
    bool good = geteuid() == 0
                    ? strcmp(got, "!64: whose mail? 'check' needs --users or a USER") == 0
                    : g_str_has_suffix(got, ":0: refused 0");
    g_free(got);
    assert_true(good);
}

static void
test_no_file(void **state)
{
    (void)state;
    MhSettings *settings = mh_settings_new();
    static const char *const none[] = {NULL};
    MhCommandContext context = {.settings = settings, .args = none};
    GError *error = NULL;
    int exit = 0;
    mh_settings_set(settings, mh_option_find("users"), "/no/such/list", NULL);
    MhAccounts *accounts = mh_accounts_load(&context, &exit, &error);
    mh_settings_free(settings);
    bool good =
        accounts == NULL && exit == MH_EXIT_CONFIG &&
        strcmp(error->message, "cannot read user list '/no/such/list': there is no such file") == 0;
    g_clear_error(&error);
    assert_true(good);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_one_place),
        cmocka_unit_test(test_nobody_named),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
