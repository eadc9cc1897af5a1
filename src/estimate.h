/* estimate: how long a migration will take.
 *
 * Where a run of the past has carried mail, the coming one is taken to be as fast, by bytes or by
 * messages, whichever takes longer: small messages cost by their number, large ones by their size.
 * Before that only the reading has been measured, by the check itself, and nothing was written: so
 * there is a range, from a fast target to a slow one.
 */
#pragma once

#include "state-past.h"

/* A slow and a fast target, all jobs together: a busy disk over NFS; a local SSD. */
#define MH_SLOW_BYTES_S    UINT64_C(20000000)
#define MH_SLOW_MESSAGES_S UINT64_C(300)
#define MH_FAST_BYTES_S    UINT64_C(200000000)
#define MH_FAST_MESSAGES_S UINT64_C(5000)

typedef struct {
    uint64_t least_us, most_us; /* equal where @past says */
} MhEstimate;

/* @messages and @bytes are to be carried; reading both sides took @read_us just now. @past may be
 * NULL. */
MhEstimate mh_estimate(uint64_t messages, uint64_t bytes, uint64_t read_us, const MhPastRun *past);
