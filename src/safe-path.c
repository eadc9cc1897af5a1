#include "safe-path.h"

#include "size-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* openat2(2) gives up with EAGAIN when a ".." was passed while something was renamed. */
#define MAX_RETRIES 100

static bool openat2_forgotten;

void
mh_safe_file_forget_openat2(bool forget)
{
    openat2_forgotten = forget;
}

bool
mh_safe_path_no_openat2(void)
{
    return openat2_forgotten;
}

static struct {
    bool only;
    uid_t uids[2];
} owners;

void
mh_safe_path_own(uid_t first, uid_t second)
{
    owners.only = true;
    owners.uids[0] = first;
    owners.uids[1] = second;
}

static bool
is_linked_by_others(const struct stat *st)
{
    return owners.only && S_ISREG(st->st_mode) && st->st_nlink > 1 &&
           st->st_uid != owners.uids[0] && st->st_uid != owners.uids[1];
}

bool
mh_safe_path_is_name(const char *path)
{
    return *path != '\0' && strchr(path, '/') == NULL && strcmp(path, ".") != 0 &&
           strcmp(path, "..") != 0;
}

/* The walk, for kernels without openat2(2). It stands on a stack of directories, so that ".." is
 * one step back on the way that was come, and never a step above the first. */
typedef struct {
    GArray *stack;    /* of int: descriptors of the way, the first is borrowed */
    GByteArray *rest; /* what is still to be walked, NUL-terminated */
    unsigned links;
    MhLinks mode;
} Walk;

static int
walk_here(const Walk *walk)
{
    return g_array_index(walk->stack, int, walk->stack->len - 1);
}

static int
walk_back(Walk *walk)
{
    if (walk->stack->len == 1)
        return EXDEV;
    close(walk_here(walk));
    g_array_set_size(walk->stack, walk->stack->len - 1);
    return 0;
}

/* Puts the target of the link @fd before the rest of the way. */
static int
walk_link(Walk *walk, int fd)
{
    char target[PATH_MAX];
    if (walk->mode == MH_LINKS_REFUSE || ++walk->links > MH_LIMIT_LINKS)
        return ELOOP;
    ssize_t len = readlinkat(fd, "", target, sizeof target);
    if (len < 0)
        return errno;
    if (len == 0)
        return ENOENT;
    if ((size_t)len == sizeof target || walk->rest->len > 16 * sizeof target)
        return ENAMETOOLONG;
    if (target[0] == '/')
        return EXDEV;
    g_autoptr(GByteArray) before = walk->rest;
    walk->rest = g_byte_array_new();
    g_byte_array_append(walk->rest, (const guint8 *)target, (guint)len);
    if (before->len > 1)
        g_byte_array_append(walk->rest, (const guint8 *)"/", 1);
    g_byte_array_append(walk->rest, before->data, before->len);
    return 0;
}

/* One step to @name, which is a single component. 0 or an errno. */
static int
walk_step(Walk *walk, const char *name)
{
    struct stat st;
    bool dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    /* ENOTDIR for "." and ".." of a file, too. */
    int fd = openat(walk_here(walk), dots ? "." : name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno;
    if (!dots && fstat(fd, &st) == 0 && !S_ISLNK(st.st_mode)) {
        g_array_append_val(walk->stack, fd);
        return 0;
    }
    int failed = dots ? 0 : walk_link(walk, fd);
    close(fd);
    return strcmp(name, "..") == 0 ? walk_back(walk) : failed;
}

/* Takes the next component off the way; NULL at its end. */
static char *
walk_take(Walk *walk)
{
    const char *rest = (const char *)walk->rest->data;
    size_t len = strcspn(rest, "/");
    if (*rest == '\0')
        return NULL;
    char *name = g_strndup(rest, len);
    len += strspn(rest + len, "/");
    /* "name/" must be a directory: it is "name/." */
    bool ends_in_slash = rest[len] == '\0' && rest[len - 1] == '/';
    g_byte_array_remove_range(walk->rest, 0, (guint)len);
    if (ends_in_slash) {
        g_byte_array_set_size(walk->rest, 0);
        g_byte_array_append(walk->rest, (const guint8 *)".", 2);
    }
    return name;
}

static int
walk_open(int dirfd, const char *path, MhLinks links)
{
    Walk walk = {
        .stack = g_array_new(FALSE, FALSE, sizeof(int)), .rest = g_byte_array_new(), .mode = links};
    int failed = *path == '\0' ? ENOENT : *path == '/' ? EXDEV : 0;
    int found = -1;
    g_array_append_val(walk.stack, dirfd);
    g_byte_array_append(walk.rest, (const guint8 *)path, (guint)strlen(path) + 1);
    while (failed == 0) {
        g_autofree char *name = walk_take(&walk);
        if (name == NULL)
            break;
        failed = walk_step(&walk, name);
    }
    if (failed == 0) {
        found = fcntl(walk_here(&walk), F_DUPFD_CLOEXEC, 0);
        failed = found < 0 ? errno : 0;
    }
    while (walk_back(&walk) == 0)
        continue;
    g_array_unref(walk.stack);
    g_byte_array_unref(walk.rest);
    return failed != 0 ? -failed : found;
}

/* A descriptor, or -errno; -ENOSYS where there is no openat2(2) to use. */
static int
try_openat2(int dirfd, const char *path, MhLinks links, int flags, bool one_mount)
{
    struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    if (links == MH_LINKS_REFUSE)
        how.resolve |= RESOLVE_NO_SYMLINKS;
    if (one_mount)
        how.resolve |= RESOLVE_NO_XDEV;
    if (openat2_forgotten)
        return -ENOSYS;
    for (int tries = 0;; tries++) {
        long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);
        if (fd >= 0)
            return (int)fd;
        if (errno == EPERM) /* what a sandbox says to a system call that it does not know */
            return -ENOSYS;
        if ((errno != EAGAIN && errno != EINTR) || tries == MAX_RETRIES)
            return -errno;
    }
}

int
mh_safe_path_find(int dirfd, const char *path, MhLinks links)
{
    int fd = try_openat2(dirfd, path, links, O_PATH, false);
    return fd != -ENOSYS ? fd : walk_open(dirfd, path, links);
}

int
mh_safe_path_stat(int dirfd, const char *path, MhLinks links, struct stat *out_stat)
{
    struct stat st;
    /* Nearly always it is one name, and no link: then there is nothing to be led astray by. */
    if (mh_safe_path_is_name(path)) {
        int failed = fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0 ? errno : 0;
        if (failed == 0 && !S_ISLNK(st.st_mode))
            *out_stat = st;
        if (failed == ENOENT || (failed == 0 && !S_ISLNK(st.st_mode)))
            return -failed;
    }
    int fd = mh_safe_path_find(dirfd, path, links);
    if (fd < 0)
        return fd;
    int failed = fstat(fd, &st) != 0 ? errno : 0;
    close(fd);
    if (failed == 0)
        *out_stat = st;
    return -failed;
}

/* Opens what @fd, an O_PATH descriptor of a regular file or a directory, stands for. */
static int
open_found(int fd, const char *name_in_proc, mode_t mode, int flags)
{
    int opened = S_ISDIR(mode) ? openat(fd, ".", flags | O_DIRECTORY) : open(name_in_proc, flags);
    return opened >= 0 ? opened : -errno;
}

/* The same where /proc is not mounted: by the path again. */
static int
open_again(int dirfd, const char *path, MhLinks links, int flags, const struct stat *found)
{
    struct stat st;
    int fd = try_openat2(dirfd, path, links, flags, false);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) == 0 && st.st_dev == found->st_dev && st.st_ino == found->st_ino)
        return fd;
    close(fd);
    return -ESTALE;
}

/* A directory can be opened at once: the kernel refuses anything else before it opens it. -ENOENT
 * and what has been opened are the answer; after another failure the long way says why. */
static int
open_directory(int dirfd, const char *path, MhLinks links, int flags, struct stat *out_stat)
{
    int fd = try_openat2(dirfd, path, links, flags | O_DIRECTORY, false);
    if (fd < 0 || fstat(fd, out_stat) == 0)
        return fd;
    close(fd);
    return -EIO;
}

/* So can a file that is one name and no link: /proc, which the long way needs, costs each process
 * that goes there more than all else that it does to open files. -ENOENT and what has been opened
 * are the answer. */
static int
open_plain_file(int dirfd, const char *name, struct stat *out_stat)
{
    struct stat st;
    if (!mh_safe_path_is_name(name))
        return -EINVAL;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return -errno;
    return S_ISREG(st.st_mode) ? mh_safe_path_reopen(dirfd, name, st.st_dev, st.st_ino, out_stat)
                               : -EMEDIUMTYPE;
}

int
mh_safe_path_open(int dirfd, const char *path, MhLinks links, mode_t kind, struct stat *out_stat)
{
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    char name[64];
    int fd = kind == S_IFDIR ? open_directory(dirfd, path, links, flags, out_stat)
                             : open_plain_file(dirfd, path, out_stat);
    if (fd >= 0 || fd == -ENOENT)
        return fd;
    int found = mh_safe_path_find(dirfd, path, links);
    if (found < 0)
        return found;
    fd = 0;
    if (fstat(found, out_stat) != 0) {
        fd = -errno;
    } else if ((out_stat->st_mode & S_IFMT) != kind) {
        fd = -EMEDIUMTYPE;
    } else if (is_linked_by_others(out_stat)) {
        fd = -EPERM;
    } else {
        g_snprintf(name, sizeof name, "/proc/self/fd/%d", found);
        fd = open_found(found, name, out_stat->st_mode, flags);
        if ((fd == -ENOENT || fd == -ENOTDIR) && kind == S_IFREG)
            fd = open_again(dirfd, path, links, flags, out_stat);
    }
    close(found);
    return fd;
}

int
mh_safe_path_reopen(int dirfd, const char *name, uint64_t device, uint64_t inode,
                    struct stat *out_stat)
{
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int failed = 0, fd = openat(dirfd, name, flags);
    if (fd < 0)
        return errno == ELOOP ? -ESTALE : -errno;
    if (fstat(fd, out_stat) != 0)
        failed = -errno;
    else if (!S_ISREG(out_stat->st_mode) || out_stat->st_dev != device || out_stat->st_ino != inode)
        failed = -ESTALE;
    else if (is_linked_by_others(out_stat))
        failed = -EPERM;
    if (failed == 0)
        return fd;
    close(fd);
    return failed;
}

int
mh_safe_path_enter(int dirfd, const char *name)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    struct stat above, st;
    int fd = try_openat2(dirfd, name, MH_LINKS_REFUSE, flags, true);
    if (fd != -ENOSYS)
        return fd;
    fd = openat(dirfd, name, flags);
    if (fd < 0)
        return errno == ENOTDIR ? -ELOOP : -errno;
    if (fstat(dirfd, &above) == 0 && fstat(fd, &st) == 0 && above.st_dev == st.st_dev)
        return fd;
    close(fd);
    return -EXDEV;
}

int
mh_safe_path_let_owner_in(int dirfd, const char *name)
{
    char in_proc[64];
    struct stat st;
    int fd = mh_safe_path_find(dirfd, name, MH_LINKS_REFUSE);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 0700) != 0700) {
        g_snprintf(in_proc, sizeof in_proc, "/proc/self/fd/%d", fd);
        (void)chmod(in_proc, 0700);
    }
    close(fd);
    return 0;
}
