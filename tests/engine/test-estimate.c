#include "estimate.h"

#include "testing.h"

#define S UINT64_C(1000000)

static void
nothing_takes_no_time(void **state)
{
    (void)state;
    assert_int_equal(mh_estimate(0, 0, 5 * S, NULL).most_us, 0);
}

static void
goes_by_a_run_of_the_past(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t messages, bytes, seconds;
    } rows[] = {
        {"ten times as much", 10000, 100 * S, 100},
        {"few large ones", 10, 100 * S, 100},
        {"many small ones", 10000, 1000, 100},
    };
    MhPastRun past = {.messages = 1000, .bytes = 10 * S, .took_us = 10 * S};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhEstimate found = mh_estimate(rows[i].messages, rows[i].bytes, 3 * S, &past);
        if (found.least_us != rows[i].seconds * S || found.most_us != rows[i].seconds * S)
            fail_msg("%s: %lu us", rows[i].name, (unsigned long)found.least_us);
    }
}

static void
gives_a_range_before_that(void **state)
{
    (void)state;
    MhEstimate found = mh_estimate(3000, 2 * MH_SLOW_BYTES_S, 7 * S, NULL);
    assert_int_equal(found.most_us, 7 * S + 10 * S); /* by messages */
    assert_int_equal(found.least_us, 7 * S + 3000 * S / MH_FAST_MESSAGES_S);
    assert_true(mh_estimate(1, 1, 0, NULL).least_us > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_takes_no_time),
        cmocka_unit_test(goes_by_a_run_of_the_past),
        cmocka_unit_test(gives_a_range_before_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
