/* in-place: what a conversion in place changes beside state files, and the way back.
 *
 * The target is the source's own directory. Message files stay where they are; Courier's files
 * stay, so that going back to it is possible. Folders whose directory Dovecot must have spelt
 * otherwise (UTF-8 becomes modified UTF-7) are renamed, and what they were called stands in the
 * root:
 *
 *     mailhaul.folders = *( TARGET TAB SOURCE LF )   ; directories, as printable text (printable.h)
 *
 * The file is there before anything is done, empty if nothing is renamed: it says that the mail is
 * the only copy. A line is durable before its folder is renamed, and it is only written while
 * nothing has the name TARGET: so a directory TARGET is the folder that Courier knows as SOURCE.
 */
#pragma once

#include "account-survey.h"

#define MH_IN_PLACE_FILE "mailhaul.folders"

/* Was the Maildir converted in place? What is not there (@root_fd -1) was not. */
bool mh_in_place_look(int root_fd, bool *out_is, GError **error);

/* What folders were called: directory -> directory, empty where there is no such file.
 * g_hash_table_unref(). NULL with @error when it cannot be read. */
GHashTable *mh_in_place_names(int root_fd, GError **error);
/* The same, from the record's text: lines that we never write are passed over, and of those of one
 * TARGET the last counts. */
GHashTable *mh_in_place_names_parse(MhSpan text);

/* Writes the record, and gives every folder of the survey the directory it shall have. A record
 * that is empty is durable after maildir_tree_settle_root(). */
bool mh_in_place_rename(MaildirTree *tree, const MhAccountSurvey *survey, GError **error);

/* Gives every folder back the directory it had, and removes the record. */
bool mh_in_place_restore(const MaildirTree *tree, GError **error);
