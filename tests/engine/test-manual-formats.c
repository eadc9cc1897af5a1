/* manual-formats: mailhaul-formats(5) lists every finding, in the words that the program uses, and
 * names only tests that there are, and every case of an mbox file. */
#include "finding.h"

#include "manual-text.h"

#include <glib/gstdio.h>

static int
setup(void **state)
{
    return manual_text_set_up(state, MANUAL);
}

static void
test_every_finding(void **state)
{
    for (int code = 0; code < MH_FINDING_COUNT; code++) {
        const char *name = mh_finding_name((MhFindingCode)code);
        char *item = g_strdup_printf("\n.It Cm %s Pq %s\n", name,
                                     mh_weight_name(mh_finding_weight((MhFindingCode)code)));
        const char *at = strstr(*state, item);
        size_t len = strlen(item);
        g_free(item);
        if (at == NULL)
            fail_msg("%s has no entry of its weight", name);
        char *text = manual_text_below(at + len - 1);
        char *sentence = g_strdup_printf("%s.", mh_finding_text((MhFindingCode)code));
        sentence[0] = g_ascii_toupper(sentence[0]);
        bool same = g_str_has_prefix(text, sentence);
        g_free(sentence);
        if (!same)
            fail_msg("%s: other words than the program's: %s", name, text);
        g_free(text);
    }
}

static void
test_no_other_finding(void **state)
{
    const char *at = strstr(*state, "\n.Sh FINDINGS\n");
    assert_non_null(at);
    while ((at = strstr(at, "\n.It Cm ")) != NULL) {
        at += strlen("\n.It Cm ");
        char *name = g_strndup(at, strcspn(at, " \n"));
        MhFindingCode code;
        if (!mh_finding_from_name(name, &code))
            fail_msg("there is no finding %s", name);
        g_free(name);
    }
}

/* "test-NAME" is a program of some folder below tests/, "test_NAME" a script, and "FORMAT/CASE" is
 * a folder of fixtures. */
static bool
is_test(const char *name)
{
    static const char *const folders[] = {"..",         "../engine",  "../mbox",
                                          "../maildir", "../courier", "../lab"};
    char *path = g_build_filename(FIXTURES, name, NULL);
    bool found = g_file_test(path, G_FILE_TEST_IS_DIR);
    g_free(path);
    const char *ending = g_str_has_prefix(name, "test_") ? "py" : "c";
    for (size_t i = 0; i < G_N_ELEMENTS(folders) && !found; i++) {
        path = g_strdup_printf("%s/%s/%s.%s", FIXTURES, folders[i], name, ending);
        found = g_file_test(path, G_FILE_TEST_IS_REGULAR);
        g_free(path);
    }
    return found;
}

static void
test_named_tests(void **state)
{
    unsigned count = 0;
    const char *at = *state;
    while ((at = strstr(at, "\n.Bq Pa ")) != NULL) {
        at += strlen("\n.Bq Pa ");
        char *name = g_strndup(at, strcspn(at, " \n"));
        if (strstr(name, "NAME") == NULL && !is_test(name))
            fail_msg("there is no test %s", name);
        g_free(name);
        count++;
    }
    assert_true(count > 50);
}

static void
test_every_mbox_case(void **state)
{
    GDir *dir = g_dir_open(FIXTURES "/mbox", 0, NULL);
    assert_non_null(dir);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        char *path = g_build_filename(FIXTURES "/mbox", name, NULL);
        char *line = g_strdup_printf("\n.Bq Pa mbox/%s\n", name);
        bool told = !g_file_test(path, G_FILE_TEST_IS_DIR) || strstr(*state, line) != NULL;
        g_free(line);
        g_free(path);
        if (!told)
            fail_msg("nothing is said of mbox/%s", name);
    }
    g_dir_close(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_finding),
        cmocka_unit_test(test_no_other_finding),
        cmocka_unit_test(test_named_tests),
        cmocka_unit_test(test_every_mbox_case),
    };
    return cmocka_run_group_tests(tests, setup, manual_text_tear_down);
}
