#include "account.h"

#include "config-error.h"
#include "testing.h"

static void
test_user_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t len;
        bool good;
    } rows[] = {
        {"fred", 4, true},   {"f", 1, true},      {"fred@example.org", 16, true},
        {"", 0, false},      {".", 1, false},     {"..", 2, false},
        {".fred", 5, false}, {"-fred", 5, false}, {"#fred", 5, false},
        {"*", 1, false},     {"a*", 2, true},     {"a/b", 3, false},
        {"/", 1, false},     {"a b", 3, false},   {"a\tb", 3, false},
        {"a\nb", 3, false},  {"a\0b", 3, false},  {"a\x7f", 2, false},
        {"a\xff", 2, true},  {"a@.b", 4, false},  {"a@..", 4, false},
        {"a@b.", 4, true},   {"a.", 2, true},     {"a..b", 4, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan user = testing_exact_copy(rows[i].name, rows[i].len);
        GError *error = NULL;
        bool good = mh_account_check_user(user, &error);
        if (good != rows[i].good || good != (error == NULL))
            fail_msg("'%s'", rows[i].name);
        g_clear_error(&error);
        g_free((void *)(uintptr_t)user.data);
    }
    char name[256];
    memset(name, 'a', sizeof(name));
    assert_true(mh_account_check_user(mh_span(name, 255), NULL));
    assert_false(mh_account_check_user(mh_span(name, 256), NULL));
}

static void
test_system(void **state)
{
    (void)state;
    MhAccount *root = mh_account_new("root");
    assert_int_equal(mh_account_lookup_system(root, NULL, NULL), MH_LOOKUP_FOUND);
    assert_true(root->has_ids);
    assert_int_equal(root->uid, 0);
    assert_string_equal(root->home, "/root");
    mh_account_free(root);
    MhAccount *nobody = mh_account_new("no-such-user-here");
    GError *error = NULL;
    assert_int_equal(mh_account_lookup_system(nobody, NULL, &error), MH_LOOKUP_UNKNOWN);
    assert_null(error);
    assert_false(nobody->has_ids);
    mh_account_free(nobody);
    MhAccount *by_uid = mh_account_of_uid(0, NULL);
    assert_non_null(by_uid);
    assert_string_equal(by_uid->user, "root");
    mh_account_free(by_uid);
    assert_null(mh_account_of_uid(4000000000u, &error));
    assert_true(g_error_matches(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_UNKNOWN));
    g_clear_error(&error);
}

static void
test_owner(void **state)
{
    (void)state;
    static const struct {
        const char *owner;
        int code; /* -1: good */
        uid_t uid;
        gid_t gid;
    } rows[] = {
        {"daemon", -1, 1, 1},
        {"daemon:root", -1, 1, 0},
        {"daemon:77", -1, 1, 77},
        {"1", -1, 1, 1},
        {"4000000001:4000000002", -1, 4000000001u, 4000000002u},
        {"4000000001", MH_CONFIG_ERROR_SYNTAX, 0, 0},
        {"4294967295:1", MH_CONFIG_ERROR_UNKNOWN, 0, 0},
        {"root", MH_CONFIG_ERROR_REFUSED, 0, 0},
        {"0:5", MH_CONFIG_ERROR_REFUSED, 0, 0},
        {"no-such-user", MH_CONFIG_ERROR_UNKNOWN, 0, 0},
        {"daemon:no-such-group", MH_CONFIG_ERROR_UNKNOWN, 0, 0},
        {"daemon:", MH_CONFIG_ERROR_SYNTAX, 0, 0},
        {":daemon", MH_CONFIG_ERROR_SYNTAX, 0, 0},
        {"", MH_CONFIG_ERROR_SYNTAX, 0, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uid_t uid = 7;
        gid_t gid = 8;
        GError *error = NULL;
        bool good = mh_account_parse_owner(rows[i].owner, &uid, &gid, &error);
        int code = error != NULL ? error->code : -1;
        g_clear_error(&error);
        if (good != (rows[i].code == -1) || code != rows[i].code ||
            uid != (good ? rows[i].uid : 7) || gid != (good ? rows[i].gid : 8))
            fail_msg("'%s': code %d, %u:%u", rows[i].owner, code, uid, gid);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user_names),
        cmocka_unit_test(test_system),
        cmocka_unit_test(test_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
