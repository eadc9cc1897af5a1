#include "safe-file.h"

#include "printable.h"
#include "safe-path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Removing a tree of any depth with two descriptors: directories below the top are not entered but
 * moved up into it under a new name, until all of them are empty. */
typedef struct {
    int top;
    uint64_t moved; /* names given so far */
} Removal;

/* Opens a directory to be emptied. A descriptor or -errno. */
static int
enter(int dirfd, const char *name)
{
    int failed = mh_safe_path_let_owner_in(dirfd, name);
    return failed != 0 ? failed : mh_safe_path_enter(dirfd, name);
}

/* A name that is free in the top directory. */
static void
free_name(Removal *removal, char name[64])
{
    struct stat st;
    do
        g_snprintf(name, 64, "mailhaul-removed.%" G_GUINT64_FORMAT, removal->moved++);
    while (fstatat(removal->top, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
}

/* Moves the directory @name up into the top. 0 or an errno. */
static int
move_up(Removal *removal, int dirfd, const char *name)
{
    char to[64];
    /* ".." changes with the move, so the directory itself has to be writable. */
    int fd = enter(dirfd, name);
    if (fd < 0)
        return -fd;
    close(fd);
    free_name(removal, to);
    return renameat(dirfd, name, removal->top, to) != 0 ? errno : 0;
}

/* Removes what is no directory, or an empty one. EISDIR when it is a directory with something in
 * it; else 0 or an errno. */
static int
remove_simple(int dirfd, const char *name)
{
    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR)
        return errno;
    if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    return errno == ENOTEMPTY || errno == EEXIST ? EISDIR : errno;
}

/* Empties the directory @name below the top: what is a directory in it moves up. */
static int
empty_one(Removal *removal, const char *name)
{
    int failed = 0;
    int fd = enter(removal->top, name);
    if (fd < 0)
        return -fd;
    g_autoptr(GPtrArray) names = mh_list_dir(fd, NULL);
    if (names == NULL)
        failed = errno;
    for (guint i = 0; failed == 0 && i < names->len; i++) {
        failed = remove_simple(fd, names->pdata[i]);
        if (failed == EISDIR)
            failed = move_up(removal, fd, names->pdata[i]);
    }
    close(fd);
    return failed;
}

/* One round over the names in the top directory; @out_left says whether there were any. */
static int
remove_round(Removal *removal, bool *out_left)
{
    g_autoptr(GPtrArray) names = mh_list_dir(removal->top, NULL);
    if (names == NULL)
        return errno;
    int failed = 0;
    *out_left = names->len > 0;
    for (guint i = 0; failed == 0 && i < names->len; i++) {
        failed = remove_simple(removal->top, names->pdata[i]);
        if (failed == EISDIR) {
            failed = empty_one(removal, names->pdata[i]);
            failed = failed != 0 ? failed : remove_simple(removal->top, names->pdata[i]);
        }
    }
    return failed;
}

/* 0 or an errno. */
static int
remove_contents(int dirfd, const char *name)
{
    int top = enter(dirfd, name);
    if (top < 0)
        return -top;
    Removal removal = {.top = top};
    bool left = true;
    int failed = 0;
    while (failed == 0 && left)
        failed = remove_round(&removal, &left);
    close(top);
    return failed;
}

bool
mh_remove_tree(int dirfd, const char *name, GError **error)
{
    int failed = strchr(name, '/') != NULL ? EINVAL : remove_simple(dirfd, name);
    if (failed == EISDIR) {
        failed = remove_contents(dirfd, name);
        failed = failed != 0 ? failed : remove_simple(dirfd, name);
    }
    if (failed == 0)
        return true;
    g_autofree char *printable = mh_printable_string(name);
    if (failed == EXDEV) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "cannot remove '%s': another file system is mounted in it", printable);
        return false;
    }
    return mh_set_errno(error, failed, "cannot remove '%s'", printable);
}
