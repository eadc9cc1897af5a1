#include "testing.h"

#include "mutf7.h"

static int
teardown_text(void **state)
{
    g_free(*state);
    *state = NULL;
    return 0;
}

/* Decodes a copy of exact size. */
static char *
decode(const char *text, size_t len)
{
    MhSpan copy = testing_exact_copy(text, len);
    char *decoded = mh_mutf7_decode(copy);
    g_free((void *)(uintptr_t)copy.data);
    return decoded;
}

static void
test_pairs(void **state)
{
    static const struct {
        const char *name, *utf8, *mutf7;
    } rows[] = {
        {"empty", "", ""},
        {"ASCII", "INBOX.Sent Mail ~{}", "INBOX.Sent Mail ~{}"},
        {"first and last that stand for themselves", " ~", " ~"},
        {"ampersand", "&", "&-"},
        {"ampersands", "R&D && x", "R&-D &-&- x"},
        {"a minus is nothing special", "-a-", "-a-"},
        {"RFC 3501", "~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
        {"RFC 3501, corrected", "台北日本語", "&U,BTF2XlZyyKng-"},
        {"one unit", "é", "&AOk-"},
        {"two units", "éè", "&AOkA6A-"},
        {"three units", "éèê", "&AOkA6ADq-"},
        {"run, ASCII, run", "é-è", "&AOk--&AOg-"},
        {"run and ampersand", "é&è", "&AOk-&-&AOg-"},
        {"ampersand and run", "&é", "&-&AOk-"},
        {"emoji", "😀", "&2D3eAA-"},
        {"emoji and text", "a😀b", "a&2D3eAA-b"},
        {"last code point", "\xf4\x8f\xbf\xbf", "&2,,f,w-"},
        {"control characters", "a\tb\x7f", "a&AAk-b&AH8-"},
        {"decomposed stays so", "e\xcc\x81", "e&AwE-"},
        {"comma in base64", "\xe5\x8f\xb0", "&U,A-"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        *state = mh_mutf7_encode(rows[i].utf8);
        if (strcmp(*state, rows[i].mutf7) != 0)
            fail_msg("%s: encoded as '%s'", rows[i].name, (char *)*state);
        g_free(*state);
        *state = decode(rows[i].mutf7, strlen(rows[i].mutf7));
        if (*state == NULL || strcmp(*state, rows[i].utf8) != 0)
            fail_msg("%s: decoded as '%s'", rows[i].name, (char *)*state);
        teardown_text(state);
    }
}

static void
test_invalid(void **state)
{
    static const struct {
        const char *name;
        MhSpan text;
    } rows[] = {
        {"lone ampersand", MH_SPAN_LITERAL("&")},
        {"ampersand at the end", MH_SPAN_LITERAL("a&")},
        {"no minus", MH_SPAN_LITERAL("&AOk")},
        {"no minus, but later", MH_SPAN_LITERAL("&AOk x-")},
        {"raw UTF-8", MH_SPAN_LITERAL("caf\xc3\xa9")},
        {"Latin-1", MH_SPAN_LITERAL("caf\xe9")},
        {"control character", MH_SPAN_LITERAL("a\tb")},
        {"DEL", MH_SPAN_LITERAL("\x7f")},
        {"NUL", MH_SPAN_LITERAL("a\0b")},
        {"NUL in a run", MH_SPAN_LITERAL("&AO\0k-")},
        {"8-bit in a run", MH_SPAN_LITERAL("&AO\xe9k-")},
        {"slash for comma", MH_SPAN_LITERAL("&U/A-")},
        {"padding", MH_SPAN_LITERAL("&AOk=-")},
        {"ASCII letter in base64", MH_SPAN_LITERAL("&AGE-")},
        {"ASCII behind another", MH_SPAN_LITERAL("&AOkAYQ-")},
        {"encoded ampersand", MH_SPAN_LITERAL("&ACY-")},
        {"encoded dot", MH_SPAN_LITERAL("&AC4-")},
        {"encoded slash", MH_SPAN_LITERAL("&AC8-")},
        {"U+0000", MH_SPAN_LITERAL("&AAA-")},
        {"U+0000 behind another", MH_SPAN_LITERAL("&AOkAAA-")},
        {"U+0000 between two", MH_SPAN_LITERAL("&AOkAAADp-")},
        {"one base64 letter", MH_SPAN_LITERAL("&A-")},
        {"two base64 letters", MH_SPAN_LITERAL("&AO-")},
        {"stray bits", MH_SPAN_LITERAL("&AOl-")},
        {"a letter too many", MH_SPAN_LITERAL("&AOkA-")},
        {"lone high surrogate", MH_SPAN_LITERAL("&2D0-")},
        {"lone low surrogate", MH_SPAN_LITERAL("&3gA-")},
        {"high surrogate and text", MH_SPAN_LITERAL("&2D0A6Q-")},
        {"surrogates the wrong way round", MH_SPAN_LITERAL("&3gDYPQ-")},
        {"run behind run", MH_SPAN_LITERAL("&AOk-&AOg-")},
        {"good, then bad", MH_SPAN_LITERAL("&AOk-x&AGE-")},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        *state = decode((const char *)rows[i].text.data, rows[i].text.len);
        if (*state != NULL)
            fail_msg("%s: decoded as '%s'", rows[i].name, (char *)*state);
    }
}

static gunichar
some_character(GRand *dice)
{
    static const guint32 limits[] = {0x7f, 0x80, 0x800, 0x10000, 0x110000};
    gunichar c;
    do {
        c = (gunichar)g_rand_int_range(dice, 1, (gint32)limits[g_rand_int_range(dice, 0, 5)]);
    } while (c >= 0xd800 && c < 0xe000);
    return c;
}

static void
test_round_trip(void **state)
{
    g_autoptr(GRand) dice = g_rand_new_with_seed(3501);
    for (int round = 0; round < 20000; round++) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (int n = g_rand_int_range(dice, 0, 12); n > 0; n--)
            g_string_append_unichar(text, some_character(dice));
        g_autofree char *encoded = mh_mutf7_encode(text->str);
        *state = decode(encoded, strlen(encoded));
        if (*state == NULL || strcmp(*state, text->str) != 0)
            fail_msg("round %d: %s", round, encoded);
        teardown_text(state);
    }
}

/* What is accepted at all is what the encoder writes. */
static void
test_one_spelling(void **state)
{
    static const char letters[] = "&&--AOkgU,2D3eZ a";
    g_autoptr(GRand) dice = g_rand_new_with_seed(5);
    int accepted = 0;
    for (int round = 0; round < 100000; round++) {
        char text[12];
        size_t len = (size_t)g_rand_int_range(dice, 0, sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] = letters[g_rand_int_range(dice, 0, sizeof letters - 1)];
        *state = decode(text, len);
        if (*state == NULL)
            continue;
        g_autofree char *again = mh_mutf7_encode(*state);
        if (strlen(again) != len || memcmp(again, text, len) != 0)
            fail_msg("'%.*s' was accepted, its spelling is '%s'", (int)len, text, again);
        teardown_text(state);
        accepted++;
    }
    assert_true(accepted > 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_pairs, teardown_text),
        cmocka_unit_test_teardown(test_invalid, teardown_text),
        cmocka_unit_test_teardown(test_round_trip, teardown_text),
        cmocka_unit_test_teardown(test_one_spelling, teardown_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
