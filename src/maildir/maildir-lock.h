/* maildir-lock: Dovecot's own lock on a folder's UID list.
 *
 * While it is held no Dovecot process gives out UIDs in the folder or rewrites its list; reading
 * goes on. Format: a file "dovecot-uidlist.lock", made exclusively, content "PID:HOST". A lock
 * whose process of this host is no more is dead, and so is one that has not changed for
 * MAILDIR_LOCK_STALE_S by the file system's own clock; holders touch theirs meanwhile. A link is
 * nobody's: no program makes one. Ours is written aside and moved into place,
 * so a kill leaves no lock that does not name its holder; and it is known by a 0 before PID, which
 * means nothing to the server.
 * Source: Dovecot 2.3 and 2.4 (lib/file-dotlock), and doc maildirlock.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define MAILDIR_LOCK_STALE_S 120

/* Waits up to @timeout_ms, and no longer when this process is asked to stop. G_FILE_ERROR_AGAIN:
 * somebody else has it. */
bool maildir_lock_take(int folder_fd, unsigned timeout_ms, GError **error);
/* Says that we are still alive. G_FILE_ERROR_AGAIN: the lock is not ours any more. A process that
 * stood still for MAILDIR_LOCK_STALE_S, on a machine that was suspended or before a disk that did
 * not answer, loses it to a server on another machine; so ask last before the list is replaced. */
bool maildir_lock_renew(int folder_fd, GError **error);
/* The same, for long work to call at each step of it: at most every few seconds it does something.
 * @renewed_us: when, by the monotonic clock, the lock was taken or renewed. */
bool maildir_lock_keep(int folder_fd, int64_t *renewed_us, GError **error);
/* A lock that is not ours any more stays. */
bool maildir_lock_release(int folder_fd, GError **error);

/* Removes the lock of a process that is no more: a killed run of ours leaves one. */
void maildir_lock_clear_dead(int folder_fd);
