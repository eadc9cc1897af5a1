#include "safe-file.h"

#include "printable.h"
#include "safe-error.h"
#include "safe-path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TEMP_PREFIX "mailhaul-tmp."

MhStamp
mh_stamp_of(const struct stat *st)
{
    return (MhStamp){
        .device = st->st_dev,
        .inode = st->st_ino,
        .size_bytes = (uint64_t)st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
        .ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
    };
}

uint64_t
mh_lasting_device(uint64_t device)
{
    return major(device) != 0 ? device : 0;
}

bool
mh_stamp_equal(const MhStamp *a, const MhStamp *b)
{
    return mh_lasting_device(a->device) == mh_lasting_device(b->device) && a->inode == b->inode &&
           a->size_bytes == b->size_bytes && a->mtime_ns == b->mtime_ns &&
           a->ctime_ns == b->ctime_ns;
}

const char *
mh_file_kind(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "a regular file";
    case S_IFDIR:
        return "a directory";
    case S_IFLNK:
        return "a symbolic link";
    case S_IFIFO:
        return "a FIFO";
    case S_IFSOCK:
        return "a socket";
    case S_IFCHR:
        return "a character device";
    case S_IFBLK:
        return "a block device";
    default:
        return "of an unknown kind";
    }
}

static bool
fail_kind(GError **error, const char *what, int dirfd, const char *path, mode_t mode,
          const char *wanted)
{
    g_autofree char *where = mh_safe_error_quoted(dirfd, path);
    g_set_error(error, G_FILE_ERROR,
                (gint)(S_ISDIR(mode) ? G_FILE_ERROR_ISDIR : G_FILE_ERROR_INVAL),
                "cannot %s %s: it is %s, not %s", what, where, mh_file_kind(mode), wanted);
    return false;
}

static int
open_root(const char *path, int flags, GError **error)
{
    int fd = open(path, flags | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        int errnum = errno;
        g_autofree char *printable = mh_printable_string(path);
        mh_set_errno(error, errnum, "cannot open directory '%s'", printable);
    }
    return fd;
}

int
mh_open_root(const char *path, GError **error)
{
    return open_root(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, error);
}

int
mh_find_root(const char *path, GError **error)
{
    return open_root(path, O_PATH, error);
}

int
mh_open_dir_links(int dirfd, const char *path, MhLinks links, GError **error)
{
    struct stat st;
    int fd = mh_safe_path_open(dirfd, path, links, S_IFDIR, &st);
    if (fd == -EMEDIUMTYPE)
        mh_safe_error_set(error, ENOTDIR, "open directory", dirfd, path);
    else if (fd < 0)
        mh_safe_error_set(error, -fd, "open directory", dirfd, path);
    return MAX(fd, -1);
}

int
mh_open_dir(int dirfd, const char *path, GError **error)
{
    return mh_open_dir_links(dirfd, path, MH_LINKS_BENEATH, error);
}

bool
mh_stat(int dirfd, const char *path, MhLinks links, struct stat *out_stat, GError **error)
{
    int failed = mh_safe_path_stat(dirfd, path, links, out_stat);
    return failed == 0 || mh_safe_error_set(error, -failed, "look at", dirfd, path);
}

bool
mh_stat_if_there(int dirfd, const char *path, MhLinks links, struct stat *out_stat, bool *out_there,
                 GError **error)
{
    int failed = mh_safe_path_stat(dirfd, path, links, out_stat);
    *out_there = failed == 0;
    return failed == 0 || failed == -ENOENT ||
           mh_safe_error_set(error, -failed, "look at", dirfd, path);
}

bool
mh_look_for(int dirfd, const char *name, bool *out_there, GError **error)
{
    struct stat st;
    bool there = dirfd != -1 && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (dirfd != -1 && !there && errno != ENOENT)
        return mh_safe_error_set(error, errno, "look at", dirfd, name);
    *out_there = there;
    return true;
}

int
mh_open_file_if_there(int dirfd, const char *path, MhLinks links, struct stat *out_stat,
                      GError **error)
{
    struct stat st;
    int fd = mh_safe_path_open(dirfd, path, links, S_IFREG, &st);
    if (fd >= 0 && out_stat != NULL)
        *out_stat = st;
    if (fd == -EMEDIUMTYPE)
        fail_kind(error, "open", dirfd, path, st.st_mode, "a regular file");
    else if (fd < 0 && fd != -ENOENT)
        mh_safe_error_set(error, -fd, "open", dirfd, path);
    return MAX(fd, -1);
}

int
mh_open_file(int dirfd, const char *path, MhLinks links, struct stat *out_stat, GError **error)
{
    GError *problem = NULL;
    int fd = mh_open_file_if_there(dirfd, path, links, out_stat, &problem);
    if (fd < 0 && problem == NULL)
        mh_safe_error_set(error, ENOENT, "open", dirfd, path);
    if (problem != NULL)
        g_propagate_error(error, problem);
    return fd;
}

int
mh_open_seen_file(int dirfd, const char *name, uint64_t device, uint64_t inode,
                  struct stat *out_stat, GError **error)
{
    int fd = mh_safe_path_reopen(dirfd, name, device, inode, out_stat);
    if (fd < 0)
        mh_safe_error_set(error, fd == -ENOENT || fd == -ESTALE ? EAGAIN : -fd, "open", dirfd,
                          name);
    return MAX(fd, -1);
}

static bool
has_mode(int fd, mode_t mode)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (st.st_mode & 07777) == mode;
}

int
mh_make_dir(int dirfd, const char *name, mode_t mode, bool *out_made, GError **error)
{
    if (!mh_safe_path_is_name(name)) {
        mh_safe_error_set(error, EINVAL, "make directory", dirfd, name);
        return -1;
    }
    /* With the mode at once: a kill may come before it is set. */
    bool made = mkdirat(dirfd, name, mode) == 0;
    if (!made && errno != EEXIST) {
        mh_safe_error_set(error, errno, "make directory", dirfd, name);
        return -1;
    }
    if (made) /* the umask may have kept us out */
        mh_safe_path_let_owner_in(dirfd, name);
    int fd = mh_open_dir_links(dirfd, name, MH_LINKS_REFUSE, error);
    if (fd >= 0 && made && !has_mode(fd, mode) && fchmod(fd, mode) != 0) {
        mh_safe_error_set(error, errno, "set the mode of", dirfd, name);
        close(fd);
        return -1;
    }
    if (fd >= 0 && out_made != NULL)
        *out_made = made;
    return fd;
}

int
mh_read_to_end(int fd, uint64_t size, uint64_t max, GBytes **out_bytes)
{
    size_t room = (size_t)MIN(size, max) + 1;
    size_t len = 0;
    g_autofree uint8_t *data = g_malloc(room);
    for (;;) {
        ssize_t got = TEMP_FAILURE_RETRY(read(fd, data + len, room - len));
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        len += (size_t)got;
        if (len > max)
            return -EFBIG;
        if (len == room) {
            room = (size_t)MIN((uint64_t)room * 2, max + 1);
            data = g_realloc(data, room);
        }
    }
    *out_bytes = g_bytes_new_take(g_steal_pointer(&data), len);
    return 0;
}

GBytes *
mh_read_file_if_there(int dirfd, const char *path, uint64_t max_bytes, struct stat *out_stat,
                      GError **error)
{
    struct stat st;
    GBytes *bytes = NULL;
    uint64_t max = MIN(max_bytes, SIZE_MAX / 4);
    int fd = mh_open_file_if_there(dirfd, path, MH_LINKS_BENEATH, &st, error);
    if (fd < 0)
        return NULL;
    int failed =
        (uint64_t)st.st_size > max ? -EFBIG : mh_read_to_end(fd, (uint64_t)st.st_size, max, &bytes);
    close(fd);
    if (failed == 0 && out_stat != NULL)
        *out_stat = st;
    if (failed == -EFBIG) {
        g_autofree char *where = mh_safe_error_quoted(dirfd, path);
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "cannot read %s: it is larger than %" G_GUINT64_FORMAT " bytes", where, max);
    } else if (failed != 0) {
        mh_safe_error_set(error, -failed, "read", dirfd, path);
    }
    return bytes;
}

GBytes *
mh_read_file(int dirfd, const char *path, uint64_t max_bytes, struct stat *out_stat, GError **error)
{
    GError *problem = NULL;
    GBytes *bytes = mh_read_file_if_there(dirfd, path, max_bytes, out_stat, &problem);
    if (bytes == NULL && problem == NULL)
        mh_safe_error_set(error, ENOENT, "open", dirfd, path);
    if (problem != NULL)
        g_propagate_error(error, problem);
    return bytes;
}

GBytes *
mh_read_trusted(const char *path, uint64_t max, GError **error)
{
    GBytes *bytes = NULL;
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    int failed = fd < 0 || fstat(fd, &st) != 0 ? -errno : 0;
    if (failed == 0)
        failed = mh_read_to_end(fd, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, max, &bytes);
    if (fd >= 0 && !is_stdin)
        close(fd);
    if (failed == -EFBIG)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "it has no end, or is larger than %" G_GUINT64_FORMAT " bytes", max);
    else if (failed == -ENOENT)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "there is no such file");
    else if (failed != 0)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-failed), "%s",
                    g_strerror(-failed));
    return bytes;
}

bool
mh_write_all(int fd, MhSpan bytes, GError **error)
{
    while (bytes.len > 0) {
        ssize_t put = TEMP_FAILURE_RETRY(write(fd, bytes.data, bytes.len));
        if (put <= 0) {
            int errnum = put < 0 ? errno : EIO;
            g_autofree char *path = mh_safe_error_path(fd);
            g_autofree char *printable = mh_printable_string(path != NULL ? path : "?");
            return mh_set_errno(error, errnum, "cannot write '%s'", printable);
        }
        bytes = mh_span_from(bytes, (size_t)put);
    }
    return true;
}

int
mh_set_mtime(int fd, struct timespec mtime)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, mtime};
    return futimens(fd, times) != 0 ? errno : 0;
}

bool
mh_sync_dir(int dirfd, GError **error)
{
    /* Some file systems cannot sync a directory and say so; their names are durable otherwise. */
    if (fsync(dirfd) == 0 || errno == EINVAL || errno == EROFS)
        return true;
    return mh_safe_error_set(error, errno, "sync", dirfd, ".");
}

MhStamp
mh_stamp_at(int dirfd, const char *name)
{
    struct stat st;
    return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? mh_stamp_of(&st) : (MhStamp){0};
}

/* Is @name still what @stamp says? No inode: it is not there. 0 or an errno, EAGAIN: no. */
static int
compare_stamp(int dirfd, const char *name, const MhStamp *stamp)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno != ENOENT ? errno : stamp->inode != 0 ? EAGAIN : 0;
    MhStamp now = mh_stamp_of(&st);
    return mh_stamp_equal(&now, stamp) ? 0 : EAGAIN;
}

/* Places the temporary file @temp, which is filled. 0 or an errno. */
static int
place_file(int dirfd, int fd, const char *temp, const char *name, const MhStamp *stamp)
{
    if (fsync(fd) != 0)
        return errno;
    int failed = stamp != NULL ? compare_stamp(dirfd, name, stamp) : 0;
    if (failed != 0)
        return failed;
    return renameat(dirfd, temp, dirfd, name) != 0 ? errno : 0;
}

static bool
refuse_to_replace(int failed, const MhStamp *stamp, int dirfd, const char *name, GError **error)
{
    if (failed != EAGAIN || stamp == NULL)
        return mh_safe_error_set(error, failed, "write", dirfd, name);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                "'%s' has been written by another program meanwhile; run again", name);
    return false;
}

static int
set_owner_and_mode(int fd, mode_t mode, uid_t uid, gid_t gid)
{
    if ((uid != (uid_t)-1 || gid != (gid_t)-1) && fchown(fd, uid, gid) != 0)
        return errno;
    return fchmod(fd, mode) != 0 ? errno : 0;
}

bool
mh_replace_file(int dirfd, const char *name, MhSpan bytes, mode_t mode, uid_t uid, gid_t gid,
                GError **error)
{
    return mh_replace_unchanged(dirfd, name, bytes, mode, uid, gid, NULL, error);
}

bool
mh_replace_unchanged(int dirfd, const char *name, MhSpan bytes, mode_t mode, uid_t uid, gid_t gid,
                     const MhStamp *stamp, GError **error)
{
    if (!mh_safe_path_is_name(name))
        return mh_safe_error_set(error, EINVAL, "write", dirfd, name);
    char temp[NAME_MAX + 1];
    g_snprintf(temp, sizeof temp, TEMP_PREFIX "%s", name);
    if (unlinkat(dirfd, temp, 0) != 0 && errno != ENOENT)
        return mh_safe_error_set(error, errno, "remove", dirfd, temp);
    int fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return mh_safe_error_set(error, errno, "create", dirfd, temp);
    bool done = mh_write_all(fd, bytes, error);
    if (done) {
        int failed = set_owner_and_mode(fd, mode, uid, gid);
        failed = failed != 0 ? failed : place_file(dirfd, fd, temp, name, stamp);
        done = failed == 0 || refuse_to_replace(failed, stamp, dirfd, name, error);
    }
    close(fd);
    if (!done)
        unlinkat(dirfd, temp, 0);
    return done && mh_sync_dir(dirfd, error);
}

void
mh_replace_file_tidy(int dirfd, const char *name)
{
    g_autofree char *temp = g_strconcat(TEMP_PREFIX, name, NULL);
    unlinkat(dirfd, temp, 0);
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* 0 or an errno. */
static int
take_names(DIR *dir, MhTakeName take, void *names)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (entry == NULL)
            return errno;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            take(entry->d_name, names);
    }
}

bool
mh_list_dir_each(int dirfd, MhTakeName take, void *names, GError **error)
{
    /* Opened anew: a duplicate would share its place in the directory. */
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    int failed = dir != NULL ? 0 : errno;
    if (dir != NULL)
        failed = take_names(dir, take, names);
    if (dir != NULL)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    if (failed == 0)
        return true;
    mh_safe_error_set(error, failed, "list", dirfd, ".");
    errno = failed;
    return false;
}

static void
take_copy(const char *name, void *names)
{
    g_ptr_array_add(names, g_strdup(name));
}

GPtrArray *
mh_list_dir(int dirfd, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    if (!mh_list_dir_each(dirfd, take_copy, names, error))
        return NULL;
    g_ptr_array_sort(names, compare_names);
    return g_steal_pointer(&names);
}

static void
take_bytes(const char *name, void *names)
{
    g_byte_array_append(names, (const guint8 *)name, (guint)strlen(name) + 1);
}

bool
mh_list_dir_bytes(int dirfd, GByteArray *names, GError **error)
{
    return mh_list_dir_each(dirfd, take_bytes, names, error);
}
