/* manual: the manual page says what --help says, option by option. */
#include "settings.h"

#include "manual-text.h"

static int
setup(void **state)
{
    return manual_text_set_up(state, MANUAL);
}

/* The text of the option's entry as one line, or NULL: what follows ".It Fl -name" (with "Fl x ,"
 * before it for a short name) up to the next macro, '\e' made a backslash. */
static char *
find_entry(const char *manual, const MhOption *option)
{
    GString *start = g_string_new("\n.It ");
    if (option->short_name != 0)
        g_string_append_printf(start, "Fl %c , ", option->short_name);
    g_string_append_printf(start, "Fl -%s", option->name);
    const char *at = strstr(manual, start->str);
    size_t len = start->len;
    while (at != NULL && at[len] != '\n' && !g_str_has_prefix(at + len, " Ns ="))
        at = strstr(at + len, start->str); /* a longer name that begins with this one */
    g_string_free(start, TRUE);
    if (at == NULL)
        return NULL;
    return manual_text_below(at + len);
}

static void
test_every_option(void **state)
{
    size_t count;
    const MhOption *options = mh_options(&count);
    for (size_t i = 0; i < count; i++) {
        char *entry = find_entry(*state, &options[i]);
        if (entry == NULL)
            fail_msg("--%s has no entry", options[i].name);
        char *sentence = g_strdup_printf("%s.", options[i].help);
        sentence[0] = g_ascii_toupper(sentence[0]);
        bool same = g_str_has_prefix(entry, sentence);
        g_free(sentence);
        if (!same)
            fail_msg("--%s: other words than in its help: %s", options[i].name, entry);
        g_free(entry);
    }
}

static void
test_defaults(void **state)
{
    size_t count;
    const MhOption *options = mh_options(&count);
    for (size_t i = 0; i < count; i++) {
        char *item = g_strdup_printf(".It Fl -%s Ns", options[i].name);
        const char *at = strstr(*state, item);
        g_free(item);
        const char *next = at != NULL ? strstr(at + 1, "\n.It ") : NULL;
        if (options[i].preset == NULL || at == NULL || next == NULL)
            continue;
        char *entry = g_strndup(at, (size_t)(next - at));
        char *preset = g_strdup_printf("Default:\n.Cm %s .", options[i].preset);
        bool there = strstr(entry, preset) != NULL;
        g_free(preset);
        g_free(entry);
        if (!there)
            fail_msg("--%s: the default is %s", options[i].name, options[i].preset);
    }
}

/* No entry for an option that there is not. */
static void
test_no_other(void **state)
{
    static const char *const others[] = {"config", "help", "version"};
    char **lines = g_strsplit(*state, "\n", -1);
    unsigned entries = 0;
    for (size_t i = 0; lines[i] != NULL; i++) {
        const char *at = g_str_has_prefix(lines[i], ".It Fl") ? strstr(lines[i], "Fl -") : NULL;
        if (at == NULL)
            continue;
        entries++;
        char *name = g_strndup(at + 4, strcspn(at + 4, " "));
        bool known = mh_option_find(name) != NULL;
        for (size_t k = 0; k < G_N_ELEMENTS(others); k++)
            known = known || strcmp(name, others[k]) == 0;
        if (!known)
            fail_msg("there is no option --%s", name);
        g_free(name);
    }
    g_strfreev(lines);
    size_t count;
    mh_options(&count);
    assert_int_equal(entries, count + G_N_ELEMENTS(others));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_option),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_no_other),
    };
    return cmocka_run_group_tests(tests, setup, manual_text_tear_down);
}
