#include "testing.h"

#include "courier-error.h"
#include "courier-subscribed.h"

/* Every kept line as "KIND:path|name ". */
static char *
parse(const char *text, size_t len, MhFindings *findings)
{
    static const char kinds[] = {'i', 'f', 's'};
    MhSpan copy = testing_exact_copy(text, len);
    g_autoptr(GArray) entries = courier_subscribed_parse(copy, findings);
    GString *shown = g_string_new(NULL);
    for (guint i = 0; i < entries->len; i++) {
        const CourierSubscribed *entry = &g_array_index(entries, CourierSubscribed, i);
        MhSpan what = entry->kind == COURIER_SUBSCRIBED_FOLDER ? entry->path : entry->name;
        g_string_append_printf(shown, "%s%c:%.*s", i > 0 ? " " : "", kinds[entry->kind],
                               (int)what.len, (const char *)what.data);
    }
    g_free((void *)(uintptr_t)copy.data);
    return g_string_free(shown, FALSE);
}

static void
test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *expected;
        size_t dead, shared;
    } rows[] = {
        {"empty", "", "", 0, 0},
        {"plain", "INBOX\nINBOX.a.b\n", "i:INBOX f:a.b", 0, 0},
        {"any case of INBOX", "inbox\nInBoX.Sent\n", "i:inbox f:Sent", 0, 0},
        {"no LF at the end", "INBOX.a", "f:a", 0, 0},
        {"CR belongs to the name", "INBOX.a\r\n", "f:a\r", 0, 0},
        {"not INBOX with CR", "INBOX\r\n", "", 1, 0},
        {"shared", "#shared.user.x\nshared.a.b\n#\n", "s:#shared.user.x s:shared.a.b s:#", 0, 3},
        {"dead lines", "\nFoo\nINBOX.\nINBOX..a\nINBOX.a.\nINBOX.a/b\nINBOXa\n", "", 7, 0},
        {"other names are case-sensitive", "INBOX.a\nINBOX.A\n", "f:a f:A", 0, 0},
        {"repeated", "INBOX.a\nINBOX\nINBOX.b\nINbox.a\ninbox\n", "f:b f:a i:inbox", 0, 0},
        {"8-bit and blanks", "INBOX. \xc3\xa9 \n", "f: \xc3\xa9 ", 0, 0},
        {"folder INBOX.INBOX", "INBOX.INBOX\n", "f:INBOX", 0, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        g_autofree char *shown = parse(rows[i].text, strlen(rows[i].text), findings);
        if (strcmp(shown, rows[i].expected) != 0 ||
            mh_findings_count(findings, MH_FINDING_COURIER_SUBSCRIPTION_DEAD) != rows[i].dead ||
            mh_findings_count(findings, MH_FINDING_COURIER_SUBSCRIPTION_SHARED) != rows[i].shared)
            fail_msg("%s: '%s'", rows[i].name, shown);
    }
}

static void
test_long_line(void **state)
{
    (void)state;
    g_autoptr(GString) text = g_string_new("INBOX.");
    while (text->len < 8192)
        g_string_append_c(text, 'a');
    g_autofree char *too_long = parse(text->str, 8192, NULL);
    g_autofree char *longest = parse(text->str, 8191, NULL);
    assert_string_equal(too_long, "");
    assert_int_equal(strlen(longest), 2 + 8191 - strlen("INBOX."));
}

static void
test_prefixes(void **state)
{
    (void)state;
    static const char text[] = "INBOX\nINBOX.a.b\n#shared.x\nFoo\nINBOX.c";
    for (size_t len = 0; len < sizeof text; len++)
        g_free(parse(text, len, NULL));
}

static void
test_round_trip(void **state)
{
    (void)state;
    static const char text[] = "INBOX\nINBOX.a.b\nINBOX.\xc3\xa9\n";
    const MhSpan paths[] = {{NULL, 0}, MH_SPAN_LITERAL("a.b"), MH_SPAN_LITERAL("\xc3\xa9")};
    g_autoptr(GBytes) list = courier_subscribed_format(paths, 3, NULL);
    assert_true(mh_span_equal(mh_span_from_bytes(list), MH_SPAN_LITERAL(text)));
    g_autofree char *again = parse(text, sizeof text - 1, NULL);
    assert_string_equal(again, "i:INBOX f:a.b f:\xc3\xa9");

    static const char *const bad[] = {".", "a..b", "a/b", "a\nb", "a."};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        MhSpan path = mh_span_from_string(bad[i]);
        g_autoptr(GError) error = NULL;
        if (courier_subscribed_format(&path, 1, &error) != NULL ||
            !g_error_matches(error, COURIER_ERROR, COURIER_ERROR_NAME))
            fail_msg("'%s' was written", bad[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
