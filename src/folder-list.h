/* folder-list: the folders that are to be moved, from a file that an admin wrote.
 *
 * Format: one folder a line, "user/Folder/Sub", LF or CRLF. What follows the first '/' is the
 * folder's path below the account's folder directory, as bytes: nothing is trimmed but the CR, no
 * character is escaped. (So a name that holds LF or ends in CR cannot be listed: move it without
 * a list.) Lines that are empty, only blanks, or start with '#' are skipped. A folder listed twice
 * counts once; "user/INBOX" is allowed, INBOXes move anyway.
 *
 * Refused, line by line: users that are not known, absolute paths, lines without a folder, NUL,
 * empty components, "." and "..", components over MH_LIMIT_NAME_BYTES, more than
 * MH_LIMIT_FOLDER_DEPTH levels. What is left cannot lead out of the account's trees.
 */
#pragma once

#include "line-errors.h"

typedef struct MhFolderList MhFolderList;

/* Is @user one of the site (selected for this run or not)? */
typedef bool (*MhUserKnown)(const char *user, void *data);

/* Never fails: what is wrong with a line is in @errors. */
MhFolderList *mh_folder_list_parse(MhSpan text, MhUserKnown known, void *known_data,
                                   MhLineErrors *errors);
void mh_folder_list_free(MhFolderList *list); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhFolderList, mh_folder_list_free)

/* The user's folders, of char *, in the order of lines; NULL when none is listed. Borrowed. */
const GPtrArray *mh_folder_list_get(const MhFolderList *list, const char *user);
bool mh_folder_list_has(const MhFolderList *list, const char *user, MhSpan folder);

/* Is @path (relative, bytes) fit to be looked up below an account's tree? MH_CONFIG_ERROR_REFUSED
 * says why not. */
bool mh_folder_path_check(MhSpan path, GError **error);
