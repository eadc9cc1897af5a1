#include "testing.h"

#include "printable.h"

static int
teardown_text(void **state)
{
    g_free(*state);
    *state = NULL;
    return 0;
}

static char *
print(MhSpan bytes)
{
    MhSpan copy = testing_exact_copy(bytes.data, bytes.len);
    char *text = mh_printable(copy);
    g_free((void *)(uintptr_t)copy.data);
    return text;
}

static void
test_rows(void **state)
{
    static const struct {
        const char *name;
        MhSpan bytes;
        const char *text;
    } rows[] = {
        {"empty", MH_SPAN_LITERAL(""), ""},
        {"ASCII", MH_SPAN_LITERAL("a b~"), "a b~"},
        {"UTF-8", MH_SPAN_LITERAL("Entwürfe 日本 😀"), "Entwürfe 日本 😀"},
        {"backslash", MH_SPAN_LITERAL("a\\x41"), "a\\\\x41"},
        {"NUL", MH_SPAN_LITERAL("a\0b"), "a\\x00b"},
        {"line ends", MH_SPAN_LITERAL("a\r\nb\t"), "a\\x0d\\x0ab\\x09"},
        {"escape sequence", MH_SPAN_LITERAL("\033[2J"), "\\x1b[2J"},
        {"DEL", MH_SPAN_LITERAL("\x7f"), "\\x7f"},
        {"C1 control",
         MH_SPAN_LITERAL("\xc2\x9b"
                         "2J"),
         "\\xc2\\x9b2J"},
        {"Latin-1", MH_SPAN_LITERAL("caf\xe9"), "caf\\xe9"},
        {"cut short", MH_SPAN_LITERAL("caf\xc3"), "caf\\xc3"},
        {"cut short, three of four", MH_SPAN_LITERAL("\xf0\x9f\x98"), "\\xf0\\x9f\\x98"},
        {"cut short by a letter", MH_SPAN_LITERAL("\xe2\x82x"), "\\xe2\\x82x"},
        {"lone continuation", MH_SPAN_LITERAL("\x80\xbf"), "\\x80\\xbf"},
        {"overlong", MH_SPAN_LITERAL("\xc0\xaf"), "\\xc0\\xaf"},
        {"surrogate", MH_SPAN_LITERAL("\xed\xa0\x80"), "\\xed\\xa0\\x80"},
        {"past the last code point", MH_SPAN_LITERAL("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"},
        {"never in UTF-8", MH_SPAN_LITERAL("\xfe\xff"), "\\xfe\\xff"},
        {"right-to-left override", MH_SPAN_LITERAL("a\u202eb"), "a\\xe2\\x80\\xaeb"},
        {"zero width space", MH_SPAN_LITERAL("a\u200bb"), "a\\xe2\\x80\\x8bb"},
        {"byte order mark", MH_SPAN_LITERAL("\ufeff"), "\\xef\\xbb\\xbf"},
        {"line separator", MH_SPAN_LITERAL("a\u2028b"), "a\\xe2\\x80\\xa8b"},
        {"paragraph separator", MH_SPAN_LITERAL("a\u2029b"), "a\\xe2\\x80\\xa9b"},
        {"unassigned", MH_SPAN_LITERAL("\u0378"), "\\xcd\\xb8"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        *state = print(rows[i].bytes);
        if (strcmp(*state, rows[i].text) != 0)
            fail_msg("%s: '%s'", rows[i].name, (char *)*state);
        teardown_text(state);
    }
    *state = mh_printable_string(NULL);
    assert_string_equal(*state, "");
}

static void
test_undo_rows(void **state)
{
    static const struct {
        const char *name, *text;
        bool good;
        MhSpan bytes;
    } rows[] = {
        {"empty", "", true, MH_SPAN_LITERAL("")},
        {"NUL", "a\\x00b", true, MH_SPAN_LITERAL("a\0b")},
        {"capitals", "\\xE9", true, MH_SPAN_LITERAL("\xe9")},
        {"needless", "\\x41", true, MH_SPAN_LITERAL("A")},
        {"backslashes", "\\\\\\\\x41", true, MH_SPAN_LITERAL("\\\\x41")},
        {"lone backslash", "a\\", false, {0}},
        {"three backslashes", "\\\\\\", false, {0}},
        {"no digit", "\\x", false, {0}},
        {"one digit", "\\x4", false, {0}},
        {"no hexadecimal", "\\x4g", false, {0}},
        {"a sign", "\\x+4", false, {0}},
        {"octal", "\\101", false, {0}},
        {"letter", "\\n", false, {0}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t len = 77;
        *state = mh_printable_undo(rows[i].text, &len);
        bool good = *state != NULL;
        if (good != rows[i].good || (!good && len != 77) ||
            (good && !mh_span_equal(mh_span(*state, len), rows[i].bytes)))
            fail_msg("%s", rows[i].name);
        teardown_text(state);
    }
}

static void
test_round_trip(void **state)
{
    static const char pieces[] = "\\x4\xc3\xa9\xe2\x80\xae\0\n\xf0\x9f\x98\x80z";
    g_autoptr(GRand) dice = g_rand_new_with_seed(8);
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[16];
        size_t len = (size_t)g_rand_int_range(dice, 0, sizeof bytes), got = 0;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)pieces[g_rand_int_range(dice, 0, sizeof pieces - 1)];
        g_autofree char *text = print(mh_span(bytes, len));
        *state = mh_printable_undo(text, &got);
        if (!g_utf8_validate(text, -1, NULL) || strpbrk(text, "\n\r\033") != NULL ||
            *state == NULL || !mh_span_equal(mh_span(*state, got), mh_span(bytes, len)))
            fail_msg("round %d: '%s'", round, text);
        teardown_text(state);
    }
}

static void
test_again(void **state)
{
    g_autofree char *printable = mh_printable(MH_SPAN_LITERAL("a\\b\x1b[2J\xe9"));
    *state = mh_printable_again(printable);
    assert_string_equal(*state, printable); /* nothing is escaped twice */
    teardown_text(state);
    *state = mh_printable_again("a\\x\033]0;title\a\n\u202e");
    assert_string_equal(*state, "a\\x\\x1b]0;title\\x07\\x0a\\xe2\\x80\\xae");
}

static void
test_variant(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *printable;
    } rows[] = {
        {"a string", "'a\\nb'", "'a\\\\x0ab'"},
        {"none", "(1, [uint64 2], true)", "(1, [2], true)"},
        {"maybe", "(@ms 'a\\r', @ms nothing)", "('a\\\\x0d', nothing)"},
        {"deep", "[(1, <['x', '\\u001b[m']>)]", "[(1, <['x', '\\\\x1b[m']>)]"},
        {"bytes are no text", "(b'\\033', 's')", "(b'\\033', 's')"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_new_parsed(rows[i].value));
        g_autoptr(GVariant) printable = mh_printable_variant(value);
        g_autoptr(GVariant) wanted =
            g_variant_parse(g_variant_get_type(value), rows[i].printable, NULL, NULL, NULL);
        if (wanted == NULL || !g_variant_equal(printable, wanted))
            fail_msg("%s: %s", rows[i].name, g_variant_print(printable, FALSE));
        g_autoptr(GVariant) again = mh_printable_variant(printable);
        if (again != printable)
            fail_msg("%s is not printable once it has been made so", rows[i].name);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_rows, teardown_text),
        cmocka_unit_test_teardown(test_undo_rows, teardown_text),
        cmocka_unit_test_teardown(test_round_trip, teardown_text),
        cmocka_unit_test_teardown(test_again, teardown_text),
        cmocka_unit_test(test_variant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
