/* pace: how fast a run may go, so that it does not stand in the way of a live server. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* A limit on bytes a second, shared by all processes that are forked after it was made. */
typedef struct MhPace MhPace;

/* NULL when @bytes_per_s is 0, or there is no memory to share: then nothing is limited. */
MhPace *mh_pace_new(uint64_t bytes_per_s);
void mh_pace_free(MhPace *pace); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhPace, mh_pace_free)

/* Takes @bytes at the time @now_us, and says how long to wait before going on. Pure but for the
 * pace itself. */
int64_t mh_pace_take(MhPace *pace, uint64_t bytes, int64_t now_us);

/* The same by the clock, and waits; a signal ends the wait. @pace may be NULL. */
void mh_pace_spend(MhPace *pace, uint64_t bytes);

/* Lets every other program go first, at the processor and at the disk. */
void mh_pace_give_way(void);
