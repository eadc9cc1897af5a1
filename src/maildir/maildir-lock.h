/* maildir-lock: Dovecot's own lock on a folder's UID list.
 *
 * While it is held no Dovecot process gives out UIDs in the folder or rewrites its list; reading
 * goes on. Format: a file "dovecot-uidlist.lock", made exclusively, content "PID:HOST". A lock
 * that has not changed for MAILDIR_LOCK_STALE_S is dead; holders touch theirs meanwhile.
 * Source: Dovecot 2.3 and 2.4 (lib/file-dotlock), and doc maildirlock.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define MAILDIR_LOCK_STALE_S 120

/* Waits up to @timeout_s seconds. G_FILE_ERROR_AGAIN: somebody else has it. */
bool maildir_lock_take(int folder_fd, unsigned timeout_s, GError **error);
/* Says that we are still alive; call it every few seconds of long work. */
void maildir_lock_touch(int folder_fd);
void maildir_lock_release(int folder_fd);
