/* crash-shim: stands between mailhaul and libc (LD_PRELOAD), counts the calls that change the file
 * system over all processes of a run, and lets one of them go wrong.
 *
 * The file named by CRASH_SHARED is mapped by every process of the run. That no such call passes
 * unseen is tested against strace(1): see test_crash_shim.py.
 *
 * Making things durable is counted, and may fail, but is not done unless that is ordered: it would
 * take most of the time, and a kill does not show the difference. A power cut does.
 */
#undef _FORTIFY_SOURCE
#undef _FILE_OFFSET_BITS
#include "crash-shim.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static CrashShared *shared;

__attribute__((constructor)) static void
map_shared(void)
{
    const char *path = getenv("CRASH_SHARED");
    int fd = path != NULL ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof(CrashShared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        return;
    shared = at;
    int32_t nobody = 0;
    __atomic_compare_exchange_n(&shared->first, &nobody, (int32_t)getpid(), false, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
}

/* Waits for the driver to kill the whole run, or to let it go on. */
static void
freeze(void)
{
    static const struct timespec a_moment = {.tv_nsec = 500000};
    while (shared->action != CRASH_NOTHING)
        syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &a_moment, NULL);
}

/* Tells the driver, and sleeps until its signal has arrived. */
static void
await_signal(void)
{
    static const struct timespec longest = {.tv_sec = 5};
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    __atomic_store_n(&shared->happened, 1, __ATOMIC_SEQ_CST);
    ppoll(NULL, 0, &longest, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void
write_down(uint32_t step, const char *call, int dirfd, const char *path)
{
    if (step > CRASH_STEPS)
        return;
    CrashStep *entry = &shared->log[step - 1];
    char where[32], full[4200] = "";
    strncpy(entry->call, call, sizeof entry->call - 1);
    if (dirfd != AT_FDCWD) {
        snprintf(where, sizeof where, "/proc/self/fd/%d", dirfd);
        ssize_t len = syscall(SYS_readlink, where, full, 4000);
        full[len > 0 ? len : 0] = '\0';
    }
    if (path != NULL) {
        size_t len = strlen(full);
        snprintf(full + len, sizeof full - len, "%s%s", len > 0 ? "/" : "", path);
    }
    size_t len = strlen(full), room = sizeof entry->path - 1;
    memcpy(entry->path, full + (len > room ? len - room : 0), len > room ? room : len);
    entry->pid = (int32_t)getpid();
    entry->result = -1;
}

/* What a call needs, and so how it may fail. */
typedef enum {
    NEEDS_ROOM,   /* blocks or inodes */
    NEEDS_NOTHING /* removes, or sets what is there */
} Needs;

typedef struct {
    uint32_t step; /* 0: not counted */
    bool fails;    /* with errno set */
    bool torn;     /* half of it is to be written */
    bool lost;     /* it is to be done, and to fail */
} Verdict;

/* The frozen stay where they are; others are counted. */
static Verdict
take_step(const char *call, int dirfd, const char *path, Needs needs)
{
    int saved = errno;
    Verdict verdict = {0};
    if (shared == NULL || (shared->worker_only && shared->first == (int32_t)getpid()))
        return verdict;
    uint32_t action = shared->action;
    if (shared->happened && (action == CRASH_FREEZE || action == CRASH_TORN))
        freeze();
    if (shared->like == CRASH_LIKE_VFAT && path != NULL && strchr(path, ':') != NULL) {
        errno = EINVAL;
        verdict.fails = true;
        return verdict;
    }
    verdict.step = __atomic_add_fetch(&shared->steps, 1, __ATOMIC_SEQ_CST);
    write_down(verdict.step, call, dirfd, path);
    errno = saved;
    bool here = verdict.step == shared->at;
    bool still = action == CRASH_ERROR_STAYS && verdict.step > shared->at && needs == NEEDS_ROOM;
    if (action == CRASH_NOTHING || (!here && !still))
        return verdict;
    if (action == CRASH_TORN && strstr(call, "write") != NULL) {
        verdict.torn = true;
        return verdict;
    }
    verdict.lost = action == CRASH_LOST;
    if (action == CRASH_SIGNAL)
        await_signal();
    __atomic_store_n(&shared->happened, 1, __ATOMIC_SEQ_CST);
    if (action == CRASH_FREEZE || action == CRASH_TORN)
        freeze();
    if (action == CRASH_KILL_SELF)
        syscall(SYS_kill, getpid(), SIGKILL);
    verdict.fails = action == CRASH_ERROR || action == CRASH_ERROR_STAYS;
    if (verdict.fails)
        errno = shared->error;
    return verdict;
}

static void
end_step(const Verdict *verdict, bool good)
{
    if (verdict->step > 0 && verdict->step <= CRASH_STEPS)
        shared->log[verdict->step - 1].result = good ? 0 : errno;
}

static bool
counts(uint32_t what)
{
    return shared != NULL && shared->counts == what;
}

static bool
is_regular(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* The error of a call that was made, and whose answer was lost. One that has failed does so when it
 * is made again, too, with the error that it had. */
static int
lost_answer(const char *call, bool good)
{
    static const char *const making[] = {"link", "symlink", "mkdir"};
    static const char *const removing[] = {"unlink", "rename", "rmdir", "remove"};
    if (shared->error != 0)
        return shared->error;
    if (!good)
        return errno;
    for (size_t i = 0; i < sizeof making / sizeof *making; i++) {
        if (strncmp(call, making[i], strlen(making[i])) == 0)
            return EEXIST;
    }
    for (size_t i = 0; i < sizeof removing / sizeof *removing; i++) {
        if (strncmp(call, removing[i], strlen(removing[i])) == 0)
            return ENOENT;
    }
    return EIO;
}

/* The next definition of a function that libc has, called with its arguments. */
#define NEXT(name) ((__typeof__(&name))(uintptr_t)next_of(#name))

static void *
next_of(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        abort();
    return found;
}

/* A call that is a step whenever changes are counted. */
#define CHANGE(type, name, parameters, arguments, dirfd, path, needs)                              \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        if (!counts(CRASH_COUNT_CHANGES))                                                          \
            return NEXT(name) arguments;                                                           \
        Verdict verdict = take_step(#name, dirfd, path, needs);                                    \
        if (verdict.fails)                                                                         \
            return -1;                                                                             \
        type result = NEXT(name) arguments;                                                        \
        end_step(&verdict, result >= 0);                                                           \
        if (verdict.lost)                                                                          \
            errno = lost_answer(#name, result >= 0);                                               \
        return verdict.lost ? -1 : result;                                                         \
    }

/* A call that waits for the disk where @syncs is ordered. */
#define DURABLE(name, syncs)                                                                       \
    int name(int fd)                                                                               \
    {                                                                                              \
        Verdict verdict = {0};                                                                     \
        if (counts(CRASH_COUNT_CHANGES))                                                           \
            verdict = take_step(#name, fd, NULL, NEEDS_ROOM);                                      \
        if (verdict.fails)                                                                         \
            return -1;                                                                             \
        int result = (syncs) ? NEXT(name)(fd) : 0;                                                 \
        end_step(&verdict, result == 0);                                                           \
        return result;                                                                             \
    }

DURABLE(fsync, shared != NULL && shared->syncs != CRASH_SYNC_NOTHING)
DURABLE(fdatasync, shared != NULL && shared->syncs != CRASH_SYNC_NOTHING)
DURABLE(syncfs, shared != NULL && shared->syncs == CRASH_SYNC_ALL)

CHANGE(int, rename, (const char *a, const char *b), (a, b), AT_FDCWD, b, NEEDS_ROOM)
CHANGE(int, renameat, (int ad, const char *a, int bd, const char *b), (ad, a, bd, b), bd, b,
       NEEDS_ROOM)

int renameat2(int ad, const char *a, int bd, const char *b, unsigned flags);
int
renameat2(int ad, const char *a, int bd, const char *b, unsigned flags)
{
    if (shared != NULL && shared->like == CRASH_LIKE_NFS && flags != 0) {
        errno = EINVAL;
        return -1;
    }
    if (!counts(CRASH_COUNT_CHANGES))
        return NEXT(renameat2)(ad, a, bd, b, flags);
    Verdict verdict = take_step("renameat2", bd, b, NEEDS_ROOM);
    if (verdict.fails)
        return -1;
    int result = NEXT(renameat2)(ad, a, bd, b, flags);
    end_step(&verdict, result == 0);
    if (verdict.lost)
        errno = lost_answer("renameat2", result == 0);
    return verdict.lost ? -1 : result;
}

CHANGE(int, link, (const char *a, const char *b), (a, b), AT_FDCWD, b, NEEDS_ROOM)
CHANGE(int, linkat, (int ad, const char *a, int bd, const char *b, int flags),
       (ad, a, bd, b, flags), bd, b, NEEDS_ROOM)
CHANGE(int, symlink, (const char *a, const char *b), (a, b), AT_FDCWD, b, NEEDS_ROOM)
CHANGE(int, symlinkat, (const char *a, int bd, const char *b), (a, bd, b), bd, b, NEEDS_ROOM)
CHANGE(int, unlink, (const char *a), (a), AT_FDCWD, a, NEEDS_NOTHING)
CHANGE(int, unlinkat, (int d, const char *a, int flags), (d, a, flags), d, a, NEEDS_NOTHING)
CHANGE(int, remove, (const char *a), (a), AT_FDCWD, a, NEEDS_NOTHING)
CHANGE(int, rmdir, (const char *a), (a), AT_FDCWD, a, NEEDS_NOTHING)
CHANGE(int, mkdir, (const char *a, mode_t mode), (a, mode), AT_FDCWD, a, NEEDS_ROOM)
CHANGE(int, mkdirat, (int d, const char *a, mode_t mode), (d, a, mode), d, a, NEEDS_ROOM)
CHANGE(int, truncate, (const char *a, off_t size), (a, size), AT_FDCWD, a, NEEDS_NOTHING)
CHANGE(int, truncate64, (const char *a, off64_t size), (a, size), AT_FDCWD, a, NEEDS_NOTHING)
CHANGE(int, ftruncate, (int fd, off_t size), (fd, size), fd, NULL, NEEDS_NOTHING)
CHANGE(int, ftruncate64, (int fd, off64_t size), (fd, size), fd, NULL, NEEDS_NOTHING)
CHANGE(int, fallocate, (int fd, int mode, off_t at, off_t len), (fd, mode, at, len), fd, NULL,
       NEEDS_ROOM)
CHANGE(int, fallocate64, (int fd, int mode, off64_t at, off64_t len), (fd, mode, at, len), fd, NULL,
       NEEDS_ROOM)
CHANGE(int, futimens, (int fd, const struct timespec t[2]), (fd, t), fd, NULL, NEEDS_NOTHING)
CHANGE(int, utimensat, (int d, const char *a, const struct timespec t[2], int flags),
       (d, a, t, flags), d, a, NEEDS_NOTHING)
CHANGE(int, utimes, (const char *a, const struct timeval t[2]), (a, t), AT_FDCWD, a, NEEDS_NOTHING)
CHANGE(int, chmod, (const char *a, mode_t mode), (a, mode), AT_FDCWD, a, NEEDS_NOTHING)
CHANGE(int, fchmod, (int fd, mode_t mode), (fd, mode), fd, NULL, NEEDS_NOTHING)
CHANGE(int, fchmodat, (int d, const char *a, mode_t mode, int flags), (d, a, mode, flags), d, a,
       NEEDS_NOTHING)
CHANGE(int, chown, (const char *a, uid_t uid, gid_t gid), (a, uid, gid), AT_FDCWD, a, NEEDS_NOTHING)
CHANGE(int, lchown, (const char *a, uid_t uid, gid_t gid), (a, uid, gid), AT_FDCWD, a,
       NEEDS_NOTHING)
CHANGE(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid), fd, NULL, NEEDS_NOTHING)
CHANGE(int, fchownat, (int d, const char *a, uid_t uid, gid_t gid, int flags),
       (d, a, uid, gid, flags), d, a, NEEDS_NOTHING)
CHANGE(ssize_t, copy_file_range,
       (int in, off64_t *in_at, int out, off64_t *out_at, size_t len, unsigned flags),
       (in, in_at, out, out_at, len, flags), out, NULL, NEEDS_ROOM)
CHANGE(ssize_t, sendfile, (int out, int in, off_t *at, size_t len), (out, in, at, len), out, NULL,
       NEEDS_ROOM)
CHANGE(ssize_t, sendfile64, (int out, int in, off64_t *at, size_t len), (out, in, at, len), out,
       NULL, NEEDS_ROOM)

/* posix_fallocate() returns its error. */
#define POSIX_FALLOCATE(name, offset)                                                              \
    int name(int fd, offset at, offset len);                                                       \
    int name(int fd, offset at, offset len)                                                        \
    {                                                                                              \
        if (!counts(CRASH_COUNT_CHANGES))                                                          \
            return NEXT(name)(fd, at, len);                                                        \
        Verdict verdict = take_step(#name, fd, NULL, NEEDS_ROOM);                                  \
        int result = verdict.fails ? errno : NEXT(name)(fd, at, len);                              \
        end_step(&verdict, result == 0);                                                           \
        return result;                                                                             \
    }

POSIX_FALLOCATE(posix_fallocate, off_t)
POSIX_FALLOCATE(posix_fallocate64, off64_t)

/* ---- writing ------------------------------------------------------------------------------ */

#define WRITE(name, parameters, whole, half)                                                       \
    ssize_t name parameters;                                                                       \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        if (!counts(CRASH_COUNT_CHANGES) || !is_regular(fd))                                       \
            return NEXT(name) whole;                                                               \
        Verdict verdict = take_step(#name, fd, NULL, NEEDS_ROOM);                                  \
        if (verdict.fails)                                                                         \
            return -1;                                                                             \
        ssize_t result = verdict.torn ? NEXT(name) half : NEXT(name) whole;                        \
        end_step(&verdict, result >= 0);                                                           \
        if (verdict.torn) {                                                                        \
            __atomic_store_n(&shared->happened, 1, __ATOMIC_SEQ_CST);                              \
            freeze();                                                                              \
        }                                                                                          \
        return result;                                                                             \
    }

WRITE(write, (int fd, const void *data, size_t len), (fd, data, len), (fd, data, len / 2))
WRITE(pwrite, (int fd, const void *data, size_t len, off_t at), (fd, data, len, at),
      (fd, data, len / 2, at))
WRITE(pwrite64, (int fd, const void *data, size_t len, off64_t at), (fd, data, len, at),
      (fd, data, len / 2, at))
WRITE(writev, (int fd, const struct iovec *parts, int count), (fd, parts, count),
      (fd, parts, count / 2))
WRITE(pwritev, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at),
      (fd, parts, count / 2, at))
WRITE(pwritev64, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at),
      (fd, parts, count / 2, at))

/* ---- opening and reading ------------------------------------------------------------------ */

static Verdict
step_of_open(const char *call, int dirfd, const char *path, int flags)
{
    bool changes = (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
#ifdef MAILHAUL_COVERAGE /* what is counted there is no step of the program's */
    if (strncmp(path, MAILHAUL_COVERAGE "/", sizeof MAILHAUL_COVERAGE) == 0)
        return (Verdict){0};
#endif
    if (counts(CRASH_COUNT_CHANGES) ? changes : counts(CRASH_COUNT_READS))
        return take_step(call, dirfd, path, NEEDS_ROOM);
    return (Verdict){0};
}

#define OPEN(name, parameters, arguments, dirfd)                                                   \
    int name parameters                                                                            \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {                          \
            va_list args;                                                                          \
            va_start(args, flags);                                                                 \
            mode = va_arg(args, mode_t);                                                           \
            va_end(args);                                                                          \
        }                                                                                          \
        Verdict verdict = step_of_open(#name, dirfd, path, flags);                                 \
        if (verdict.fails)                                                                         \
            return -1;                                                                             \
        int fd = NEXT(name) arguments;                                                             \
        end_step(&verdict, fd >= 0);                                                               \
        return fd;                                                                                 \
    }

OPEN(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(openat, (int dir, const char *path, int flags, ...), (dir, path, flags, mode), dir)
OPEN(openat64, (int dir, const char *path, int flags, ...), (dir, path, flags, mode), dir)

/* How much of @len bytes at @at is before the bad place. */
static size_t
before_bad(CrashBad *bad, uint64_t at, size_t len)
{
    if (at + len <= bad->from || at >= bad->to)
        return len;
    uint64_t spared = __atomic_load_n(&bad->spared, __ATOMIC_SEQ_CST);
    while (spared > 0) {
        if (__atomic_compare_exchange_n(&bad->spared, &spared, spared - 1, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
            return len;
    }
    return at < bad->from ? bad->from - at : 0;
}

/* How much of @len bytes at @offset (-1: where the file stands) a failing device gives. */
static size_t
readable(int fd, off64_t offset, size_t len)
{
    char where[32], path[4096];
    int saved = errno;
    if (shared == NULL || shared->bad_path[0] == '\0')
        return len;
    snprintf(where, sizeof where, "/proc/self/fd/%d", fd);
    ssize_t got = syscall(SYS_readlink, where, path, sizeof path - 1);
    errno = saved;
    path[got > 0 ? got : 0] = '\0';
    size_t have = strlen(path), bad = strlen(shared->bad_path);
    if (have < bad || strcmp(path + have - bad, shared->bad_path) != 0)
        return len;
    uint64_t at = (uint64_t)(offset >= 0 ? offset : lseek64(fd, 0, SEEK_CUR));
    for (size_t i = 0; i < CRASH_BAD; i++)
        len = before_bad(&shared->bad[i], at, len);
    errno = EIO; /* for none at all */
    return len;
}

#define READ(name, parameters, at, arguments)                                                      \
    ssize_t name parameters;                                                                       \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        size_t wanted = len;                                                                       \
        len = readable(fd, at, len);                                                               \
        if (len == 0 && wanted > 0)                                                                \
            return -1;                                                                             \
        if (!counts(CRASH_COUNT_READS) || !is_regular(fd))                                         \
            return NEXT(name) arguments;                                                           \
        Verdict verdict = take_step(#name, fd, NULL, NEEDS_NOTHING);                               \
        return verdict.fails ? -1 : NEXT(name) arguments;                                          \
    }

READ(read, (int fd, void *data, size_t len), -1, (fd, data, len))
READ(pread, (int fd, void *data, size_t len, off_t at), at, (fd, data, len, at))
READ(pread64, (int fd, void *data, size_t len, off64_t at), at, (fd, data, len, at))

/* ---- what changes nothing ------------------------------------------------------------------- */

static Verdict
step_of_look(const char *call, int dirfd, const char *path)
{
    return counts(CRASH_COUNT_LOOKS) ? take_step(call, dirfd, path, NEEDS_NOTHING) : (Verdict){0};
}

#define LOOK(type, name, parameters, arguments, dirfd, path, failed)                               \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        Verdict verdict = step_of_look(#name, dirfd, path);                                        \
        if (verdict.fails)                                                                         \
            return failed;                                                                         \
        return NEXT(name) arguments;                                                               \
    }

LOOK(int, fstat64, (int fd, struct stat64 *st), (fd, st), fd, NULL, -1)
LOOK(int, stat64, (const char *a, struct stat64 *st), (a, st), AT_FDCWD, a, -1)
LOOK(int, lstat64, (const char *a, struct stat64 *st), (a, st), AT_FDCWD, a, -1)
LOOK(int, fstatat64, (int d, const char *a, struct stat64 *st, int flags), (d, a, st, flags), d, a,
     -1)
LOOK(int, statx, (int d, const char *a, int flags, unsigned mask, struct statx *st),
     (d, a, flags, mask, st), d, a, -1)
LOOK(int, statvfs64, (const char *a, struct statvfs64 *st), (a, st), AT_FDCWD, a, -1)
LOOK(int, faccessat, (int d, const char *a, int mode, int flags), (d, a, mode, flags), d, a, -1)
LOOK(ssize_t, readlink, (const char *a, char *text, size_t len), (a, text, len), AT_FDCWD, a, -1)
LOOK(ssize_t, readlinkat, (int d, const char *a, char *text, size_t len), (d, a, text, len), d, a,
     -1)
LOOK(DIR *, opendir, (const char *a), (a), AT_FDCWD, a, NULL)
LOOK(DIR *, fdopendir, (int fd), (fd), fd, NULL, NULL)
LOOK(struct dirent64 *, readdir64, (DIR * dir), (dir), dirfd(dir), NULL, NULL)
LOOK(off64_t, lseek64, (int fd, off64_t at, int whence), (fd, at, whence), fd, NULL, -1)
LOOK(int, flock, (int fd, int what), (fd, what), fd, NULL, -1)
LOOK(ssize_t, preadv64v2, (int fd, const struct iovec *parts, int count, off64_t at, int flags),
     (fd, parts, count, at, flags), fd, NULL, -1)
LOOK(void *, mmap64, (void *at, size_t len, int prot, int flags, int fd, off64_t offset),
     (at, len, prot, flags, fd, offset), AT_FDCWD, NULL, MAP_FAILED)
LOOK(int, dup, (int fd), (fd), fd, NULL, -1)
LOOK(int, dup2, (int fd, int other), (fd, other), fd, NULL, -1)
LOOK(int, pipe2, (int ends[2], int flags), (ends, flags), AT_FDCWD, NULL, -1)
LOOK(int, socketpair, (int family, int type, int protocol, int ends[2]),
     (family, type, protocol, ends), AT_FDCWD, NULL, -1)
LOOK(pid_t, fork, (void), (), AT_FDCWD, NULL, -1)
LOOK(int, setgroups, (size_t count, const gid_t *groups), (count, groups), AT_FDCWD, NULL, -1)
LOOK(int, initgroups, (const char *user, gid_t group), (user, group), AT_FDCWD, NULL, -1)
LOOK(int, setresgid, (gid_t a, gid_t b, gid_t c), (a, b, c), AT_FDCWD, NULL, -1)
LOOK(int, setresuid, (uid_t a, uid_t b, uid_t c), (a, b, c), AT_FDCWD, NULL, -1)

int
fcntl64(int fd, int what, ...)
{
    va_list args;
    va_start(args, what);
    void *value = va_arg(args, void *);
    va_end(args);
    Verdict verdict = step_of_look("fcntl64", fd, NULL);
    return verdict.fails ? -1 : NEXT(fcntl64)(fd, what, value);
}

int
prctl(int what, ...)
{
    unsigned long a[4];
    va_list args;
    va_start(args, what);
    for (size_t i = 0; i < 4; i++)
        a[i] = va_arg(args, unsigned long);
    va_end(args);
    Verdict verdict = {0};
    if (what != PR_CAPBSET_READ && what != PR_CAP_AMBIENT) /* libcap-ng asks 41 times each */
        verdict = step_of_look("prctl", AT_FDCWD, NULL);
    return verdict.fails ? -1 : NEXT(prctl)(what, a[0], a[1], a[2], a[3]);
}

/* ---- what the file system is ---------------------------------------------------------------- */

#define STATFS(name, type)                                                                         \
    int name(const char *path, struct type *out)                                                   \
    {                                                                                              \
        Verdict verdict = step_of_look(#name, AT_FDCWD, path);                                     \
        int result = verdict.fails ? -1 : NEXT(name)(path, out);                                   \
        if (result == 0 && shared != NULL && shared->like == CRASH_LIKE_VFAT)                      \
            out->f_type = MSDOS_SUPER_MAGIC;                                                       \
        return result;                                                                             \
    }

STATFS(statfs, statfs)
STATFS(statfs64, statfs64)

/* ---- the clock ---------------------------------------------------------------------------- */

int
clock_gettime(clockid_t which, struct timespec *out)
{
    int result = NEXT(clock_gettime)(which, out);
    if (result == 0 && shared != NULL && which == CLOCK_REALTIME)
        out->tv_sec += shared->clock_shift_s;
    return result;
}

int
gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    int result = NEXT(gettimeofday)(out, zone);
    if (result == 0 && shared != NULL)
        out->tv_sec += shared->clock_shift_s;
    return result;
}

time_t
time(time_t *out)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

/* openat2(2) has no function of its own in libc; we open with it for reading only. */
long
syscall(long number, ...)
{
    long a[6];
    va_list args;
    va_start(args, number);
    for (size_t i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (number == SYS_openat2 && counts(CRASH_COUNT_READS)) {
        Verdict verdict =
            take_step("openat2", (int)a[0], (const char *)(uintptr_t)a[1], NEEDS_ROOM);
        if (verdict.fails)
            return -1;
    }
    return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
