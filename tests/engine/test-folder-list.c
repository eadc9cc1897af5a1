#include "folder-list.h"

#include "size-limits.h"
#include "testing.h"

static bool
known(const char *user, void *data)
{
    (void)data;
    return strcmp(user, "fred") == 0 || strcmp(user, "wilma@example.org") == 0;
}

/* Folders of the two users, then errors. */
static char *
describe(const char *text, size_t len)
{
    static const char *const users[] = {"fred", "wilma@example.org"};
    MhLineErrors *errors = mh_line_errors_new("f");
    MhSpan copy = testing_exact_copy(text, len);
    MhFolderList *list = mh_folder_list_parse(copy, known, NULL, errors);
    g_free((void *)(uintptr_t)copy.data);
    GString *out = g_string_new(NULL);
    for (size_t u = 0; u < G_N_ELEMENTS(users); u++) {
        const GPtrArray *folders = mh_folder_list_get(list, users[u]);
        for (size_t i = 0; folders != NULL && i < folders->len; i++) {
            const char *folder = g_ptr_array_index(folders, i);
            g_assert_true(mh_folder_list_has(list, users[u], mh_span_from_string(folder)));
            g_assert_false(mh_folder_list_has(list, users[1 - u], mh_span_from_string(folder)));
            g_string_append_printf(out, "%c:%s;", users[u][0], folder);
        }
    }
    for (size_t i = 0; i < mh_line_errors_count(errors); i++)
        g_string_append_printf(out, "!%s", mh_line_errors_get(errors, i));
    mh_folder_list_free(list);
    mh_line_errors_free(errors);
    return g_string_free(out, FALSE);
}

static void
test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *result;
    } rows[] = {
        {"nothing", "", ""},
        {"one", "fred/Sent\n", "f:Sent;"},
        {"levels", "fred/a/b/c", "f:a/b/c;"},
        {"virtual", "wilma@example.org/Sent\n", "w:Sent;"},
        {"CRLF", "fred/Sent\r\nfred/x\r\n", "f:Sent;f:x;"},
        {"comments", "# x\n\n \t\nfred/x\n", "f:x;"},
        {"raw", "fred/ a =\\# \xe9\n", "f: a =\\# \xe9;"},
        {"twice", "fred/x\nfred/x\n", "f:x;"},
        {"INBOX", "fred/INBOX\n", "f:INBOX;"},
        {"dots in names", "fred/.a/..b/c..\n", "f:.a/..b/c..;"},
        {"the rest goes on", "barney/x\nfred/y\n", "f:y;!f:1: there is no user 'barney'"},
        {"no folder", "fred\n", "!f:1: a line is 'user/Folder' or 'user/Folder/Sub'"},
        {"empty folder", "fred/\n", "!f:1: a line is 'user/Folder' or 'user/Folder/Sub'"},
        {"absolute", "/home/fred/x\n", "!f:1: a line is 'user/Folder' or 'user/Folder/Sub'"},
        {"absolute folder", "fred//etc\n", "!f:1: folder '/etc' is absolute"},
        {"up", "fred/../wilma\n", "!f:1: folder '../wilma' has a component '.' or '..'"},
        {"up at the end", "fred/a/..\n", "!f:1: folder 'a/..' has a component '.' or '..'"},
        {"here", "fred/./a\n", "!f:1: folder './a' has a component '.' or '..'"},
        {"empty component", "fred/a//b\n", "!f:1: folder 'a//b' has an empty component"},
        {"slash at the end", "fred/a/\n", "!f:1: folder 'a/' has an empty component"},
        {"user", "../x\n", "!f:1: user name '..' starts with '.', '-' or '#'"},
        {"blank before the user", " fred/x\n",
         "!f:1: user name ' fred' has a blank or a control character"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *got = describe(rows[i].text, strlen(rows[i].text));
        if (strcmp(got, rows[i].result) != 0)
            fail_msg("%s: %s", rows[i].name, got);
        g_free(got);
    }
    char *got = describe("fred/a\0b\n", 9);
    bool good = strcmp(got, "!f:1: folder 'a\\x00b' has a NUL byte") == 0;
    g_free(got);
    assert_true(good);
}

static void
test_limits(void **state)
{
    (void)state;
    char name[MH_LIMIT_NAME_BYTES + 1];
    memset(name, 'n', sizeof(name));
    assert_true(mh_folder_path_check(mh_span(name, MH_LIMIT_NAME_BYTES), NULL));
    assert_false(mh_folder_path_check(mh_span(name, MH_LIMIT_NAME_BYTES + 1), NULL));
    char deep[2 * MH_LIMIT_FOLDER_DEPTH + 1];
    for (size_t i = 0; i < sizeof(deep); i++)
        deep[i] = i % 2 == 0 ? 'd' : '/';
    assert_true(mh_folder_path_check(mh_span(deep, sizeof(deep) - 2), NULL));
    assert_false(mh_folder_path_check(mh_span(deep, sizeof(deep)), NULL));
    assert_false(mh_folder_path_check(mh_span("", 0), NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
