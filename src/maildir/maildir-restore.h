/* maildir-restore: the way back of a folder that was converted in place.
 *
 * Files get their old names (maildir-old-names.h), and what was written beside Courier's own files
 * goes, with what Dovecot has made of it. Mail is neither added nor removed, and flags stay as they
 * are now. Lists that Dovecot had there before the conversion come back: they stand aside as
 *
 *     mailhaul.dovecot-uidlist, mailhaul.dovecot-keywords
 *
 * The record of names goes last, so that a run which was killed in between is finished by the next.
 */
#pragma once

#include "maildir-folder.h"
#include "maildir-old-names.h"

/* Keeps lists that are there before the first conversion, which has left no record yet. */
bool maildir_restore_keep(int folder_fd, GError **error);

/* Has the folder been converted, and is its list one of that time, or later? One that was there
 * before is in place until the first conversion is through. */
bool maildir_restore_has_new_list(int folder_fd);

/* Gives files their old names, durably; with @dry_run they are counted only. The folder's lock is
 * held. */
bool maildir_restore_names(const MaildirFolder *folder, const MaildirOldNames *names, bool dry_run,
                           size_t *out_count, GError **error);

/* Takes away the state files of the folder; @acl is the access list that we would have written,
 * NULL for none: any other stays. */
bool maildir_restore_state(int folder_fd, const char *acl, GError **error);
/* The same where there is no record, so that nothing but @acl can be ours, and what a killed run
 * has left beside it all. */
bool maildir_restore_rest(int folder_fd, const char *acl, GError **error);
/* And what a server keeps in the root alone. */
bool maildir_restore_root(int root_fd, GError **error);
