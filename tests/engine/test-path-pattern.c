#include "path-pattern.h"

#include "config-error.h"
#include "testing.h"

static void
test_expand(void **state)
{
    (void)state;
    static const struct {
        const char *name, *pattern, *user, *home, *path;
        int code;
    } rows[] = {
        {"user", "/var/spool/mail/%u", "fred", NULL, "/var/spool/mail/fred", 0},
        {"user twice", "/m/%u/%u", "fred", NULL, "/m/fred/fred", 0},
        {"domain", "/m/%d/%n", "fred@example.org", NULL, "/m/example.org/fred", 0},
        {"two at signs", "/m/%d/%n", "a@b@c", NULL, "/m/b@c/a", 0},
        {"no domain, only %n", "/m/%n", "fred", NULL, "/m/fred", 0},
        {"no domain", "/m/%d/%n", "fred", NULL, NULL, MH_CONFIG_ERROR_REFUSED},
        {"empty domain", "/m/%d/%n", "fred@", NULL, NULL, MH_CONFIG_ERROR_REFUSED},
        {"empty local part", "/m/%n", "@example.org", NULL, NULL, MH_CONFIG_ERROR_REFUSED},
        {"home", "%h/Maildir", "fred", "/home/fred", "/home/fred/Maildir", 0},
        {"home alone", "%h", "fred", "/home/fred", "/home/fred", 0},
        {"home ends in slashes", "%h/mail", "fred", "/home/fred//", "/home/fred/mail", 0},
        {"home below a copy", "/old%h/mail", "fred", "/home/fred", "/old/home/fred/mail", 0},
        {"no home", "%h/mail", "fred", NULL, NULL, MH_CONFIG_ERROR_REFUSED},
        {"relative home", "%h/mail", "fred", "home/fred", NULL, MH_CONFIG_ERROR_REFUSED},
        {"home leaves", "%h/mail", "fred", "/home/../etc", NULL, MH_CONFIG_ERROR_REFUSED},
        {"home leaves at its end", "%h/mail", "fred", "/home/..", NULL, MH_CONFIG_ERROR_REFUSED},
        {"percent", "/m%%%u%%", "fred", NULL, "/m%fred%", 0},
        {"percent is no start", "/m%%u/%n", "fred", NULL, "/m%u/fred", 0},
        {"8-bit user", "/m/%u",
         "fr\xe9"
         "d",
         NULL,
         "/m/fr\xe9"
         "d",
         0},
        {"slash", "/m/%u", "a/b", NULL, NULL, MH_CONFIG_ERROR_REFUSED},
        {"dots", "/m/%u", "..", NULL, NULL, MH_CONFIG_ERROR_REFUSED},
        {"dot", "/m/%u", ".fred", NULL, NULL, MH_CONFIG_ERROR_REFUSED},
        {"domain of dots", "/m/%d", "fred@..", NULL, NULL, MH_CONFIG_ERROR_REFUSED},
        {"dots inside", "/m/%u", "a..b", NULL, "/m/a..b", 0},
        {"empty user", "/m/%u", "", NULL, NULL, MH_CONFIG_ERROR_REFUSED},
        {"unknown", "/m/%x", "fred", NULL, NULL, MH_CONFIG_ERROR_SYNTAX},
        {"capital", "/m/%U", "fred", NULL, NULL, MH_CONFIG_ERROR_SYNTAX},
        {"cut off", "/m/%", "fred", NULL, NULL, MH_CONFIG_ERROR_SYNTAX},
        {"cut off behind percent", "/m/%%%", "fred", NULL, NULL, MH_CONFIG_ERROR_SYNTAX},
        {"relative", "mail/%u", "fred", NULL, NULL, MH_CONFIG_ERROR_SYNTAX},
        {"tilde", "~/mail", "fred", "/home/fred", NULL, MH_CONFIG_ERROR_SYNTAX},
        {"empty", "", "fred", NULL, NULL, MH_CONFIG_ERROR_SYNTAX},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhAccount account = {.user = g_strdup(rows[i].user), .home = g_strdup(rows[i].home)};
        GError *error = NULL;
        char *path = mh_path_pattern_expand(rows[i].pattern, &account, &error);
        bool good = g_strcmp0(path, rows[i].path) == 0 &&
                    (path != NULL || g_error_matches(error, MH_CONFIG_ERROR, rows[i].code));
        if (!good)
            fail_msg("%s: '%s', %s", rows[i].name, path, error != NULL ? error->message : "");
        g_clear_error(&error);
        g_free(path);
        g_free(account.user);
        g_free(account.home);
    }
}

static void
test_varies(void **state)
{
    (void)state;
    assert_true(mh_path_pattern_varies("/m/%u"));
    assert_true(mh_path_pattern_varies("%h"));
    assert_true(mh_path_pattern_varies("/%d/%n"));
    assert_false(mh_path_pattern_varies("/m"));
    assert_false(mh_path_pattern_varies("/m/%d"));
    assert_false(mh_path_pattern_varies("/m/%%u"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_varies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
