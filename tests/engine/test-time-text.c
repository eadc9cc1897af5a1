#include "time-text.h"

#include "testing.h"

static void
test_durations(void **state)
{
    (void)state;
    static const struct {
        uint64_t microseconds;
        const char *text;
    } rows[] = {{0, "0.0 s"},
                {950000, "0.9 s"},
                {9999999, "9.9 s"},
                {10000000, "10 s"},
                {59999999, "59 s"},
                {60000000, "1 min 0 s"},
                {3599000000, "59 min 59 s"},
                {3600000000, "1 h 0 min"},
                {86399000000, "23 h 59 min"},
                {86400000000, "1 d 0 h"}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *text = mh_duration_text(rows[i].microseconds);
        assert_string_equal(text, rows[i].text);
        g_free(text);
    }
}

static void
test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t seconds;
    } good[] = {{"0s", 0},      {"90s", 90},     {"15m", 900},          {"24h", 86400},
                {"7d", 604800}, {"2w", 1209600}, {"36600d", 3162240000}};
    static const char *const bad[] = {"",   "24",  "h",   "-1h",    "1.5h",        "24 h",
                                      "1y", "24H", "1h ", "36601d", "99999999999s"};
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        uint32_t seconds = 1;
        if (!mh_duration_parse(good[i].text, &seconds) || seconds != good[i].seconds)
            fail_msg("%s: %u", good[i].text, seconds);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        uint32_t seconds = 7;
        if (mh_duration_parse(bad[i], &seconds) || seconds != 7)
            fail_msg("'%s' was taken", bad[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
