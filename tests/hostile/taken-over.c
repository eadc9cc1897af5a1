/* taken-over: stands between mailhaul and libc (LD_PRELOAD) and plays a parser that a message has
 * taken over: at the bytes "X-Take-Over:" the worker no longer reads mail, but tries to reach what
 * is not its own. What came of each try goes to the test, through the file TAKEN_OVER, which is
 * mapped before there is a worker.
 *
 * A try is told as a line "NAME: 0" when it succeeded, and "NAME: ERRNO" otherwise.
 */
#include "taken-over.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static TakenOver *shared;

__attribute__((constructor)) static void
map_shared(void)
{
    const char *path = getenv("TAKEN_OVER");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        return;
    shared = at;
    shared->coordinator = getpid();
}

static void
tell(const char *name, const char *path, bool succeeded)
{
    int errnum = succeeded ? 0 : errno;
    size_t len = strlen(shared->text);
    snprintf(shared->text + len, sizeof shared->text - len, "%s%s%s: %d\n", name,
             path != NULL ? " " : "", path != NULL ? path : "", errnum);
}

/* ---- files: each path of the test's list --------------------------------------------------- */

static void
try_file(const char *path)
{
    static const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    char inside[TAKEN_OVER_PATH + 32];
    char byte;
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    tell("read", path, fd >= 0 && (read(fd, &byte, 1) == 1 || errno == EISDIR));
    close(fd);
    fd = open(path, O_WRONLY | O_NONBLOCK);
    tell("write", path, fd >= 0);
    close(fd);
    tell("truncate", path, truncate(path, 1) == 0);
    tell("chmod", path, chmod(path, 0777) == 0);
    tell("chown", path, chown(path, getuid(), getgid()) == 0);
    tell("utime", path, utimensat(AT_FDCWD, path, times, 0) == 0);
    snprintf(inside, sizeof inside, "%s/taken-over", path);
    fd = open(inside, O_WRONLY | O_CREAT, 0666);
    tell("make", path, fd >= 0);
    close(fd);
    tell("mkdir", path, mkdir(inside, 0777) == 0);
    tell("symlink", path, symlink("/", inside) == 0);
    snprintf(inside, sizeof inside, "%s.moved", path);
    tell("link", path, link(path, inside) == 0);
    tell("rename", path, rename(path, inside) == 0);
    tell("unlink", path, unlink(path) == 0);
    tell("rmdir", path, rmdir(path) == 0);
}

/* ---- the system ---------------------------------------------------------------------------- */

static void
try_handle(const char *path)
{
    struct {
        struct file_handle head;
        unsigned char bytes[128];
    } handle = {.head.handle_bytes = 128};
    int mount;
    bool named = name_to_handle_at(AT_FDCWD, path, &handle.head, &mount, 0) == 0;
    tell("name_to_handle_at", NULL, named);
    int dir = open(".", O_RDONLY | O_DIRECTORY);
    tell("open_by_handle_at", NULL, named && open_by_handle_at(dir, &handle.head, O_RDONLY) >= 0);
    close(dir);
}

static void
try_processes(void)
{
    static char *const nothing[] = {NULL};
    pid_t coordinator = getppid();
    tell("kill", NULL, kill(coordinator, SIGUSR1) == 0);
    tell("ptrace", NULL, ptrace(PTRACE_SEIZE, coordinator, NULL, NULL) == 0);
    tell("execve", NULL, execve("/bin/true", nothing, nothing) == 0);
    pid_t child = (pid_t)syscall(SYS_fork);
    if (child == 0)
        syscall(SYS_exit_group, 0);
    tell("fork", NULL, child > 0);
    tell("F_SETOWN", NULL, fcntl(3, F_SETOWN, coordinator) == 0);
}

static void
try_privileges(void)
{
    tell("setuid", NULL, setuid(0) == 0);
    tell("setgid", NULL, setgid(0) == 0);
    tell("unshare", NULL, unshare(CLONE_NEWUSER) == 0);
    tell("mount", NULL, mount("none", "/tmp", "tmpfs", 0, NULL) == 0);
    tell("chroot", NULL, chroot("/tmp") == 0);
    tell("no_new_privs", NULL, prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
    tell("socket", NULL, socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
    tell("inet", NULL, socket(AF_INET, SOCK_STREAM, 0) >= 0);
    tell("bpf", NULL, syscall(SYS_bpf, 0, NULL, 0) >= 0);
    tell("io_uring_setup", NULL, syscall(SYS_io_uring_setup, 0, NULL) >= 0);
    tell("keyctl", NULL, syscall(SYS_keyctl, 0, 0, 0) >= 0);
    tell("TIOCSTI", NULL, ioctl(2, TIOCSTI, "x") == 0);
    tell("terminal", NULL, open("/dev/tty", O_RDWR) >= 0);
}

static bool
send_all(int fd, const void *data, size_t len)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && write(fd, data, len) == (ssize_t)len;
}

/* A record to the coordinator (channel.h), well-formed: a file that is no mail, whose name a
 * terminal would obey. */
static void
lie_to_coordinator(void)
{
    static const char name[] = "\033]0;owned\007\r\n\033[2J", reason[] = "\033[31m";
    char record[128] = {3}; /* MH_RECORD_NOT_MAIL; what follows stands at 8 */
    size_t len = 8;
    memcpy(record + len, name, sizeof name);
    len += sizeof name;
    memcpy(record + len, reason, sizeof reason);
    len += sizeof reason;
    record[len++] = sizeof name; /* where the first string ends */
    memcpy(record + len, "\0(ss)", 5);
    len += 5;
    uint32_t length = (uint32_t)len;
    for (int fd = 0; fd < 64; fd++) {
        if (send_all(fd, &length, sizeof length))
            send_all(fd, record, len);
    }
}

/* MH_RECORD_END, with its length before it. */
static const char record_of_end[] = {13, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, '(', 'b', ')'};

/* "X-Take-Over: leave": it says that it has come to its end, and goes on. */
__attribute__((noreturn)) static void
stay_behind(void)
{
    send_all(3, record_of_end, sizeof record_of_end);
    shared->done = 1;
    close(3);
    for (;;)
        sleep(1);
}

/* "X-Take-Over: talk": it says so again and again. */
__attribute__((noreturn)) static void
talk(void)
{
    enum { AT_ONCE = 200 };
    char records[AT_ONCE * sizeof record_of_end];
    for (size_t i = 0; i < AT_ONCE; i++)
        memcpy(records + i * sizeof record_of_end, record_of_end, sizeof record_of_end);
    while (send_all(3, records, sizeof records))
        continue;
    _exit(1);
}

static void
wait_for_test(void)
{
    static const struct timespec moment = {.tv_nsec = 10000000};
    shared->done = 1;
    while (!shared->go_on)
        nanosleep(&moment, NULL);
}

/* "X-Take-Over: map": it waits for a file whose name stands in a file that does not answer. */
__attribute__((noreturn)) static void
wait_for_name(const char *path)
{
    int fd = open(path, O_RDONLY);
    void *name = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    tell("map", NULL, name != MAP_FAILED);
    wait_for_test();
    openat(AT_FDCWD, name, O_RDONLY);
    _exit(1);
}

/* "X-Take-Over: go on": it is at work for ever, whoever asks it to stop. */
__attribute__((noreturn)) static void
go_on(void)
{
    for (volatile unsigned i = 0;; i++)
        continue;
}

__attribute__((noreturn)) static void
take_over(const char *how)
{
    shared->worker = getpid();
    if (strncmp(how, " leave", 6) == 0)
        stay_behind();
    if (strncmp(how, " talk", 5) == 0)
        talk();
    if (strncmp(how, " map", 4) == 0)
        wait_for_name(shared->paths[0]);
    if (strncmp(how, " go on", 6) == 0)
        go_on();
    for (size_t i = 0; i < TAKEN_OVER_PATHS && shared->paths[i][0] != '\0'; i++)
        try_file(shared->paths[i]);
    try_handle(shared->paths[0]);
    try_processes();
    try_privileges();
    lie_to_coordinator();
    wait_for_test(); /* it looks at this process */
    raise(SIGSEGV);  /* as such things end */
    _exit(1);
}

void *
memchr(const void *data, int byte, size_t len)
{
    static void *(*next)(const void *, int, size_t);
    static const char mark[] = "X-Take-Over:";
    if (next == NULL)
        next = (void *(*)(const void *, int, size_t))(uintptr_t)dlsym(RTLD_NEXT, "memchr");
    const char *at = shared != NULL && shared->worker == 0 && getpid() != shared->coordinator
                         ? memmem(data, len, mark, sizeof mark - 1)
                         : NULL;
    if (at != NULL)
        take_over(at + sizeof mark - 1);
    return next(data, byte, len);
}
