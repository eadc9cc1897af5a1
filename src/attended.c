#include "attended.h"

#include "coverage.h"
#include "held-place.h"
#include "held-worker.h"
#include "safe-file.h"
#include "stopping.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that was killed may be held all the same: it ends when its file system answers. */
#define END_S 2
#define PIECE 65536

static volatile sig_atomic_t other_pid;
static volatile sig_atomic_t stop_asked;

static void
hand_on(int signal_number)
{
    stop_asked = 1;
    if (other_pid > 0)
        kill((pid_t)other_pid, signal_number);
}

/* ---- what it says ------------------------------------------------------------------------- */

/* Standard output and standard error, in this order. */
enum { STREAMS = 2 };

typedef struct {
    int fds[STREAMS]; /* where we read; -1: at its end */
    int failed;       /* an errno: what it said did not arrive */
} Relay;

static void
write_on(Relay *relay, int stream, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t written = write(stream, text, len);
        if (written < 0 && errno == EINTR && stop_asked == 0)
            continue;
        if (written < 0) {
            relay->failed = stop_asked != 0 || stream != STDOUT_FILENO ? relay->failed : errno;
            return;
        }
        text += written;
        len -= (size_t)written;
    }
}

/* Hands on what is there now. */
static void
hand_over(Relay *relay)
{
    static char buffer[PIECE];
    for (int i = 0; i < STREAMS; i++) {
        ssize_t got = -1;
        while (relay->fds[i] >= 0 && (got = read(relay->fds[i], buffer, sizeof buffer)) > 0)
            write_on(relay, i == 0 ? STDOUT_FILENO : STDERR_FILENO, buffer, (size_t)got);
        if (got != 0)
            continue;
        close(relay->fds[i]);
        relay->fds[i] = -1;
    }
}

/* The same, once there is something, or after a second. */
static void
wait_and_hand_over(Relay *relay)
{
    struct pollfd ready[STREAMS];
    for (int i = 0; i < STREAMS; i++)
        ready[i] = (struct pollfd){.fd = relay->fds[i], .events = POLLIN};
    poll(ready, STREAMS, 1000);
    hand_over(relay);
}

static void
close_both(const int fds[STREAMS])
{
    for (int i = 0; i < STREAMS; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

static bool
open_relay(Relay *relay, int out_theirs[STREAMS], GError **error)
{
    for (int i = 0; i < STREAMS; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            mh_set_errno(error, errno, "cannot make a pipe");
            close_both(relay->fds);
            close_both(out_theirs);
            return false;
        }
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        relay->fds[i] = ends[0];
        out_theirs[i] = ends[1];
    }
    return true;
}

/* ---- the two processes -------------------------------------------------------------------- */

static G_NORETURN void
work(const MhAttended *attended, const Relay *relay, const int theirs[STREAMS], pid_t parent,
     const sigset_t *mask)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    if (isatty(STDOUT_FILENO)) /* so that errors come where they belong */
        setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    dup2(theirs[0], STDOUT_FILENO);
    dup2(theirs[1], STDERR_FILENO);
    close_both(theirs);
    close_both(relay->fds);
    sigprocmask(SIG_SETMASK, mask, NULL);
    exit(attended->work(attended->data));
}

static void
give_up(pid_t pid, const char *place, uint32_t seconds, GError **error)
{
    int status;
    kill(pid, SIGKILL);
    mh_held_worker_wait(pid, END_S, &status);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                "no answer from %s%s%s for %u s; run again when it answers",
                place != NULL ? "'" : "", place != NULL ? place : "a file system",
                place != NULL ? "'" : "", seconds);
}

/* Is it held? False with @error when it is given up. */
static bool
look(const MhAttended *attended, pid_t pid, MhHeldWorker *held, bool *told, GError **error)
{
    uint32_t seconds = mh_held_worker_look(held, pid);
    bool is_over = mh_held_worker_is_over(seconds, attended->timeout_s, stop_asked != 0);
    bool is_due = seconds >= mh_held_worker_tell_after(attended->timeout_s);
    *told &= seconds != 0;
    if (!is_over && (*told || !is_due))
        return true;
    g_autofree char *place = mh_held_place(pid);
    if (is_over) {
        give_up(pid, place, seconds, error);
        return false;
    }
    attended->held(place, seconds, attended->data);
    *told = true;
    return true;
}

/* Waits for the end of the process; false with @error when it was given up. */
static bool
look_after(const MhAttended *attended, pid_t pid, Relay *relay, int *out_status, GError **error)
{
    MhHeldWorker held = {0};
    bool told = false, good = true;
    for (;;) {
        if (relay->fds[0] >= 0 || relay->fds[1] >= 0)
            wait_and_hand_over(relay);
        else if (mh_held_worker_wait(pid, 1, out_status))
            break;
        if (waitpid(pid, out_status, WNOHANG) == pid)
            break;
        good = look(attended, pid, &held, &told, error);
        if (!good)
            break;
    }
    hand_over(relay);
    mh_held_worker_clear(&held);
    return good;
}

/* As if it had been ours. */
static int
end_as(int status)
{
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    mh_coverage_keep();
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

/* Begins the work; its process, or -1 with @error. No signal is lost meanwhile. */
static pid_t
begin(const MhAttended *attended, const Relay *relay, const int theirs[STREAMS], GError **error)
{
    sigset_t block, before;
    sigemptyset(&block);
    for (size_t i = 0; i < MH_STOPPING_SIGNALS; i++)
        sigaddset(&block, mh_stopping_signals[i]);
    sigprocmask(SIG_BLOCK, &block, &before);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        work(attended, relay, theirs, parent, &before);
    if (pid < 0)
        mh_set_errno(error, errno, "cannot start a process");
    other_pid = pid;
    if (pid > 0)
        mh_stopping_take_signals(hand_on, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

int
mh_attended(const MhAttended *attended, GError **error)
{
    Relay relay = {.fds = {-1, -1}};
    int theirs[STREAMS] = {-1, -1}, status = 0;
    fflush(NULL);
    if (!open_relay(&relay, theirs, error))
        return -1;
    pid_t pid = begin(attended, &relay, theirs, error);
    close_both(theirs);
    bool good = pid > 0 && look_after(attended, pid, &relay, &status, error);
    close_both(relay.fds);
    other_pid = 0;
    if (!good)
        return -1;
    if (relay.failed != 0 && WIFEXITED(status)) {
        mh_set_errno(error, relay.failed, "cannot write to standard output");
        return -1;
    }
    return end_as(status);
}
