#include "pace.h"

#include <glib.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What may be taken at once after a rest. */
#define BURST_NS  INT64_C(50000000)
#define SECOND_NS INT64_C(1000000000)
#define SECOND_US 1000000

/* A token bucket, told by the time at which everything that was taken will have been paid for: one
 * number, so that processes share it without a lock. */
struct MhPace {
    uint64_t bytes_per_s;
    _Atomic int64_t paid_ns; /* finer than messages are small */
};

MhPace *
mh_pace_new(uint64_t bytes_per_s)
{
    if (bytes_per_s == 0)
        return NULL;
    MhPace *pace =
        mmap(NULL, sizeof *pace, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (pace == MAP_FAILED)
        return NULL;
    pace->bytes_per_s = bytes_per_s;
    return pace;
}

void
mh_pace_free(MhPace *pace)
{
    if (pace != NULL)
        munmap(pace, sizeof *pace);
}

int64_t
mh_pace_take(MhPace *pace, uint64_t bytes, int64_t now_us)
{
    int64_t price_ns = (int64_t)((double)bytes * SECOND_NS / (double)pace->bytes_per_s);
    int64_t now_ns = now_us * 1000, before = atomic_load(&pace->paid_ns), after;
    do
        after = MAX(before, now_ns - BURST_NS) + price_ns;
    while (!atomic_compare_exchange_weak(&pace->paid_ns, &before, after));
    return MAX(after - now_ns, 0) / 1000;
}

void
mh_pace_spend(MhPace *pace, uint64_t bytes)
{
    if (pace == NULL)
        return;
    int64_t wait_us = mh_pace_take(pace, bytes, g_get_monotonic_time());
    for (; wait_us > 0; wait_us -= SECOND_US) { /* a worker that never moves looks held */
        int64_t part_us = MIN(wait_us, SECOND_US);
        struct timespec wait = {.tv_sec = part_us / SECOND_US,
                                .tv_nsec = (long)(part_us % SECOND_US * 1000)};
        nanosleep(&wait, NULL);
    }
}

/* Not the idle class: a disk that is never idle would keep us waiting for ever, with a user's
 * mailbox locked. */
void
mh_pace_give_way(void)
{
    enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_BEST_EFFORT = 2, IOPRIO_SHIFT = 13, IOPRIO_LOWEST = 7 };
    setpriority(PRIO_PROCESS, 0, 19);
    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
            IOPRIO_BEST_EFFORT << IOPRIO_SHIFT | IOPRIO_LOWEST);
}
