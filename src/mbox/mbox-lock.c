#include "mbox-lock.h"

#include "mbox-dotlock.h"
#include "printable.h"
#include "safe-file.h"
#include "stopping.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define WAIT_FIRST_US (10 * 1000)
#define WAIT_MOST_US  (500 * 1000)
#define REFRESH_US    (20 * G_USEC_PER_SEC)

struct MboxLock {
    int parent; /* the directory of the mbox; -1 without dotlock */
    char *dot_name;
    int dot_fd; /* -1: no dotlock is held */
    int fd;     /* the mbox; not ours to close */
    MboxLockKinds held;
    MboxDotlockWatch watch;
    int64_t refreshed_us;
};

static const struct {
    const char *name;
    MboxLockKinds kind;
} kind_names[] = {
    {"dotlock", MBOX_LOCK_DOTLOCK},
    {"fcntl", MBOX_LOCK_FCNTL},
    {"flock", MBOX_LOCK_FLOCK},
};

static MboxLockKinds
kind_from_name(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kind_names); i++) {
        if (strcmp(kind_names[i].name, name) == 0)
            return kind_names[i].kind;
    }
    return MBOX_LOCK_NONE;
}

bool
mbox_lock_kinds_parse(const char *text, MboxLockKinds *out_kinds)
{
    MboxLockKinds kinds = MBOX_LOCK_NONE;
    if (strcmp(text, "none") != 0) {
        g_auto(GStrv) words = g_strsplit(text, ",", -1);
        if (words[0] == NULL)
            return false;
        for (char **word = words; *word != NULL; word++) {
            MboxLockKinds kind = kind_from_name(g_strstrip(*word));
            if (kind == MBOX_LOCK_NONE)
                return false;
            kinds |= kind;
        }
    }
    *out_kinds = kinds;
    return true;
}

static void
release(MboxLock *lock)
{
    struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    if (lock->held & MBOX_LOCK_FLOCK)
        flock(lock->fd, LOCK_UN);
    if (lock->held & MBOX_LOCK_FCNTL)
        fcntl(lock->fd, F_OFD_SETLK, &whole);
    if (lock->dot_fd >= 0)
        mbox_dotlock_release(lock->parent, lock->dot_name, lock->dot_fd);
    lock->dot_fd = -1;
    lock->held = MBOX_LOCK_NONE;
}

void
mbox_lock_free(MboxLock *lock)
{
    if (lock == NULL)
        return;
    release(lock);
    if (lock->parent >= 0)
        close(lock->parent);
    g_free(lock->dot_name);
    g_free(lock);
}

/* What stands in the way of a lock. */
typedef struct {
    MboxLockKinds busy;    /* another program holds this one */
    MboxLockKinds lacking; /* these cannot be had here, */
    int reason;            /* because */
    bool stale;            /* a dotlock that nobody holds was only looked at */
} Obstacle;

/* A lock by system call: @result is what it returned. */
static bool
settle(MboxLock *lock, MboxLockKinds kind, int result, Obstacle *obstacle)
{
    if (result == 0) {
        lock->held |= kind;
    } else if (errno == EAGAIN || errno == EACCES || errno == EWOULDBLOCK || errno == EINTR) {
        obstacle->busy = kind;
        return false;
    } else {
        obstacle->lacking |= kind;
        obstacle->reason = errno;
    }
    return true;
}

static bool
try_dotlock(MboxLock *lock, Obstacle *obstacle)
{
    switch (mbox_dotlock_try(lock->parent, lock->dot_name, &lock->watch, &lock->dot_fd,
                             &obstacle->reason)) {
    case MBOX_DOTLOCK_TAKEN:
        lock->held |= MBOX_LOCK_DOTLOCK;
        lock->refreshed_us = g_get_monotonic_time();
        return true;
    case MBOX_DOTLOCK_NOT_HERE:
        obstacle->lacking |= MBOX_LOCK_DOTLOCK;
        return true;
    case MBOX_DOTLOCK_BUSY:
        break;
    }
    obstacle->busy = MBOX_LOCK_DOTLOCK;
    return false;
}

static bool
look_at_dotlock(MboxLock *lock, Obstacle *obstacle)
{
    if (mbox_dotlock_look(lock->parent, lock->dot_name, &lock->watch, &obstacle->stale) !=
        MBOX_DOTLOCK_BUSY)
        return true;
    obstacle->busy = MBOX_LOCK_DOTLOCK;
    return false;
}

/* Takes all of @kinds, or none. */
static bool
try_all(MboxLock *lock, MboxLockKinds kinds, Obstacle *obstacle)
{
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    *obstacle = (Obstacle){0};
    bool ok = true;
    if (kinds & MBOX_LOCK_DOTLOCK)
        ok = kinds & MBOX_LOCK_LOOK ? look_at_dotlock(lock, obstacle) : try_dotlock(lock, obstacle);
    if (ok && (kinds & MBOX_LOCK_FCNTL))
        ok = settle(lock, MBOX_LOCK_FCNTL, fcntl(lock->fd, F_OFD_SETLK, &whole), obstacle);
    if (ok && (kinds & MBOX_LOCK_FLOCK))
        ok = settle(lock, MBOX_LOCK_FLOCK, flock(lock->fd, LOCK_SH | LOCK_NB), obstacle);
    if (!ok)
        release(lock);
    return ok;
}

static const char *
kind_name(MboxLockKinds kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kind_names); i++) {
        if (kind_names[i].kind == kind)
            return kind_names[i].name;
    }
    return "";
}

static void
report_lacking(const MboxLock *lock, const Obstacle *obstacle, MhFindings *findings)
{
    if (obstacle->stale) {
        g_autofree char *shown = mh_printable_string(lock->dot_name);
        mh_findings_add(findings, MH_FINDING_MBOX_LOCK_STALE, "'%s'", shown);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kind_names); i++) {
        if (obstacle->lacking & kind_names[i].kind)
            mh_findings_add(findings, MH_FINDING_MBOX_LOCK_LACKING, "%s: %s", kind_names[i].name,
                            g_strerror(obstacle->reason));
    }
}

static bool
open_parent(MboxLock *lock, int dirfd, const char *path, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    lock->dot_name = g_strconcat(name, ".lock", NULL);
    lock->parent = mh_open_dir(dirfd, parent, error);
    return lock->parent >= 0;
}

MboxLock *
mbox_lock_take(int dirfd, const char *path, int fd, MboxLockKinds kinds, unsigned timeout_ms,
               MhFindings *findings, GError **error)
{
    g_autoptr(MboxLock) lock = g_new0(MboxLock, 1);
    *lock = (MboxLock){.parent = -1, .dot_fd = -1, .fd = fd};
    if ((kinds & MBOX_LOCK_DOTLOCK) && !open_parent(lock, dirfd, path, error))
        return NULL;
    int64_t end = g_get_monotonic_time() + (int64_t)timeout_ms * 1000;
    gulong wait = WAIT_FIRST_US;
    Obstacle obstacle;
    while (!try_all(lock, kinds, &obstacle)) {
        int64_t left = mh_stopping() ? 0 : end - g_get_monotonic_time();
        if (left <= 0) {
            g_autofree char *shown = mh_printable_string(path);
            g_set_error(error, MBOX_ERROR, MBOX_ERROR_LOCKED,
                        "cannot lock '%s': another program holds its %s lock", shown,
                        kind_name(obstacle.busy));
            return NULL;
        }
        g_usleep((gulong)MIN((int64_t)wait, left));
        wait = MIN(wait * 2, WAIT_MOST_US);
    }
    report_lacking(lock, &obstacle, findings);
    return g_steal_pointer(&lock);
}

void
mbox_lock_refresh(MboxLock *lock)
{
    int64_t now = g_get_monotonic_time();
    if (lock->dot_fd < 0 || now - lock->refreshed_us < REFRESH_US)
        return;
    lock->refreshed_us = now;
    futimens(lock->dot_fd, NULL);
}

bool
mbox_lock_is_held(const MboxLock *lock)
{
    return lock->dot_fd < 0 || mbox_dotlock_is_ours(lock->parent, lock->dot_name, lock->dot_fd);
}
