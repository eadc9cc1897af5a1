#include "name-map.h"

#include "testing.h"

static char *
describe(const char *text, size_t len)
{
    MhLineErrors *errors = mh_line_errors_new("n");
    MhSpan copy = testing_exact_copy(text, len);
    MhNameMap *map = mh_name_map_parse(copy, errors);
    g_free((void *)(uintptr_t)copy.data);
    char *lines = mh_name_map_format(map);
    GString *out = g_string_new(lines);
    g_free(lines);
    for (size_t i = 0; i < mh_line_errors_count(errors); i++)
        g_string_append_printf(out, "!%s", mh_line_errors_get(errors, i));
    mh_name_map_free(map);
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
        {"nothing", "\n# x\r\n", ""},
        {"one", "fred/a = b\n", "fred/a = b\n"},
        {"everybody", "*/sent-mail=Sent", "*/sent-mail = Sent\n"},
        {"sorted", "fred/b = x\nfred/a = y\n*/b = z\n", "*/b = z\nfred/a = y\nfred/b = x\n"},
        {"levels", "fred/a/b = c/d\r\n", "fred/a/b = c/d\n"},
        {"inner blanks", "fred/Sent Items\t=  Sent Mail \n", "fred/Sent Items = Sent Mail\n"},
        {"raw bytes", "fred/caf\xe9 = caf\xc3\xa9\n", "fred/caf\\xe9 = caf\xc3\xa9\n"},
        {"equals", "fred/a\\x3db = c=d\n", "fred/a\\x3db = c=d\n"},
        {"outer blanks", "fred/a\\x20 = \\x20c\\x20\n", "fred/a\\x20 = \\x20c\\x20\n"},
        {"only a blank", "fred/a = \\x20\n", "fred/a = \\x20\n"},
        {"hash", "fred/#a = \\x23c\n", "fred/#a = \\x23c\n"},
        {"backslash", "fred/a\\\\b = c\n", "fred/a\\\\b = c\n"},
        {"control character", "fred/a\\x0ab = c\n", "fred/a\\x0ab = c\n"},
        {"the same twice", "fred/a = b\nfred/a = b\n", "fred/a = b\n"},
        {"two targets", "fred/a = b\nfred/a = c\n",
         "fred/a = b\n!n:2: 'fred/a' has another target already, 'b'"},
        {"no equals", "fred/a\n", "!n:1: a line is 'user/source = target' or '*/source = target'"},
        {"no user", "a = b\n", "!n:1: left of '=' stands 'user/source' or '*/source'"},
        {"no source", "fred/ = b\n", "!n:1: folder '' has an empty component"},
        {"no target", "fred/a =\n", "!n:1: folder '' has an empty component"},
        {"user", "../a = b\n", "!n:1: user name '..' starts with '.', '-' or '#'"},
        {"target up", "fred/a = ../b\n", "!n:1: folder '../b' has a component '.' or '..'"},
        {"target is Latin-1", "fred/a = \xe9\n", "!n:1: target '\\xe9' is not UTF-8"},
        {"target of two lines", "fred/a = b\\x0a\n",
         "!n:1: target 'b\\x0a' has a control character"},
        {"NUL", "fred/a\\x00 = b\n", "!n:1: folder 'a\\x00' has a NUL byte"},
        {"half an escape", "fred/a\\x = b\n",
         "!n:1: a backslash is written \\\\, another byte \\xNN"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *got = describe(rows[i].text, strlen(rows[i].text));
        char *again = describe(got, strcspn(got, "!"));
        bool good = strcmp(got, rows[i].result) == 0 &&
                    strncmp(again, got, strcspn(got, "!")) == 0 &&
                    strlen(again) == strcspn(got, "!");
        if (!good)
            fail_msg("%s: %s, again: %s", rows[i].name, got, again);
        g_free(again);
        g_free(got);
    }
}

static void
test_lookup(void **state)
{
    (void)state;
    MhNameMap *map =
        mh_name_map_parse(MH_SPAN_LITERAL("*/sent = Sent\nfred/sent = Mine\nfred/a/b = c\n"), NULL);
    static const struct {
        const char *user, *source, *target;
    } rows[] = {
        {"fred", "sent", "Mine"}, {"wilma", "sent", "Sent"}, {"fred", "a/b", "c"},
        {"fred", "a", NULL},      {"wilma", "a/b", NULL},    {"fred", "Sent", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *target =
            mh_name_map_lookup(map, rows[i].user, mh_span_from_string(rows[i].source));
        if (g_strcmp0(target, rows[i].target) != 0)
            fail_msg("%s/%s: %s", rows[i].user, rows[i].source, target);
    }
    assert_null(mh_name_map_lookup(map, "fred", mh_span("sent\0x", 6)));
    mh_name_map_free(map);
}

static void
test_prefixes(void **state)
{
    (void)state;
    static const char text[] = "fred/a\\x3d\\\\ = b\r\n*/x = y/z\n";
    for (size_t len = 0; len < sizeof(text); len++)
        g_free(describe(text, len));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
