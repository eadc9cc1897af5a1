/* maildir-rebase: base names that have to change where a folder is converted in place.
 *
 * A file stays what and where it is, but Dovecot can show it under some names only at a loss: with
 * a wrong ",W=" it loses its UID, with CR or LF it is invisible, and of two files with one base
 * name it renames one to a fresh name, which is a new message. Such a file gets a name of ours
 * (maildir-file-name.h), which carries the digest of the one it had.
 */
#pragma once

#include "maildir-folder.h"
#include "mailbox.h"
#include "sync.h"

/* New base names by line of the plan: index + 1 -> char *. Lines that keep theirs are not in it.
 * g_hash_table_unref(). */
GHashTable *maildir_rebase(const MaildirFolder *folder, const MhMailbox *mailbox,
                           const MhSyncPlan *plan);
