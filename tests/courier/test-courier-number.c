#include "testing.h"

#include "courier-number.h"

static void
test_take(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
        size_t left;
    } rows[] = {
        {"", false, 0, 0},
        {"x", false, 0, 1},
        {"-", false, 0, 1},
        {" \t\r", false, 0, 3},
        {"0", true, 0, 0},
        {"8x", true, 8, 1},
        {" \t\v8 9", true, 8, 2},
        {"+7", true, 7, 0},
        {"-1", true, UINT64_MAX, 0},
        {"-18446744073709551616", true, UINT64_MAX, 0},
        {"18446744073709551615", true, UINT64_MAX, 0},
        {"18446744073709551616", true, UINT64_MAX, 0},
        {"99999999999999999999990", true, UINT64_MAX, 0},
        {"00000000000000000000000000001", true, 1, 0},
        {"--1", false, 0, 3},
        {"- 1", false, 0, 3},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan text = testing_exact_copy(rows[i].text, strlen(rows[i].text)), rest = text;
        uint64_t value = 0;
        bool good = courier_number_take(&rest, &value);
        g_free((void *)(uintptr_t)text.data);
        if (good != rows[i].good || value != rows[i].value || rest.len != rows[i].left)
            fail_msg("row %zu: '%s'", i, rows[i].text);
    }
}

static void
test_signed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } rows[] = {
        {"", 0},
        {"M99999.x", 0},
        {"1041379201.471.a", 1041379201},
        {" -12x", -12},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", INT64_MAX},
        {"99999999999999999999", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-9223372036854775809", INT64_MIN},
        {"-99999999999999999999", INT64_MIN},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan text = testing_exact_copy(rows[i].text, strlen(rows[i].text));
        int64_t value = courier_number_signed(text);
        g_free((void *)(uintptr_t)text.data);
        if (value != rows[i].value)
            fail_msg("row %zu: '%s'", i, rows[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
