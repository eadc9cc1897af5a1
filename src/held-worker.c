#include "held-worker.h"

#include "safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
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

uint32_t
mh_held_worker_stopping_s(uint32_t timeout_s)
{
    return MIN(timeout_s > 0 ? timeout_s : STOPPING_S, STOPPING_S);
}

bool
mh_held_worker_is_over(uint32_t seconds, uint32_t timeout_s, bool stop)
{
    uint32_t most_s = stop ? mh_held_worker_stopping_s(timeout_s) : timeout_s;
    return most_s != 0 && seconds >= most_s;
}

bool
mh_held_worker_is_stopped(pid_t pid)
{
    return is_stopped(state_of(pid));
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
