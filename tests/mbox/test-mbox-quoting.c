#include "testing.h"

#include "mbox-quoting.h"

static const struct {
    const char *name, *body, *mboxo, *mboxrd;
} rows[] = {
    {"empty", "", "", ""},
    {"nothing quoted", "a\nFrom b\n", "a\nFrom b\n", "a\nFrom b\n"},
    {"first line", ">From a\n", "From a\n", "From a\n"},
    {"twice", "x\n>>From a\n", "x\n>>From a\n", "x\n>From a\n"},
    {"three times", "x\n>>>From a", "x\n>>>From a", "x\n>>From a"},
    {"without the blank", ">From\n>From", ">From\n>From", ">From\n>From"},
    {"ends after the blank", ">From ", "From ", "From "},
    {"other case", ">from a\n>FROM b\n", ">from a\n>FROM b\n", ">from a\n>FROM b\n"},
    {"blank after the quote", "> From a\n", "> From a\n", "> From a\n"},
    {"in the middle of a line", "a >From b\n", "a >From b\n", "a >From b\n"},
    {"two in a row", ">From a\n>From b\n", "From a\nFrom b\n", "From a\nFrom b\n"},
    {"quotes only", ">\n>>\n>>>", ">\n>>\n>>>", ">\n>>\n>>>"},
    {"almost", ">Fro>From m\n\n>From \n", ">Fro>From m\n\nFrom \n", ">Fro>From m\n\nFrom \n"},
    {"CRLF", "a\r\n>From b\r\n", "a\r\nFrom b\r\n", "a\r\nFrom b\r\n"},
};

static bool
append(MhSpan text, void *user)
{
    assert_true(text.len > 0);
    g_string_append_len(user, (const char *)text.data, (gssize)text.len);
    return true;
}

static void
expect(size_t row, MboxUnquote kind, size_t cut, size_t piece, const char *expected)
{
    GString *out = g_string_new(NULL);
    MboxUnquoter unquoter;
    mbox_unquoter_init(&unquoter, kind);
    MhSpan rest = mh_span_from_string(rows[row].body);
    for (size_t len = cut; rest.len > 0; len = piece) {
        MhSpan part = mh_span_first(rest, len);
        MhSpan copy = testing_exact_copy(part.data, part.len);
        assert_true(mbox_unquoter_feed(&unquoter, copy, append, out));
        g_free((uint8_t *)(uintptr_t)copy.data);
        rest = mh_span_from(rest, part.len);
    }
    assert_true(mbox_unquoter_finish(&unquoter, append, out));
    char *text = g_string_free(out, FALSE);
    if (strcmp(text, expected) != 0)
        fail_msg("%s, %s, cut at %zu: '%s'", rows[row].name, mbox_unquote_name(kind), cut, text);
    g_free(text);
}

static void
takes_quotes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (size_t cut = 1; cut <= strlen(rows[i].body) + 1; cut++) {
            for (int single = 0; single < 2; single++) {
                size_t piece = single ? 1 : SIZE_MAX;
                expect(i, MBOX_UNQUOTE_NONE, cut, piece, rows[i].body);
                expect(i, MBOX_UNQUOTE_MBOXO, cut, piece, rows[i].mboxo);
                expect(i, MBOX_UNQUOTE_MBOXRD, cut, piece, rows[i].mboxrd);
            }
        }
    }
}

/* A line of nothing but quotes is counted, not kept. */
static void
passes_a_long_line_of_quotes(void **state)
{
    (void)state;
    GString *out = g_string_new(NULL), *body = g_string_new(NULL);
    MboxUnquoter unquoter;
    mbox_unquoter_init(&unquoter, MBOX_UNQUOTE_MBOXRD);
    for (int i = 0; i < 1000; i++)
        g_string_append_c(body, '>');
    mbox_unquoter_feed(&unquoter, mh_span(body->str, body->len), append, out);
    assert_int_equal(out->len, 0);
    mbox_unquoter_feed(&unquoter, MH_SPAN_LITERAL("From x"), append, out);
    mbox_unquoter_finish(&unquoter, append, out);
    assert_int_equal(out->len, 999 + 6);
    g_string_free(out, TRUE);
    g_string_free(body, TRUE);
}

static void
names_are_read_back(void **state)
{
    (void)state;
    MboxUnquote kind;
    for (int i = MBOX_UNQUOTE_NONE; i <= MBOX_UNQUOTE_MBOXRD; i++) {
        assert_true(mbox_unquote_from_name(mbox_unquote_name((MboxUnquote)i), &kind));
        assert_int_equal(kind, i);
    }
    assert_false(mbox_unquote_from_name("mboxcl", &kind));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_quotes_back),
        cmocka_unit_test(passes_a_long_line_of_quotes),
        cmocka_unit_test(names_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
