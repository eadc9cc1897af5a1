/* place: opens the places that patterns name, with no link of a user's leading elsewhere.
 *
 * The path that a pattern gives has two parts. The directory that the admin chose - the account's
 * home for "%h/...", otherwise everything down to the directory with the user's name, but never the
 * last component - is opened as it is, links and all. What is below may be the user's, and is
 * opened beneath that directory: a link may not lead out of it.
 *
 *     /home/%u/mail      /home/fred       mail
 *     /var/mail/%u       /var/mail        fred
 *     /srv/%d/%n/mbox    /srv/x.org/fred  mbox
 */
#pragma once

#include "account.h"

/* Splits the path of @pattern for @account: @out_root is the absolute path of the trusted part,
 * @out_rest what is below it ("." for nothing). Both g_free(). */
bool mh_place_split(const char *pattern, const MhAccount *account, char **out_root, char **out_rest,
                    GError **error);

/* Opens the directory at the pattern's path. -1 with @error; G_FILE_ERROR_NOENT: not there. */
int mh_place_open(const char *pattern, const MhAccount *account, GError **error);

/* Opens the directory that holds the file at the pattern's path, and gives the file's name
 * (g_free()). */
int mh_place_open_parent(const char *pattern, const MhAccount *account, char **out_name,
                         GError **error);

/* The same two with descriptors that are to name what was found (O_PATH), for which it need not be
 * readable; mh_place_find() finds files, too. -errno when they cannot; -ENOENT also for a pattern
 * that says nothing of this account. */
int mh_place_find(const char *pattern, const MhAccount *account);
int mh_place_find_parent(const char *pattern, const MhAccount *account, char **out_name);
