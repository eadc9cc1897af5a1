/* target-root: the root directory of a target, where only root can make it.
 *
 * This runs as root, before a worker becomes its account, so it trusts no one: nothing is made but
 * in a directory that is root's own and that nobody else may write to (or that is sticky). Such a
 * directory is found below the part of the pattern that the admin chose (place.h), one component
 * at a time, and no link is followed there. A home in a directory of its user's is not what the
 * admin chose. Everything else is for the account to make.
 */
#pragma once

#include "job.h"

/* May root make something in the directory @fd, and is what lies there put there by root? */
bool mh_is_roots_place(int fd);
/* The same where nobody else may make anything. */
bool mh_is_roots_alone(int fd);

/* Is there no directory of the account's, nor a link of theirs, on the way to @path? Else they
 * decide where it leads. The directory at its end may be theirs. */
bool mh_is_out_of_reach(const char *path, const MhAccount *account);

/* Makes the target's root directory and gives it to @uid and @gid. True also when it is there, or
 * for the account to make, and in a dry run; so it is where root is not let in. */
bool mh_target_root_prepare(const MhJob *job, const MhAccount *account, uid_t uid, gid_t gid,
                            GError **error);
/* Removes the root again when it is empty, where only root can. What fails stays. */
void mh_target_root_retire(const MhJob *job, const MhAccount *account);
