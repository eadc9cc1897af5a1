#include "testing.h"

static void
test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t max;
        bool good;
        uint64_t value;
    } rows[] = {
        {"", 10, false, 0},
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"9", 10, true, 9},
        {"10", 10, true, 10},
        {"11", 10, false, 0},
        {"007", 10, true, 7},
        {"-1", 10, false, 0},
        {" 1", 10, false, 0},
        {"1 ", 10, false, 0},
        {"4294967295", UINT32_MAX, true, UINT32_MAX},
        {"4294967296", UINT32_MAX, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint64_t value = 77;
        MhSpan text = testing_exact_copy(rows[i].text, strlen(rows[i].text));
        bool good = mh_span_to_u64(text, rows[i].max, &value);
        g_free((void *)(uintptr_t)text.data);
        if (good != rows[i].good || value != (good ? rows[i].value : 77))
            fail_msg("row %zu: '%s'", i, rows[i].text);
    }
}

static void
test_lines(void **state)
{
    (void)state;
    MhSpan rest = MH_SPAN_LITERAL("a\n\nb\r\nlast");
    MhSpan line;
    bool ended;
    static const char *const expected[] = {"a", "", "b\r", "last"};
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        assert_true(mh_span_take_line(&rest, &line, &ended));
        assert_true(mh_span_equal(line, mh_span_from_string(expected[i])));
        assert_int_equal(ended, i < 3);
    }
    assert_false(mh_span_take_line(&rest, &line, &ended));
}

static void
test_words(void **state)
{
    (void)state;
    MhSpan rest = MH_SPAN_LITERAL("  one\ttwo  ");
    MhSpan word;
    assert_true(mh_span_take_word(&rest, &word));
    assert_true(mh_span_equal(word, MH_SPAN_LITERAL("one")));
    assert_true(mh_span_take_word(&rest, &word));
    assert_true(mh_span_equal(word, MH_SPAN_LITERAL("two")));
    assert_false(mh_span_take_word(&rest, &word));
}

static void
test_hex(void **state)
{
    (void)state;
    uint64_t value = 7;
    assert_true(mh_span_to_u64_hex(MH_SPAN_LITERAL("fFffffffFFFFFFFF"), &value));
    assert_true(value == UINT64_MAX);
    assert_false(mh_span_to_u64_hex(MH_SPAN_LITERAL("10000000000000000"), &value));
    assert_false(mh_span_to_u64_hex(MH_SPAN_LITERAL("0x1"), &value));
    assert_false(mh_span_to_u64_hex(MH_SPAN_LITERAL(""), &value));
}

static void
test_compare_and_trim(void **state)
{
    (void)state;
    assert_int_equal(mh_span_compare(MH_SPAN_LITERAL("a"), MH_SPAN_LITERAL("ab")), -1);
    assert_int_equal(mh_span_compare(MH_SPAN_LITERAL("\xff"), MH_SPAN_LITERAL("a")), 1);
    assert_int_equal(mh_span_compare(MH_SPAN_LITERAL(""), MH_SPAN_LITERAL("")), 0);
    assert_true(
        mh_span_equal(mh_span_trim(MH_SPAN_LITERAL(" \r\nx y\t\n")), MH_SPAN_LITERAL("x y")));
    assert_true(mh_span_equal_nocase(MH_SPAN_LITERAL("X-uId"), MH_SPAN_LITERAL("x-UID")));
    assert_true(mh_span_ends_with(MH_SPAN_LITERAL("a.msf"), MH_SPAN_LITERAL(".msf")));
    assert_false(mh_span_ends_with(MH_SPAN_LITERAL("msf"), MH_SPAN_LITERAL(".msf")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_compare_and_trim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
