/* held-worker: tells a worker that a file system holds (NFS without its server, FUSE without its
 * program) from one that works.
 *
 * A process that does anything at all, be it to sleep for a lock, has been given the processor
 * meanwhile; one whose system call does not return has not. That is how the kernel itself looks for
 * hung tasks. Source: proc(5), /proc/PID/task/TID/schedstat.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    char *seen;        /* what its tasks had had of the processor */
    int64_t looked_us; /* when; 0: never */
    int64_t held_us;   /* for how long that has been all */
} MhHeldWorker;

/* A worker has just been started: it is looked at for the first time when it has said nothing for a
 * second, which most never need. */
void mh_held_worker_begin(MhHeldWorker *held);
void mh_held_worker_clear(MhHeldWorker *held);

/* Looks at the process at most once a second. Returns for how many seconds it has not moved; 0 when
 * it has, or where the system does not tell. A process that somebody has stopped does not move,
 * whatever it did since the last look: its own user can stop it, and again and again. One that is
 * traced counts as one that works. */
uint32_t mh_held_worker_look(MhHeldWorker *held, pid_t pid);

/* Has somebody stopped it, as with kill -STOP? Its user can. */
bool mh_held_worker_is_stopped(pid_t pid);

/* After how many seconds people are told of it, where it is given up after @timeout_s; 0: never. */
uint32_t mh_held_worker_tell_after(uint32_t timeout_s);

/* When all is to stop, one that is held is waited for so long. */
uint32_t mh_held_worker_stopping_s(uint32_t timeout_s);
/* Has it not moved for so long that it is given up? Sooner when all is to @stop. */
bool mh_held_worker_is_over(uint32_t seconds, uint32_t timeout_s, bool stop);

/* Waits up to @seconds for the process to end, and takes its status. False: it has not ended. */
bool mh_held_worker_wait(pid_t pid, uint32_t seconds, int *out_status);
