/* maildir-ahead: has the kernel begin to write what a run will wait for at its end.
 *
 * A batch is made durable by one syncfs(), which waits until all of it is on the disk, while the
 * processor has nothing to do; and before it the disk had nothing to do, since the kernel keeps
 * what was written for half a minute. So a thread syncs the file system now and then while messages
 * are still being written. It promises nothing: whether a batch is durable is what
 * maildir_tree_sync() says, which sees every error, since the thread has a description of its own.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct MaildirAhead MaildirAhead;

/* So many bytes are worth a sync. */
#define MAILDIR_AHEAD_BYTES (UINT64_C(32) << 20)

/* For the file system of the directory @dirfd, which the caller keeps open for as long. @every is
 * MAILDIR_AHEAD_BYTES. */
MaildirAhead *maildir_ahead_new(int dirfd, uint64_t every);
/* Waits for a sync that is under way. NULL is fine. */
void maildir_ahead_free(MaildirAhead *ahead);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MaildirAhead, maildir_ahead_free)

/* A file of so many bytes was written. Returns at once: is a sync under way, the next begins with
 * a later file. @ahead may be NULL. */
void maildir_ahead_wrote(MaildirAhead *ahead, uint64_t bytes);

/* How many syncs have been asked for. */
unsigned maildir_ahead_syncs(const MaildirAhead *ahead);
