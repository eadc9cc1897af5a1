/* Renames that replace nothing, also where the file system cannot promise it. */
#include "safe-file.h"

#include "safe-error.h"
#include "safe-path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

typedef struct {
    int old_dirfd;
    const char *old_name;
    int new_dirfd;
    const char *new_name;
} Renaming;

/* Is what is to be renamed, @st, under its new name? */
static bool
is_there(const Renaming *renaming, const struct stat *st)
{
    struct stat there;
    return fstatat(renaming->new_dirfd, renaming->new_name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           there.st_dev == st->st_dev && there.st_ino == st->st_ino;
}

/* 0 or an errno, which a server's answer that was lost may have led to. */
static int
remove_old(const Renaming *renaming)
{
    bool gone = unlinkat(renaming->old_dirfd, renaming->old_name, 0) == 0 || errno == ENOENT;
    return gone ? 0 : errno;
}

/* The file @st gets its new name, and loses the old one: for a moment it has both. A link may have
 * been made by a run that was killed then, or though the answer was that it failed. */
static int
rename_by_link(const Renaming *renaming, const struct stat *st)
{
    int failed = 0;
    if (linkat(renaming->old_dirfd, renaming->old_name, renaming->new_dirfd, renaming->new_name,
               0) != 0)
        failed = errno;
    if (failed != 0 && !is_there(renaming, st))
        return failed;
    return remove_old(renaming);
}

static int
rename_to_free_place(const Renaming *renaming, const struct stat *st)
{
    struct stat there;
    if (fstatat(renaming->new_dirfd, renaming->new_name, &there, AT_SYMLINK_NOFOLLOW) == 0) {
        bool both = !S_ISDIR(st->st_mode) && is_there(renaming, st);
        return both ? remove_old(renaming) : EEXIST;
    }
    if (errno != ENOENT)
        return errno;
    if (renameat(renaming->old_dirfd, renaming->old_name, renaming->new_dirfd,
                 renaming->new_name) == 0)
        return 0;
    int failed = errno;
    return failed == ENOENT && is_there(renaming, st) ? 0 : failed;
}

/* renameat2(2) without its promise. 0 or an errno. */
static int
rename_looking(const Renaming *renaming, bool in_sight)
{
    struct stat st;
    if (fstatat(renaming->old_dirfd, renaming->old_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    return in_sight || S_ISDIR(st.st_mode) ? rename_to_free_place(renaming, &st)
                                           : rename_by_link(renaming, &st);
}

static bool
rename_noreplace(const Renaming *renaming, bool in_sight, GError **error)
{
    int old_dirfd = renaming->old_dirfd, new_dirfd = renaming->new_dirfd;
    const char *old_name = renaming->old_name, *new_name = renaming->new_name;
    if (!mh_safe_path_is_name(old_name) || !mh_safe_path_is_name(new_name))
        return mh_safe_error_set(error, EINVAL, "rename", old_dirfd, old_name);
    int failed = ENOSYS;
    if (!mh_safe_path_no_openat2()) {
        int done = renameat2(old_dirfd, old_name, new_dirfd, new_name, RENAME_NOREPLACE);
        failed = done != 0 ? errno : 0;
    }
    if (failed == ENOSYS || failed == EINVAL)
        failed = rename_looking(renaming, in_sight);
    if (failed == 0)
        return true;
    g_autofree char *to = mh_safe_error_quoted(new_dirfd, new_name);
    g_autofree char *from = mh_safe_error_quoted(old_dirfd, old_name);
    return mh_set_errno(error, failed, "cannot rename %s to %s", from, to);
}

bool
mh_rename_noreplace(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name,
                    GError **error)
{
    Renaming renaming = {old_dirfd, old_name, new_dirfd, new_name};
    return rename_noreplace(&renaming, false, error);
}

bool
mh_rename_in_sight(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name,
                   GError **error)
{
    Renaming renaming = {old_dirfd, old_name, new_dirfd, new_name};
    return rename_noreplace(&renaming, true, error);
}
