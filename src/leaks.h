/* leaks: what a build with the sanitizers does to look for memory that was lost. Nothing in any
 * other build.
 *
 * Who looks for leaks traces the process, which no confined process lets anybody do, and workers
 * end without cleaning up. So, with MAILHAUL_LEAKS in the environment, nothing is confined, and
 * each process that ends early looks first. MAILHAUL_LEAKS=lose loses a block: a test of the test.
 */
#pragma once

#include <stdbool.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MH_LEAKS_STATUS 23 /* LeakSanitizer's own */

static inline bool
mh_leaks_wanted(void)
{
    return getenv("MAILHAUL_LEAKS") != NULL;
}

/* Before _exit(): ends the process here when something was lost. */
static inline void
mh_leaks_look(void)
{
    if (!mh_leaks_wanted())
        return;
    if (strcmp(getenv("MAILHAUL_LEAKS"), "lose") == 0) {
        void *volatile lost = malloc(7);
        lost = NULL;
        (void)lost;
    }
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* the change of user has cleared it */
    if (__lsan_do_recoverable_leak_check() != 0)
        _exit(MH_LEAKS_STATUS);
}
#else
static inline bool
mh_leaks_wanted(void)
{
    return false;
}

static inline void
mh_leaks_look(void)
{
}
#endif
