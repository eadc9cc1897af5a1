/* maildir-removal: removes a folder that mailhaul made and that has become empty.
 *
 * Whose a folder is stands in the header of its UID list, as a field of our own that Dovecot keeps:
 * "M" says that mailhaul made this folder.
 *
 * Nothing is removed that somebody else put there: directories go by rmdir(2), which fails when a
 * message has come meanwhile, and then everything is as before. State files of the server go with
 * the folder; what we do not know keeps it. A folder leaves the tree with one rename, and of the
 * INBOX the list goes last, so that a run which was killed in between is finished by the next.
 */
#pragma once

#include "maildir-folder.h"

#define MAILDIR_REMOVAL_MARK "M"

/* Did mailhaul make the folder? */
bool maildir_removal_made_here(const MaildirFolder *folder);

/* Removes the folder @name, which holds no message; of the INBOX (".") all but the root directory
 * itself. @out_removed says whether it could go. */
bool maildir_removal_remove(MaildirTree *tree, const char *name, bool *out_removed, GError **error);
