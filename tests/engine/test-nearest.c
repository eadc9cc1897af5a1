#include "nearest.h"

#include "testing.h"

static void
test_nearest(void **state)
{
    (void)state;
    static const char *const words[] = {"check", "migrate", "verify", "status", "server-config"};
    static const struct {
        const char *word, *nearest;
    } rows[] = {
        {"migrate", "migrate"},
        {"migrat", "migrate"},
        {"imgrate", "migrate"},
        {"migraet", "migrate"},
        {"chekc", "check"},
        {"ceck", "check"},
        {"serv", "server-config"},
        {"verfiy", "verify"},
        {"statsu", "status"},
        {"xyzzy", NULL},
        {"", NULL},
        {"c", NULL},
        {"undo", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *nearest = mh_nearest_word(rows[i].word, words, G_N_ELEMENTS(words));
        if (g_strcmp0(nearest, rows[i].nearest) != 0)
            fail_msg("'%s': %s", rows[i].word, nearest);
    }
    assert_null(mh_nearest_word("check", words, 0));
    char endless[1000];
    memset(endless, 'c', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_null(mh_nearest_word(endless, words, G_N_ELEMENTS(words)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nearest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
