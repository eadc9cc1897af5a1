/* mbox-lock: keeps other programs from writing to an mbox while it is read.
 *
 * Mail programs lock an mbox in three ways that do not see each other: a file NAME.lock beside it
 * (dotlock), fcntl() record locks and flock(). By default all three are taken, in this order, the
 * latter two shared. Source: what Dovecot 2.3/2.4, c-client 2007f and Debian's mail programs do.
 *
 * The dotlock is made under another name and linked into place, so that NFS decides who was first.
 * It holds "PID:HOST". Another's dotlock is stale, and removed, when
 * - its "PID:HOST" is of this host and there is no such process, or
 * - it is older than two minutes by the file system's own clock, and stays unchanged while we look
 *   (Dovecot's rule; a live holder touches its lock, and so do we: mbox_lock_refresh()).
 * Where no file can be made beside the mbox (read-only, no permission), a fresh dotlock of others
 * is still waited for, and its absence is a finding.
 *
 * Whoever may not write at all (a dry run) only looks: a fresh dotlock is waited for, a stale one
 * is a finding and stays.
 *
 * While one lock is waited for, none is held: programs take them in different orders.
 */
#pragma once

#include "finding.h"
#include "mbox-error.h"

typedef enum {
    MBOX_LOCK_NONE = 0,
    MBOX_LOCK_DOTLOCK = 1 << 0,
    MBOX_LOCK_FCNTL = 1 << 1,
    MBOX_LOCK_FLOCK = 1 << 2,
    MBOX_LOCK_ALL = (1 << 3) - 1,
    MBOX_LOCK_LOOK = 1 << 3, /* no dotlock of ours is made, others' are waited for */
} MboxLockKinds;

/* "dotlock,fcntl,flock" in any order, or "none". False, nothing set, when @text is neither. */
bool mbox_lock_kinds_parse(const char *text, MboxLockKinds *out_kinds);

typedef struct MboxLock MboxLock;

/* Locks the open file @fd that is @path below @dirfd. NULL with MBOX_ERROR_LOCKED when others held
 * it for @timeout_ms or until this process was asked to stop, or in G_FILE_ERROR. @findings may be
 * NULL. The caller keeps @fd open. */
MboxLock *mbox_lock_take(int dirfd, const char *path, int fd, MboxLockKinds kinds,
                         unsigned timeout_ms, MhFindings *findings, GError **error);

/* Tells others that we are still here; to be called more often than each minute. */
void mbox_lock_refresh(MboxLock *lock);

/* Has nobody taken our dotlock away? True also when there is none. */
bool mbox_lock_is_held(const MboxLock *lock);

/* Unlocks. NULL is fine. */
void mbox_lock_free(MboxLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MboxLock, mbox_lock_free)
