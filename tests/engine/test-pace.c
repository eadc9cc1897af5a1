#include "pace.h"

#include "testing.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Takes pieces for as long as a clock of its own goes, waiting as told: the rate holds. */
static void
test_rate(void **state)
{
    (void)state;
    static const uint64_t pieces[] = {1, 500, 4096, 1000000, 30000000};
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        MhPace *pace = mh_pace_new(10000000);
        int64_t start_us = 5000000, now_us = start_us;
        uint64_t bytes = 0;
        while (bytes < 100 * pieces[i]) {
            now_us += mh_pace_take(pace, pieces[i], now_us);
            bytes += pieces[i];
        }
        /* 10 bytes a microsecond, but for the burst at the beginning and what is rounded. */
        int64_t due_us = (int64_t)(bytes / 10);
        assert_true(now_us - start_us >= due_us - 50000 - 100);
        assert_true(now_us - start_us <= due_us);
        mh_pace_free(pace);
    }
}

static void
test_rest_is_not_saved_up(void **state)
{
    (void)state;
    MhPace *pace = mh_pace_new(1000000);
    assert_true(mh_pace_take(pace, 1000000, 1000000) == 950000);
    assert_true(mh_pace_take(pace, 1000, 3600000000) == 0);
    assert_true(mh_pace_take(pace, 1049000, 3600000000) == 1000000);
    mh_pace_free(pace);
}

/* Two processes share one limit. */
static void
test_shared(void **state)
{
    (void)state;
    MhPace *pace = mh_pace_new(1000000);
    pid_t child = fork();
    if (child == 0) {
        mh_pace_take(pace, 1000000, 1000000);
        _exit(0);
    }
    assert_true(waitpid(child, NULL, 0) == child);
    assert_true(mh_pace_take(pace, 1000000, 1000000) == 1950000);
    mh_pace_free(pace);
}

static void
test_clock(void **state)
{
    (void)state;
    MhPace *pace = mh_pace_new(10000000);
    int64_t start_us = g_get_monotonic_time();
    for (int i = 0; i < 20; i++)
        mh_pace_spend(pace, 100000); /* 2 MB at 10 MB/s: 200 ms less the burst */
    assert_true(g_get_monotonic_time() - start_us >= 150000);
    mh_pace_free(pace);
    mh_pace_spend(NULL, UINT64_MAX);
    assert_null(mh_pace_new(0));
}

static void
test_give_way(void **state)
{
    (void)state;
    pid_t child = fork();
    int status;
    if (child == 0) {
        mh_pace_give_way();
        bool good = getpriority(PRIO_PROCESS, 0) == 19;
        good = good && syscall(SYS_ioprio_get, 1, 0) == (2 << 13 | 7);
        _exit(good ? 0 : 1);
    }
    assert_true(waitpid(child, &status, 0) == child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),     cmocka_unit_test(test_rest_is_not_saved_up),
        cmocka_unit_test(test_shared),   cmocka_unit_test(test_clock),
        cmocka_unit_test(test_give_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
