#include "maildir-lock.h"

#include "safe-file.h"
#include "stopping.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define LOCK_NAME "dovecot-uidlist.lock"

static const char lock_name[] = LOCK_NAME;
/* The lock before it is in place: it must never be seen without its holder's name. */
static const char aside_name[] = "mailhaul-tmp." LOCK_NAME;

#define POLL_US  100000
#define RENEW_US (5 * G_USEC_PER_SEC)
/* For so many seconds a lock of somebody else's counts although we do not see its process. */
#define FOREIGN_DEAD_S 2

/* What stands in a lock of this process; nobody else writes it. */
static char *
our_name(void)
{
    return g_strdup_printf("0%ld:%s", (long)getpid(), g_get_host_name());
}

/* Writes our name aside. A descriptor, -1 on error. */
static int
make_aside(int folder_fd, GError **error)
{
    g_autofree char *text = our_name();
    unlinkat(folder_fd, aside_name, 0);
    int fd =
        openat(folder_fd, aside_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        mh_set_errno(error, errno, "cannot lock the folder with '%s'", lock_name);
        return -1;
    }
    if (mh_write_all(fd, mh_span_from_string(text), error))
        return fd;
    g_prefix_error(error, "cannot lock the folder: ");
    unlinkat(folder_fd, aside_name, 0);
    close(fd);
    return -1;
}

/* The clock of the file system, which may be another machine's: @aside has just been written or
 * touched. Without one, -1, it is ours. */
static int64_t
clock_of(int aside)
{
    struct stat st;
    return aside >= 0 && fstat(aside, &st) == 0 ? st.st_mtime : g_get_real_time() / G_USEC_PER_SEC;
}

/* Does the lock say "PID:HOST" of this host, and is there no such process? A run holds one lock at
 * a time, so one with our own number is that of a process that had it before. A server in another
 * process namespace only looks dead; it holds the lock for a moment. */
static bool
names_dead_process(int folder_fd, const struct stat *lock, int64_t now)
{
    bool settled = now - lock->st_mtime > FOREIGN_DEAD_S;
    char text[256];
    MhSpan digits, host;
    uint32_t pid;
    int fd = openat(folder_fd, lock_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text) : -1;
    if (fd >= 0)
        close(fd);
    if (len <= 0 || !mh_span_split(mh_span_trim(mh_span(text, (size_t)len)), ':', &digits, &host) ||
        !mh_span_to_u32(digits, INT32_MAX, &pid) || pid <= 1 ||
        !mh_span_equal(host, mh_span_from_string(g_get_host_name())) ||
        (text[0] != '0' && !settled))
        return false;
    return (pid_t)pid == getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

static bool
is_old(int folder_fd, const struct stat *lock, int64_t now)
{
    struct stat list;
    int64_t alive = lock->st_mtime;
    if (fstatat(folder_fd, "dovecot-uidlist", &list, AT_SYMLINK_NOFOLLOW) == 0)
        alive = MAX(alive, list.st_mtime);
    return now - alive > MAILDIR_LOCK_STALE_S;
}

/* Removes a lock that its holder has left behind. True when there is none now. */
static bool
break_stale(int folder_fd, int aside, bool even_old)
{
    struct stat lock, again;
    int64_t now = clock_of(aside);
    if (fstatat(folder_fd, lock_name, &lock, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT;
    if (!S_ISLNK(lock.st_mode) && !names_dead_process(folder_fd, &lock, now) &&
        !(even_old && is_old(folder_fd, &lock, now)))
        return false;
    /* Somebody else may have found the same, and locked anew. */
    if (fstatat(folder_fd, lock_name, &again, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT;
    return lock.st_ino == again.st_ino && lock.st_mtime == again.st_mtime &&
           unlinkat(folder_fd, lock_name, 0) == 0;
}

void
maildir_lock_clear_dead(int folder_fd)
{
    unlinkat(folder_fd, aside_name, 0);
    break_stale(folder_fd, -1, false);
}

/* Puts the lock in place. G_FILE_ERROR_AGAIN when it did not become free. */
static bool
put_in_place(int folder_fd, int aside, unsigned timeout_ms, GError **error)
{
    int64_t until = g_get_monotonic_time() + (int64_t)timeout_ms * 1000;
    for (;;) {
        g_autoptr(GError) failure = NULL;
        if (mh_rename_noreplace(folder_fd, aside_name, folder_fd, lock_name, &failure))
            return true;
        if (!g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_EXIST)) {
            g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                                       "cannot lock the folder: ");
            return false;
        }
        if (break_stale(folder_fd, aside, true))
            continue;
        if (mh_stopping() || g_get_monotonic_time() >= until)
            return mh_set_errno(error, EAGAIN, "the folder is locked: '%s' stays", lock_name);
        g_usleep(POLL_US);
        futimens(aside, NULL);
    }
}

bool
maildir_lock_take(int folder_fd, unsigned timeout_ms, GError **error)
{
    int aside = make_aside(folder_fd, error);
    if (aside < 0)
        return false;
    bool good = put_in_place(folder_fd, aside, timeout_ms, error);
    if (!good)
        unlinkat(folder_fd, aside_name, 0);
    close(aside);
    return good;
}

/* A descriptor of the lock when it is ours. Otherwise -1, with @error when that is not known. */
static int
open_ours(int folder_fd, GError **error)
{
    g_autofree char *ours = our_name();
    GError *failure = NULL;
    struct stat st;
    char text[300];
    int fd = mh_open_file(folder_fd, lock_name, MH_LINKS_REFUSE, &st, &failure);
    if (fd < 0) {
        mh_is_answer(failure, error);
        return -1;
    }
    ssize_t len = read(fd, text, sizeof text);
    if (len >= 0 && mh_span_equal(mh_span(text, (size_t)len), mh_span_from_string(ours)))
        return fd;
    if (len < 0)
        mh_set_errno(error, errno, "cannot read '%s'", lock_name);
    close(fd);
    return -1;
}

bool
maildir_lock_renew(int folder_fd, GError **error)
{
    g_autoptr(GError) failure = NULL;
    int fd = open_ours(folder_fd, &failure);
    if (fd >= 0) {
        futimens(fd, NULL);
        close(fd);
        fd = open_ours(folder_fd, &failure); /* the answer comes last */
    }
    if (fd >= 0) {
        close(fd);
        return true;
    }
    if (failure != NULL)
        g_propagate_error(error, g_steal_pointer(&failure));
    else
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                    "the run stood still, and another program took the folder's '%s'; run again",
                    lock_name);
    return false;
}

bool
maildir_lock_keep(int folder_fd, int64_t *renewed_us, GError **error)
{
    int64_t now = g_get_monotonic_time();
    if (now - *renewed_us < RENEW_US)
        return true;
    *renewed_us = now;
    return maildir_lock_renew(folder_fd, error);
}

bool
maildir_lock_release(int folder_fd, GError **error)
{
    g_autoptr(GError) failure = NULL;
    int fd = open_ours(folder_fd, NULL);
    if (fd < 0)
        fd = open_ours(folder_fd, &failure); /* once more: the lock would stay */
    if (fd < 0 && failure == NULL)
        return true;
    if (fd < 0) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "cannot unlock the folder: ");
        return false;
    }
    close(fd);
    return unlinkat(folder_fd, lock_name, 0) == 0 || errno == ENOENT ||
           mh_set_errno(error, errno, "cannot unlock the folder: '%s' stays", lock_name);
}
