#include "mbox-dotlock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STALE_SECONDS 120
/* How long an old lock is watched before it is called stale. */
#define WATCH_US      (2 * G_USEC_PER_SEC)
#define TEMP_NAME_MAX 64

static void
make_temp_name(char name[TEMP_NAME_MAX])
{
    snprintf(name, TEMP_NAME_MAX, ".mailhaul-lock.%ld.%08x", (long)getpid(), g_random_int());
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Does the lock say "PID:HOST" of this host, and is there no such process? */
static bool
names_dead_process(int dirfd, const char *lock_name)
{
    char text[256];
    MhSpan digits, host;
    uint32_t pid;
    int fd = openat(dirfd, lock_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t len = read(fd, text, sizeof(text));
    close(fd);
    if (len <= 0 || !mh_span_split(mh_span_trim(mh_span(text, (size_t)len)), ':', &digits, &host) ||
        !mh_span_to_u32(digits, INT32_MAX, &pid) || pid <= 1 ||
        !mh_span_equal(host, mh_span_from_string(g_get_host_name())))
        return false;
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* @now: the file system's clock, from a file just written; 0 when there is none. */
static bool
is_stale(int dirfd, const char *lock_name, const struct stat *st, time_t now,
         MboxDotlockWatch *watch)
{
    if (!watch->seen || !is_same_file(&watch->st, st))
        *watch = (MboxDotlockWatch){true, *st, g_get_monotonic_time()};
    if (names_dead_process(dirfd, lock_name))
        return true;
    if (now == 0)
        now = time(NULL);
    return now - st->st_mtim.tv_sec > STALE_SECONDS &&
           g_get_monotonic_time() - watch->since_us >= WATCH_US;
}

/* Takes the stale lock @st away. Another program may do the same at this moment, and lock anew: so
 * it is renamed first, looked at, and put back when it is not the one that was stale. */
static void
remove_stale(int dirfd, const char *lock_name, const struct stat *st)
{
    char aside[TEMP_NAME_MAX];
    struct stat moved;
    make_temp_name(aside);
    if (renameat(dirfd, lock_name, dirfd, aside) != 0)
        return;
    bool wrong = fstatat(dirfd, aside, &moved, AT_SYMLINK_NOFOLLOW) == 0 &&
                 (moved.st_ino != st->st_ino || moved.st_dev != st->st_dev);
    /* When a third one has locked meanwhile, there is no place to put it back to. */
    if (!wrong || linkat(dirfd, aside, dirfd, lock_name, 0) == 0 || errno == EEXIST)
        unlinkat(dirfd, aside, 0);
    else
        (void)!renameat(dirfd, aside, dirfd, lock_name);
}

MboxDotlockResult
mbox_dotlock_look(int dirfd, const char *lock_name, MboxDotlockWatch *watch, bool *out_stale)
{
    struct stat st;
    bool is_there = fstatat(dirfd, lock_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    *out_stale = is_there && is_stale(dirfd, lock_name, &st, 0, watch);
    return is_there && !*out_stale ? MBOX_DOTLOCK_BUSY : MBOX_DOTLOCK_NOT_HERE;
}

/* Nothing can be written here; all that is left is to respect the lock of others. */
static MboxDotlockResult
look_only(int dirfd, const char *lock_name, MboxDotlockWatch *watch)
{
    bool stale;
    return mbox_dotlock_look(dirfd, lock_name, watch, &stale);
}

/* A file with our "PID:HOST"; -1 with errno. Where it can be had, it has no name, so that a kill
 * leaves nothing: then *@temp becomes empty. */
static int
make_temp(int dirfd, char temp[TEMP_NAME_MAX])
{
    char text[256];
    int len = snprintf(text, sizeof(text), "%ld:%s", (long)getpid(), g_get_host_name());
    int fd = openat(dirfd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);
    if (fd >= 0)
        *temp = '\0';
    else
        fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -1;
    size_t size = MIN((size_t)len, sizeof(text) - 1);
    if (write(fd, text, size) == (ssize_t)size)
        return fd;
    int reason = errno;
    close(fd);
    if (*temp != '\0')
        unlinkat(dirfd, temp, 0);
    errno = reason;
    return -1;
}

/* link(2) of what make_temp() made. Without /proc a nameless file cannot get a name: ENOENT. */
static bool
link_temp(int dirfd, const char *temp, int fd, const char *lock_name)
{
    char path[64];
    if (*temp != '\0')
        return linkat(dirfd, temp, dirfd, lock_name, 0) == 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, dirfd, lock_name, AT_SYMLINK_FOLLOW) == 0;
}

/* Puts @temp, which is @fd, at @lock_name, where nothing may be. */
static MboxDotlockResult
put_in_place(int dirfd, const char *temp, int fd, const char *lock_name, MboxDotlockWatch *watch,
             int *out_errno)
{
    struct stat ours, theirs;
    bool linked = link_temp(dirfd, temp, fd, lock_name);
    int reason = errno;
    bool known = fstat(fd, &ours) == 0;
    /* NFS may answer "failed" to a link that was made. */
    if (linked || (known && ours.st_nlink == (*temp != '\0' ? 2 : 1)))
        return MBOX_DOTLOCK_TAKEN;
    if (reason != EEXIST) {
        *out_errno = reason;
        return look_only(dirfd, lock_name, watch);
    }
    if (known && fstatat(dirfd, lock_name, &theirs, AT_SYMLINK_NOFOLLOW) == 0 &&
        is_stale(dirfd, lock_name, &theirs, ours.st_mtim.tv_sec, watch))
        remove_stale(dirfd, lock_name, &theirs);
    return MBOX_DOTLOCK_BUSY; /* removed or not: the next attempt tells */
}

MboxDotlockResult
mbox_dotlock_try(int dirfd, const char *lock_name, MboxDotlockWatch *watch, int *out_fd,
                 int *out_errno)
{
    char temp[TEMP_NAME_MAX];
    make_temp_name(temp);
    int fd = make_temp(dirfd, temp);
    if (fd < 0) {
        *out_errno = errno;
        return look_only(dirfd, lock_name, watch);
    }
    MboxDotlockResult result = put_in_place(dirfd, temp, fd, lock_name, watch, out_errno);
    if (*temp != '\0')
        unlinkat(dirfd, temp, 0);
    if (result == MBOX_DOTLOCK_TAKEN)
        *out_fd = fd;
    else
        close(fd);
    return result;
}

typedef enum { OURS, NOT_OURS, NOT_KNOWN } Whose;

static Whose
whose(int dirfd, const char *lock_name, int fd)
{
    struct stat ours, there;
    if (fstat(fd, &ours) != 0)
        return NOT_KNOWN;
    if (fstatat(dirfd, lock_name, &there, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? NOT_OURS : NOT_KNOWN;
    return ours.st_ino == there.st_ino && ours.st_dev == there.st_dev ? OURS : NOT_OURS;
}

bool
mbox_dotlock_is_ours(int dirfd, const char *lock_name, int fd)
{
    return whose(dirfd, lock_name, fd) == OURS;
}

/* A look that fails is made once more: the lock would stay. */
void
mbox_dotlock_release(int dirfd, const char *lock_name, int fd)
{
    Whose is = whose(dirfd, lock_name, fd);
    if (is == OURS || (is == NOT_KNOWN && whose(dirfd, lock_name, fd) == OURS))
        unlinkat(dirfd, lock_name, 0);
    close(fd);
}
