#include "apart.h"

#include "coverage.h"
#include "held-worker.h"
#include "leaks.h"
#include "stopping.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* A process that was killed may be held all the same: it ends when its file system answers. */
#define END_S 1

/* Keeps nothing open but the pipe: neither the lock of the state directory nor what somebody reads
 * to its end. */
static G_NORETURN void
answer(size_t first, size_t count, MhApartWork work, void *data, int fd)
{
    mh_stopping_default_signals();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        dup2(null, i);
    if (fd != 3)
        dup2(fd, 3);
    close_range(4, ~0U, 0);
    for (size_t i = first; i < count; i++) {
        uint64_t said = work(i, data);
        if (write(3, &said, sizeof said) != sizeof said)
            break;
    }
    mh_leaks_look();
    mh_coverage_keep();
    _exit(0);
}

/* Reads answers from @first on; returns the item at which they ended. */
static size_t
listen_to(int fd, size_t first, size_t count, uint32_t item_seconds, int64_t end_us, uint64_t *out)
{
    struct pollfd ends = {.fd = fd, .events = POLLIN};
    for (size_t i = first; i < count; i++) {
        int64_t left_us =
            MIN(end_us - g_get_monotonic_time(), (int64_t)item_seconds * G_USEC_PER_SEC);
        uint64_t said;
        int ready = poll(&ends, 1, (int)(MAX(left_us, 0) / 1000));
        if (ready <= 0 || read(fd, &said, sizeof said) != sizeof said)
            return i;
        out[i] = said;
    }
    return count;
}

void
mh_apart(size_t count, uint32_t item_seconds, uint32_t all_seconds, MhApartWork work, void *data,
         uint64_t *out)
{
    int64_t end_us = g_get_monotonic_time() + (int64_t)all_seconds * G_USEC_PER_SEC;
    for (size_t first = 0; first < count && g_get_monotonic_time() < end_us; first++) {
        int ends[2], status;
        if (pipe2(ends, O_CLOEXEC) != 0)
            return;
        pid_t pid = fork();
        if (pid == 0)
            answer(first, count, work, data, ends[1]);
        close(ends[1]);
        if (pid > 0) {
            first = listen_to(ends[0], first, count, item_seconds, end_us, out);
            kill(pid, SIGKILL);
            mh_held_worker_wait(pid, END_S, &status);
        }
        close(ends[0]);
        if (pid < 0)
            return;
    }
}
