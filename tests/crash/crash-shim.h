/* crash-shim: what the driver and the shim share, a file that both have mapped.
 *
 * The driver (crash_run.py) writes the orders and reads what happened; the layout is repeated
 * there. All numbers are in the machine's own order.
 */
#pragma once

#include <stdint.h>

/* What counts as a step. */
enum {
    CRASH_COUNT_CHANGES, /* calls that change the file system, or make a change durable */
    CRASH_COUNT_READS,   /* opens and reads, whether they change something or not */
    CRASH_COUNT_LOOKS, /* calls that ask, or make what only processes see; rights that are given up
                        */
};

/* What happens at the step. */
enum {
    CRASH_NOTHING,     /* steps are only counted and written down */
    CRASH_FREEZE,      /* every process stops before its next step: the driver kills
                          them all, or takes the order back */
    CRASH_TORN,        /* the same, when a write at this step has written half of its bytes */
    CRASH_KILL_SELF,   /* the process that makes the step is killed, the others go on */
    CRASH_ERROR,       /* the call fails with the error, once */
    CRASH_ERROR_STAYS, /* and so does every later one that needs room: the disk is full */
    CRASH_SIGNAL,      /* the driver is told, and the call goes on: it sends a signal */
    CRASH_LOST,        /* the call does its work, and what is heard of it is the error; 0: what
                          a server of NFS says that is asked a second time */
};

/* What the file system is like. */
enum {
    CRASH_LIKE_OURS,
    CRASH_LIKE_VFAT, /* names cannot hold ':' */
    CRASH_LIKE_NFS,  /* no flags of renameat2(2), no files without a name */
};

/* What making durable does. */
enum {
    CRASH_SYNC_NOTHING, /* it is only counted */
    CRASH_SYNC_ALL,
    CRASH_SYNC_FILES, /* a file or a directory is made durable, a whole file system is not */
};

typedef struct {
    char call[16];
    char path[104]; /* the end of it */
    int32_t pid;
    int32_t result; /* errno of the call as it was made; -1: it was not */
} CrashStep;

#define CRASH_STEPS 16384

/* A place of a file that cannot be read: EIO. */
typedef struct {
    uint64_t from, to;
    uint64_t spared; /* so many reads of it go well before */
} CrashBad;

#define CRASH_BAD 2

typedef struct {
    uint32_t counts;
    uint32_t action;
    uint32_t at; /* the step, from 1 */
    int32_t error;
    uint32_t steps;             /* so far */
    uint32_t happened;          /* the step was reached */
    uint32_t worker_only;       /* steps of the first process are not counted */
    int32_t first;              /* the first process that loaded the shim */
    char bad_path[120];         /* the end of the path of a file whose device fails; empty: none */
    CrashBad bad[CRASH_BAD];    /* from == to: none */
    int64_t clock_shift_s;      /* the clock is wrong by so much */
    uint32_t like;              /* the kind of the file system */
    uint32_t syncs;             /* what making durable does */
    CrashStep log[CRASH_STEPS]; /* step N is at N - 1 */
} CrashShared;
