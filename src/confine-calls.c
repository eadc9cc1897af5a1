#include "confine-calls.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* By name, so that a call that this machine has not is left out. The C library chooses among
 * several names for one thing. */
/* clang-format off */
static const char *const allowed[] = {
    /* what is open */
    "read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "pwrite64", "pwritev",
    "pwritev2", "lseek", "_llseek", "close", "close_range", "dup", "pipe2", "flock", "fsync",
    "fdatasync", "syncfs", "ftruncate", "ftruncate64", "fallocate", "fadvise64", "fadvise64_64",
    "copy_file_range", "sendfile", "sendfile64", "fchmod", "fchown", "fchown32",
    /* files by name: Landlock and permissions say which */
    "open", "openat", "openat2", "stat", "stat64", "fstat", "fstat64", "lstat", "lstat64",
    "newfstatat", "fstatat64", "statx", "statfs", "statfs64", "fstatfs", "fstatfs64", "access",
    "faccessat", "faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "getcwd",
    "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link",
    "linkat",
    /* memory, threads */
    "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "brk", "futex", "futex_time64",
    "set_robust_list", "rseq", "exit", "exit_group", "restart_syscall",
    /* signals, waiting */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "sigaltstack", "pause", "poll",
    "ppoll", "ppoll_time64", "select", "pselect6", "pselect6_time64", "sched_yield",
    "clock_nanosleep", "clock_nanosleep_time64", "nanosleep",
    /* time, chance, who and where we are */
    "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "gettimeofday",
    "time", "times", "getrandom", "uname", "sysinfo", "sched_getaffinity", "getcpu", "getrlimit",
    "ugetrlimit", "getrusage", "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid",
    "getegid", "getuid32", "geteuid32", "getgid32", "getegid32", "getpriority",
#ifdef __SANITIZE_ADDRESS__ /* it asks what can be read before it reads it */
    "pipe", "mincore",
#endif
};
/* clang-format on */

/* The uses of a call that are allowed: those with one of these values as an argument. */
typedef struct {
    const char *call;
    unsigned argument; /* 0 is the first */
    bool is_word;      /* the argument is an int, and the rest of the register means nothing */
    uint64_t value;
} Use;

static const Use uses[] = {
    {"ioctl", 1, true, FICLONE},         {"ioctl", 1, true, TCGETS},     /* is it a terminal? */
    {"prctl", 0, true, PR_SET_NAME},     {"prctl", 0, true, PR_SET_VMA}, /* names of memory */
    {"prctl", 0, true, PR_GET_DUMPABLE}, {"kill", 1, true, 0}, /* is there such a process? */
    {"prlimit64", 2, false, 0},                                /* only to look */
    {"utimensat", 1, false, 0},                                /* of what is open */
    {"utimensat_time64", 1, false, 0},
};

/* Stands for the process's own number, which abort() needs, until the filter is used; larger than
 * any that Linux gives. */
#define OWN_PID 0x7f5a39c1

/* Not F_SETOWN and F_SETSIG, which would send a signal to any process of the same user. */
static const int of_fcntl[] = {
    F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,  F_SETFD,     F_GETFL,     F_SETFL,
    F_GETLK, F_SETLK,         F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
};

static bool
allow_use(scmp_filter_ctx filter, const Use *use)
{
    int call = seccomp_syscall_resolve_name(use->call);
    uint64_t mask = use->is_word ? UINT32_MAX : UINT64_MAX;
    if (call == __NR_SCMP_ERROR || call < 0)
        return true;
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                            SCMP_CMP(use->argument, SCMP_CMP_MASKED_EQ, mask, use->value)) == 0;
}

static bool
allow_some_uses(scmp_filter_ctx filter)
{
    static const Use to_self[] = {{"kill", 0, true, OWN_PID}, {"tgkill", 0, true, OWN_PID}};
    /* a thread, but no process; clone3() is not looked into, and said not to be there */
    bool good = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                 SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) == 0;
    for (size_t i = 0; i < G_N_ELEMENTS(uses); i++)
        good &= allow_use(filter, &uses[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(to_self); i++)
        good &= allow_use(filter, &to_self[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(of_fcntl); i++) {
        good &= allow_use(filter, &(Use){"fcntl", 1, true, (uint64_t)of_fcntl[i]});
        good &= allow_use(filter, &(Use){"fcntl64", 1, true, (uint64_t)of_fcntl[i]});
    }
    return good;
}

bool
mh_confine_calls_available(void)
{
    return seccomp_api_get() >= 1;
}

static scmp_filter_ctx
make_filter(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (filter == NULL)
        return NULL;
    bool good = allow_some_uses(filter);
    for (size_t i = 0; i < G_N_ELEMENTS(allowed); i++) {
        int call = seccomp_syscall_resolve_name(allowed[i]);
        if (call != __NR_SCMP_ERROR && call >= 0)
            good &= seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0;
    }
    /* A tree: the kernel tries a new filter with each of its calls. */
    good = good && seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0;
    if (!good)
        seccomp_release(filter);
    return good ? filter : NULL;
}

/* The filter as the kernel takes it; NULL when it cannot be made. Kept for the next worker. */
static GArray *program;

static bool
read_program(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size <= 0 ||
        (size_t)st.st_size % sizeof(struct sock_filter) != 0)
        return false;
    guint count = (guint)((size_t)st.st_size / sizeof(struct sock_filter));
    g_autoptr(GArray) read = g_array_sized_new(FALSE, TRUE, sizeof(struct sock_filter), count);
    g_array_set_size(read, count);
    if (pread(fd, read->data, (size_t)st.st_size, 0) != st.st_size)
        return false;
    program = g_steal_pointer(&read);
    return true;
}

bool
mh_confine_calls_prepare(void)
{
    if (program != NULL)
        return true;
    scmp_filter_ctx filter = make_filter();
    int fd = filter != NULL ? memfd_create("filter", MFD_CLOEXEC) : -1;
    bool good = fd >= 0 && seccomp_export_bpf(filter, fd) == 0 && read_program(fd);
    if (fd >= 0)
        close(fd);
    if (filter != NULL)
        seccomp_release(filter);
    return good;
}

/* False when the filter does not ask for it, so that a worker could not abort(). */
static bool
put_own_pid(GArray *filter)
{
    bool put = false;
    for (guint i = 0; i < filter->len; i++) {
        struct sock_filter *step = &g_array_index(filter, struct sock_filter, i);
        if (step->code != (BPF_JMP | BPF_JEQ | BPF_K) || step->k != OWN_PID)
            continue;
        step->k = (uint32_t)getpid();
        put = true;
    }
    return put;
}

const char *
mh_confine_calls(void)
{
    if (!mh_confine_calls_prepare())
        return "a seccomp filter cannot be made";
    g_autoptr(GArray) own = g_array_copy(program);
    struct sock_fprog filter = {.len = (unsigned short)own->len, .filter = (void *)own->data};
    if (!put_own_pid(own) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        return "the kernel takes no seccomp filter";
    return NULL;
}
