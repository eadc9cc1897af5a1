#include "held-worker.h"

#include "bytes.h"
#include "printable.h"
#include "safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_US G_USEC_PER_SEC
/* When we ourselves did not come to look, that says nothing of the worker. */
#define LOOK_MOST_US  (2 * G_USEC_PER_SEC)
#define TOLD_ALWAYS_S 60 /* told after, where there is no timeout */
/* When all is to stop it is waited for no longer than this. */
#define STOPPING_S 30

void
mh_held_worker_begin(MhHeldWorker *held)
{
    held->looked_us = g_get_monotonic_time();
}

void
mh_held_worker_clear(MhHeldWorker *held)
{
    g_clear_pointer(&held->seen, g_free);
}

/* The beginning of a file of /proc; "" when it cannot be read. */
static void
read_proc(char *text, size_t size, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, size - 1) : 0;
    if (fd >= 0)
        close(fd);
    text[len > 0 ? len : 0] = '\0';
}

/* Its state, as in "42 (name) S ..."; the name may have a ')', too. '\0' when that is not told. */
static char
state_of(pid_t pid)
{
    char path[64], text[512];
    g_snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    read_proc(text, sizeof text, path);
    const char *end = strrchr(text, ')');
    return end != NULL && end[1] == ' ' ? end[2] : '\0';
}

/* Has somebody stopped it, as with kill -STOP? Its user can. */
static bool
is_stopped(char state)
{
    return state == 'T';
}

/* Does somebody look into it, who makes it wait? Its user cannot. */
static bool
is_traced(char state)
{
    return state == 't';
}

/* What its tasks have had of the processor, as text. NULL when the system does not tell. */
static char *
read_tasks(pid_t pid)
{
    char path[128], text[512];
    g_snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_autoptr(GPtrArray) tasks = fd >= 0 ? mh_list_dir(fd, NULL) : NULL;
    if (fd >= 0)
        close(fd);
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; tasks != NULL && i < tasks->len; i++) {
        g_snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid,
                   (const char *)tasks->pdata[i]);
        read_proc(text, sizeof text, path);
        g_string_append(all, text);
    }
    return all->len > 0 ? g_string_free(g_steal_pointer(&all), FALSE) : NULL;
}

uint32_t
mh_held_worker_look(MhHeldWorker *held, pid_t pid)
{
    int64_t now_us = g_get_monotonic_time(), since_us = now_us - held->looked_us;
    if (held->looked_us != 0 && since_us < LOOK_US)
        return (uint32_t)(held->held_us / G_USEC_PER_SEC);
    char state = state_of(pid);
    char *seen = is_traced(state) ? NULL : read_tasks(pid);
    bool moved =
        !is_stopped(state) && (seen == NULL || held->seen == NULL || strcmp(seen, held->seen) != 0);
    held->held_us = moved ? 0 : held->held_us + MIN(since_us, LOOK_MOST_US);
    held->looked_us = now_us;
    g_free(held->seen);
    held->seen = seen;
    return (uint32_t)(held->held_us / G_USEC_PER_SEC);
}

uint32_t
mh_held_worker_tell_after(uint32_t timeout_s)
{
    return timeout_s > 0 ? MAX(timeout_s / 5, 1) : TOLD_ALWAYS_S;
}

bool
mh_held_worker_is_over(uint32_t seconds, uint32_t timeout_s, bool stop)
{
    uint32_t most_s = stop ? MIN(timeout_s > 0 ? timeout_s : STOPPING_S, STOPPING_S) : timeout_s;
    return most_s != 0 && seconds >= most_s;
}

/* ---- where it waits ----------------------------------------------------------------------- */

/* Calls that take a directory and a name below it. */
static bool
takes_name(uint64_t call)
{
    switch (call) {
    case SYS_openat:
    case SYS_openat2:
    case SYS_newfstatat:
    case SYS_statx:
    case SYS_readlinkat:
    case SYS_mkdirat:
    case SYS_unlinkat:
    case SYS_renameat2:
    case SYS_linkat:
    case SYS_faccessat:
    case SYS_faccessat2:
        return true;
    default:
        return false;
    }
}

/* Calls whose first argument is a name. Some machines have none of these. */
static bool
begins_with_name(uint64_t call)
{
#ifdef SYS_open
    return call == SYS_open || call == SYS_stat || call == SYS_lstat || call == SYS_mkdir ||
           call == SYS_rmdir || call == SYS_unlink || call == SYS_readlink || call == SYS_access ||
           call == SYS_statfs;
#else
    return call == SYS_statfs;
#endif
}

/* The string at @address of the process. NULL when it cannot be read. g_free(). */
static char *
read_string(pid_t pid, uint64_t address)
{
    char path[64], text[PATH_MAX];
    g_snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len =
        fd >= 0 && address <= INT64_MAX ? pread(fd, text, sizeof text, (off_t)address) : 0;
    if (fd >= 0)
        close(fd);
    return len > 0 && memchr(text, '\0', (size_t)len) != NULL ? g_strdup(text) : NULL;
}

/* What the process's descriptor stands for, without asking its file system. NULL: not known. */
static char *
path_of_descriptor(pid_t pid, int32_t fd)
{
    char path[64], text[PATH_MAX];
    g_snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
    ssize_t len = fd >= 0 ? readlink(path, text, sizeof text) : -1;
    return len > 0 && (size_t)len < sizeof text ? g_strndup(text, (size_t)len) : NULL;
}

static char *
join(pid_t pid, int32_t dirfd, const char *name)
{
    static const char own[] = "/proc/self/fd/";
    uint32_t number;
    if (name != NULL && g_str_has_prefix(name, own) &&
        mh_span_to_u32(mh_span_from_string(name + strlen(own)), INT32_MAX, &number))
        return path_of_descriptor(pid, (int32_t)number);
    if (name != NULL && name[0] == '/')
        return g_strdup(name);
    char *directory = path_of_descriptor(pid, dirfd);
    if (directory == NULL || name == NULL || name[0] == '\0' || strcmp(name, ".") == 0)
        return directory;
    char *path = g_build_filename(directory, name, NULL);
    g_free(directory);
    return path;
}

/* Takes a number, decimal or with 0x, off a line of them. */
static bool
take_number(MhSpan *line, uint64_t *out)
{
    MhSpan word;
    char text[24];
    if (!mh_span_take_word(line, &word) || word.len >= sizeof text)
        return false;
    memcpy(text, word.data, word.len);
    text[word.len] = '\0';
    bool hexadecimal = g_str_has_prefix(text, "0x");
    return g_ascii_string_to_unsigned(hexadecimal ? text + 2 : text, hexadecimal ? 16 : 10, 0,
                                      UINT64_MAX, out, NULL);
}

char *
mh_held_worker_place(pid_t pid)
{
    char path[64], text[256];
    uint64_t call, first, second;
    if (is_stopped(state_of(pid)))
        return g_strdup_printf("process %d, which somebody has stopped", (int)pid);
    g_snprintf(path, sizeof path, "/proc/%d/syscall", (int)pid);
    read_proc(text, sizeof text, path);
    MhSpan line = mh_span_trim(mh_span_from_string(text));
    if (!take_number(&line, &call) || !take_number(&line, &first) || !take_number(&line, &second))
        return NULL;
    g_autofree char *name = takes_name(call)         ? read_string(pid, second)
                            : begins_with_name(call) ? read_string(pid, first)
                                                     : NULL;
    g_autofree char *place = join(pid, (int32_t)(uint32_t)first, name);
    return place != NULL && place[0] == '/' ? mh_printable_string(place) : NULL;
}

bool
mh_held_worker_wait(pid_t pid, uint32_t seconds, int *out_status)
{
    int fd = pidfd_open(pid, 0); /* kernels before 5.3 have none: there we wait */
    struct pollfd ends = {.fd = fd, .events = POLLIN};
    int64_t until_us = g_get_monotonic_time() + (int64_t)seconds * G_USEC_PER_SEC;
    bool ended = fd < 0;
    while (!ended) {
        int64_t left_us = until_us - g_get_monotonic_time();
        int ready = poll(&ends, 1, (int)(MAX(left_us, 0) / 1000));
        ended = ready > 0;
        if (ready == 0 || (ready < 0 && errno != EINTR))
            break;
    }
    if (fd >= 0)
        close(fd);
    while (ended && waitpid(pid, out_status, 0) < 0 && errno == EINTR)
        continue;
    return ended;
}
