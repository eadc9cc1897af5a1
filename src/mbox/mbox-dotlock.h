/* mbox-dotlock: the file NAME.lock beside an mbox. See mbox-lock for the rules. */
#pragma once

#include "bytes.h"

#include <sys/stat.h>

typedef enum {
    MBOX_DOTLOCK_TAKEN,
    MBOX_DOTLOCK_BUSY,     /* another program holds it */
    MBOX_DOTLOCK_NOT_HERE, /* no file can be made here, and nobody holds one */
} MboxDotlockResult;

/* Another's lock as it was when we looked; unchanged for a while, it is stale. */
typedef struct {
    bool seen;
    struct stat st;
    int64_t since_us; /* monotonic */
} MboxDotlockWatch;

/* One attempt, without waiting, to take @lock_name below @dirfd. The descriptor of the lock file
 * comes through @out_fd; @out_errno is the reason of NOT_HERE. */
MboxDotlockResult mbox_dotlock_try(int dirfd, const char *lock_name, MboxDotlockWatch *watch,
                                   int *out_fd, int *out_errno);

/* The same, but nothing is written: never TAKEN. @out_stale: there is one that nobody holds. */
MboxDotlockResult mbox_dotlock_look(int dirfd, const char *lock_name, MboxDotlockWatch *watch,
                                    bool *out_stale);

/* Is the lock file @fd still what is at @lock_name? */
bool mbox_dotlock_is_ours(int dirfd, const char *lock_name, int fd);
void mbox_dotlock_release(int dirfd, const char *lock_name, int fd);
