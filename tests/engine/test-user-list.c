#include "size-limits.h"
#include "user-list.h"

#include "config-error.h"
#include "testing.h"

/* Knows fred (1001), wilma (1002) and root; the database is down for "down". */
static MhLookup
lookup(MhAccount *account, void *data, GError **error)
{
    (*(unsigned *)data)++;
    if (strcmp(account->user, "down") == 0) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYSTEM, "the database is down");
        return MH_LOOKUP_FAILED;
    }
    uid_t uid = strcmp(account->user, "fred") == 0    ? 1001
                : strcmp(account->user, "wilma") == 0 ? 1002
                                                      : 0;
    if (uid == 0 && strcmp(account->user, "root") != 0)
        return MH_LOOKUP_UNKNOWN;
    account->has_ids = true;
    account->uid = uid;
    account->gid = uid;
    account->home = g_strconcat("/home/", account->user, NULL);
    return MH_LOOKUP_FOUND;
}

/* "fred:1001:1001:/home/fred;wilma" and so on, then "!" and each error. */
static char *
describe(const char *text, size_t len, bool virtual_users)
{
    unsigned lookups = 0;
    MhUserPolicy policy = {lookup, &lookups, virtual_users};
    MhLineErrors *errors = mh_line_errors_new("u");
    MhSpan copy = testing_exact_copy(text, len);
    MhUserList *list = mh_user_list_parse(copy, &policy, errors);
    g_free((void *)(uintptr_t)copy.data);
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < mh_user_list_length(list); i++) {
        const MhAccount *a = mh_user_list_get(list, i);
        g_string_append(out, a->user);
        if (a->has_ids)
            g_string_append_printf(out, ":%u:%u", (unsigned)a->uid, (unsigned)a->gid);
        g_string_append_printf(out, "%s%s;", a->home != NULL ? ":" : "",
                               a->home != NULL ? a->home : "");
    }
    for (size_t i = 0; i < mh_line_errors_count(errors); i++)
        g_string_append_printf(out, "!%s", mh_line_errors_get(errors, i));
    mh_user_list_free(list);
    mh_line_errors_free(errors);
    return g_string_free(out, FALSE);
}

static void
test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        bool virtual_users;
        const char *result;
    } rows[] = {
        {"nothing", "", false, ""},
        {"one", "fred\n", false, "fred:1001:1001:/home/fred;"},
        {"no last newline", "fred", false, "fred:1001:1001:/home/fred;"},
        {"CRLF and blanks", " fred \r\n\twilma\r\n", false,
         "fred:1001:1001:/home/fred;wilma:1002:1002:/home/wilma;"},
        {"byte order mark",
         "\xef\xbb\xbf"
         "fred\n",
         false, "fred:1001:1001:/home/fred;"},
        {"comments", "# all\n\n  # more\nfred # boss: the\n", false, "fred:1001:1001:/home/fred;"},
        {"passwd", "x:*:7:8:Mr X # 1:/srv/x:/bin/sh\n", false, "x:7:8:/srv/x;"},
        {"passwd of a known user", "fred:x:7:8::/srv/fred:\n", false, "fred:7:8:/srv/fred;"},
        {"passwd without home", "x::7:8:::\n", false, "x:7:8;"},
        {"unknown, the rest goes on", "barney\nfred\n", false,
         "fred:1001:1001:/home/fred;!u:1: 'barney' is no user that the system knows (a virtual "
         "one needs --owner)"},
        {"virtual", "barney@example.org\n", true, "barney@example.org;"},
        {"database down", "down\nfred\n", true,
         "fred:1001:1001:/home/fred;!u:1: the database is down"},
        {"twice", "fred\n\nfred\n", false,
         "fred:1001:1001:/home/fred;!u:3: user 'fred' was already on line 1"},
        {"twice, in two forms", "fred\nfred:x:7:8::/:/\n", false,
         "fred:1001:1001:/home/fred;!u:2: user 'fred' was already on line 1"},
        {"uid 0", "root\n", false, "!u:1: 'root' has uid 0; --owner says who is to own that mail"},
        {"uid 0 in passwd form", "toor:x:0:0::/root:/bin/sh\n", false,
         "!u:1: 'toor' has uid 0; --owner says who is to own that mail"},
        {"uid 0 with owner", "root\n", true, "root:0:0:/home/root;"},
        {"uid", "x:*:-7:8::/:\n", false, "!u:1: '-7' is not a user number"},
        {"empty uid", "x:*::8::/:\n", false, "!u:1: '' is not a user number"},
        {"uid too large", "x:*:4294967295:8::/:\n", false,
         "!u:1: '4294967295' is not a user number"},
        {"largest uid", "x:*:4294967294:8::/:\n", false, "x:4294967294:8:/;"},
        {"gid", "x:*:7:8x::/:\n", false, "!u:1: '8x' is not a group number"},
        {"home", "x:*:7:8::srv:\n", false, "!u:1: 'srv' is not an absolute home directory"},
        {"few fields", "x:*:7:8::/srv\n", false,
         "!u:1: a line with ':' has the 7 fields of passwd(5), this one has 6"},
        {"many fields", "x:*:7:8:::::\n", false,
         "!u:1: a line with ':' has the 7 fields of passwd(5), this one has 9"},
        {"name", "../x\n", false, "!u:1: user name '../x' starts with '.', '-' or '#'"},
        {"passwd name", ":x:7:8::/:\n", false, "!u:1: user name '' is empty"},
        {"name of a target in the making", "mailhaul-tmp.fred\n", true,
         "!u:1: user name 'mailhaul-tmp.fred' starts with 'mailhaul-tmp.'"},
        {"such a domain", "x@mailhaul-tmp.a.b\n", true,
         "!u:1: user name 'x@mailhaul-tmp.a.b' starts with 'mailhaul-tmp.'"},
        {"CSI of eight bits",
         "fred\xc2\x9b"
         "2J\n",
         true, "!u:1: user name 'fred\\xc2\\x9b2J' has a blank or a control character"},
        {"CSI as a byte",
         "fred\x9b"
         "2J\n",
         true, "!u:1: user name 'fred\\x9b2J' has a blank or a control character"},
        {"direction",
         "\xe2\x80\xae"
         "derf\n",
         true, "!u:1: user name '\\xe2\\x80\\xaederf' has a blank or a control character"},
        {"UTF-8 and Latin-1", "x:*:7:8::/\xc3\xa9:\nb\xe9:*:7:8::/:\nc\xc3\xa9:*:7:8::/:\n", true,
         "x:7:8:/\xc3\xa9;b\xe9:7:8:/;c\xc3\xa9:7:8:/;"},
        {"two on a line", "fred wilma\n", true,
         "!u:1: user name 'fred wilma' has a blank or a control character"},
        {"CR only", "fred\rwilma", true,
         "!u:1: user name 'fred\\x0dwilma' has a blank or a control character"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *got = describe(rows[i].text, strlen(rows[i].text), rows[i].virtual_users);
        if (strcmp(got, rows[i].result) != 0)
            fail_msg("%s: %s", rows[i].name, got);
        g_free(got);
    }
}

static void
test_limits(void **state)
{
    (void)state;
    for (size_t len = MH_LIMIT_USER_LINE_BYTES; len <= MH_LIMIT_USER_LINE_BYTES + 1; len++) {
        char *line = g_strnfill(len, 'g');
        memcpy(line, "x:*:7:8:", 8);
        memcpy(line + len - 3, ":/:", 3);
        char *got = describe(line, len, false);
        bool good = strcmp(got, len == MH_LIMIT_USER_LINE_BYTES
                                    ? "x:7:8:/;"
                                    : "!u:1: the line is longer than 4096 bytes") == 0;
        g_free(got);
        g_free(line);
        assert_true(good);
    }
    char *got = describe("a\0b\nx:*:7:8::/\0:\n", 17, true);
    bool good = strcmp(got, "!u:1: user name 'a\\x00b' has a blank or a control character"
                            "!u:2: '/\\x00' is not an absolute home directory") == 0;
    g_free(got);
    assert_true(good);
}

static void
test_prefixes(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf# x\r\nfred\r\nx:*:7:8:g:/srv/x:/bin/sh\r\nwilma # w\n";
    for (size_t len = 0; len < sizeof(text); len++)
        g_free(describe(text, len, true));
}

static void
test_passwd_lines_ask_nobody(void **state)
{
    (void)state;
    unsigned lookups = 0;
    MhUserPolicy policy = {lookup, &lookups, false};
    MhUserList *list =
        mh_user_list_parse(MH_SPAN_LITERAL("fred:x:7:8::/h:\nx:*:7:8::/:\n"), &policy, NULL);
    size_t length = mh_user_list_length(list);
    mh_user_list_free(list);
    assert_int_equal(length, 2);
    assert_int_equal(lookups, 0);
}

static void
test_select(void **state)
{
    (void)state;
    unsigned lookups = 0;
    MhUserPolicy policy = {lookup, &lookups, false};
    MhLineErrors *errors = mh_line_errors_new("arguments");
    MhUserList *list =
        mh_user_list_parse(MH_SPAN_LITERAL("a:x:1:1::/a:\nb:x:2:2::/b:\n"), &policy, NULL);
    static const char *const users[] = {"b", "fred", "b", "../a", NULL};
    GPtrArray *chosen = mh_user_list_select(list, users, &policy, errors);
    assert_int_equal(chosen->len, 1);
    assert_string_equal(((MhAccount *)g_ptr_array_index(chosen, 0))->user, "b");
    assert_int_equal(((MhAccount *)g_ptr_array_index(chosen, 0))->uid, 2);
    assert_int_equal(mh_line_errors_count(errors), 2);
    assert_string_equal(mh_line_errors_get(errors, 0),
                        "arguments: 'fred' is not among the users of the list");
    g_ptr_array_unref(chosen);
    chosen = mh_user_list_select(NULL, users, &policy, errors);
    assert_int_equal(chosen->len, 1);
    assert_string_equal(((MhAccount *)g_ptr_array_index(chosen, 0))->home, "/home/fred");
    assert_int_equal(mh_line_errors_count(errors), 4);
    g_ptr_array_unref(chosen);
    mh_user_list_free(list);
    mh_line_errors_free(errors);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),    cmocka_unit_test(test_limits),
        cmocka_unit_test(test_prefixes), cmocka_unit_test(test_passwd_lines_ask_nobody),
        cmocka_unit_test(test_select),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
