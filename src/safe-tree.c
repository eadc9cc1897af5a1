#include "safe-file.h"

#include "printable.h"
#include "safe-path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A number in hexadecimal that tells held files apart: 24 digits of NFS, 16 of FUSE, or fewer. */
#define HELD_DIGITS 8

/* Removing a tree of any depth with two descriptors: directories below the top are not entered but
 * moved up into it under a new name, until all of them are empty. */
typedef struct {
    int top;
    uint64_t moved; /* names given so far */
} Removal;

bool
mh_is_held_name(const char *name)
{
    static const char *const beginnings[] = {".nfs", ".fuse_hidden"};
    for (size_t i = 0; i < G_N_ELEMENTS(beginnings); i++) {
        size_t len = strlen(beginnings[i]);
        const char *rest = name + (strncmp(name, beginnings[i], len) == 0 ? len : 0);
        size_t digits = strspn(rest, "0123456789abcdef");
        if (rest != name && digits >= HELD_DIGITS && rest[digits] == '\0')
            return true;
    }
    return false;
}

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
    if (errno == EBUSY && mh_is_held_name(name))
        return 0; /* it stays, see remove_round() */
    if (errno != EISDIR)
        return errno;
    if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    return errno == ENOTEMPTY || errno == EEXIST ? EISDIR : errno;
}

/* Empties the directory @name below the top: what is a directory in it moves up. @out_held: it has
 * held files. */
static int
empty_one(Removal *removal, const char *name, bool *out_held)
{
    int failed = 0;
    int fd = enter(removal->top, name);
    if (fd < 0)
        return -fd;
    g_autoptr(GPtrArray) names = mh_list_dir(fd, NULL);
    if (names == NULL)
        failed = errno;
    for (guint i = 0; failed == 0 && i < names->len; i++) {
        *out_held |= mh_is_held_name(names->pdata[i]);
        failed = remove_simple(fd, names->pdata[i]);
        if (failed == EISDIR)
            failed = move_up(removal, fd, names->pdata[i]);
    }
    close(fd);
    return failed;
}

/* Removes @name in the top. @out_held: it is a held file, or stays for the sake of one in it. 0 or
 * an errno. */
static int
remove_name(Removal *removal, const char *name, bool *out_held)
{
    bool has_held = false;
    *out_held = mh_is_held_name(name);
    int failed = remove_simple(removal->top, name);
    if (failed != EISDIR)
        return failed;
    failed = empty_one(removal, name, &has_held);
    failed = failed != 0 ? failed : remove_simple(removal->top, name);
    *out_held = failed == EISDIR && has_held;
    return *out_held ? 0 : failed;
}

/* One round over the names in the top directory; @out_left says whether there were any that may go
 * now, @out_held whether others. */
static int
remove_round(Removal *removal, bool *out_left, bool *out_held)
{
    g_autoptr(GPtrArray) names = mh_list_dir(removal->top, NULL);
    if (names == NULL)
        return errno;
    int failed = 0;
    *out_left = *out_held = false;
    for (guint i = 0; failed == 0 && i < names->len; i++) {
        bool held;
        failed = remove_name(removal, names->pdata[i], &held);
        *out_left |= !held;
        *out_held |= held;
    }
    return failed;
}

/* 0 or an errno. */
static int
remove_contents(int dirfd, const char *name, bool *out_held)
{
    int top = enter(dirfd, name);
    if (top < 0)
        return -top;
    Removal removal = {.top = top};
    bool left = true;
    int failed = 0;
    while (failed == 0 && left)
        failed = remove_round(&removal, &left, out_held);
    close(top);
    return failed;
}

bool
mh_remove_tree(int dirfd, const char *name, GError **error)
{
    int failed = strchr(name, '/') != NULL ? EINVAL : remove_simple(dirfd, name);
    bool held = false;
    if (failed == EISDIR) {
        failed = remove_contents(dirfd, name, &held);
        failed = failed != 0 ? failed : remove_simple(dirfd, name);
    }
    if (failed == 0 || (failed == EISDIR && held))
        return true;
    g_autofree char *printable = mh_printable_string(name);
    if (failed == EXDEV) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "cannot remove '%s': another file system is mounted in it", printable);
        return false;
    }
    return mh_set_errno(error, failed, "cannot remove '%s'", printable);
}
