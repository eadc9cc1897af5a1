#include "estimate.h"

static double
slower(uint64_t messages, double messages_s, uint64_t bytes, double bytes_s)
{
    return MAX((double)messages / messages_s, (double)bytes / bytes_s) * G_USEC_PER_SEC;
}

MhEstimate
mh_estimate(uint64_t messages, uint64_t bytes, uint64_t read_us, const MhPastRun *past)
{
    if (messages == 0)
        return (MhEstimate){0, 0};
    if (past != NULL) {
        double seconds = (double)past->took_us / G_USEC_PER_SEC;
        double us = slower(messages, (double)past->messages / seconds, bytes,
                           (double)past->bytes / seconds);
        return (MhEstimate){(uint64_t)us, (uint64_t)us};
    }
    return (MhEstimate){
        read_us + (uint64_t)slower(messages, MH_FAST_MESSAGES_S, bytes, MH_FAST_BYTES_S),
        read_us + (uint64_t)slower(messages, MH_SLOW_MESSAGES_S, bytes, MH_SLOW_BYTES_S)};
}
