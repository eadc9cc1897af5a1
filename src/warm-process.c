#include "warm-process.h"

#include "held-worker.h"
#include "printable.h"
#include "safe-file.h"
#include "size-limits.h"
#include "stopping.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is read at once: at a low pace a piece must not take long. */
#define PIECE 16384
/* How long a process that has closed its output, or was killed, may take to be gone. One that a
 * file system holds is left to its fate. */
#define END_S    30
#define KILLED_S 2

struct MhWarmProcess {
    pid_t pid;  /* 0: it has ended, and been waited for */
    int out_fd; /* -1: at its end */
    int err_fd;
    int json;
    GString *said;
    char *given_up; /* NULL, or why */
};

/* ---- its beginning and end --------------------------------------------------------------- */

static int
open_input(const char *input, GError **error)
{
    int fd = memfd_create("users", MFD_CLOEXEC);
    if (fd < 0) {
        mh_set_errno(error, errno, "cannot make a list of users for doveadm");
        return -1;
    }
    if (input != NULL && !mh_write_all(fd, mh_span_from_string(input), error)) {
        close(fd);
        return -1;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* In the child: nothing but system calls. */
static void
become(char *const *argv, int in, int out, int err)
{
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    signal(SIGUSR1, SIG_DFL);
    execv(argv[0], argv);
    static const char words[] = "it cannot be run\n";
    (void)!write(STDERR_FILENO, words, sizeof words - 1);
    _exit(127);
}

static void
close_both(int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static MhWarmProcess *
fork_it(char *const *argv, int in, int out[2], int err[2], GError **error)
{
    /* A signal between fork and exec would be taken by our handler, and be lost to doveadm. */
    sigset_t asked, before;
    sigemptyset(&asked);
    for (size_t i = 0; i < MH_STOPPING_SIGNALS; i++)
        sigaddset(&asked, mh_stopping_signals[i]);
    sigprocmask(SIG_BLOCK, &asked, &before);
    pid_t pid = fork();
    int errnum = errno;
    if (pid == 0)
        mh_stopping_default_signals();
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        mh_set_errno(error, errnum, "cannot start doveadm");
        close_both(out);
        close_both(err);
        return NULL;
    }
    if (pid == 0)
        become(argv, in, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    MhWarmProcess *process = g_new0(MhWarmProcess, 1);
    process->pid = pid;
    process->out_fd = out[0];
    process->err_fd = err[0];
    process->said = g_string_new(NULL);
    return process;
}

static bool
open_pipes(int out[2], int err[2], GError **error)
{
    if (pipe2(out, O_CLOEXEC) != 0)
        return mh_set_errno(error, errno, "cannot make a pipe");
    if (pipe2(err, O_CLOEXEC) == 0)
        return true;
    int errnum = errno;
    close_both(out);
    return mh_set_errno(error, errnum, "cannot make a pipe");
}

MhWarmProcess *
mh_warm_process_start(char *const *argv, const char *input, GError **error)
{
    int out[2], err[2];
    int in = open_input(input, error);
    if (in < 0)
        return NULL;
    MhWarmProcess *process =
        open_pipes(out, err, error) ? fork_it(argv, in, out, err, error) : NULL;
    close(in);
    return process;
}

static void
kill_it(MhWarmProcess *process)
{
    int status;
    kill(process->pid, SIGKILL);
    mh_held_worker_wait(process->pid, KILLED_S, &status);
    process->pid = 0;
}

void
mh_warm_process_free(MhWarmProcess *process)
{
    if (process == NULL)
        return;
    if (process->pid > 0)
        kill_it(process);
    if (process->out_fd >= 0)
        close(process->out_fd);
    if (process->err_fd >= 0)
        close(process->err_fd);
    g_string_free(process->said, TRUE);
    g_free(process->given_up);
    g_free(process);
}

pid_t
mh_warm_process_pid(const MhWarmProcess *process)
{
    return process->pid;
}

void
mh_warm_process_give_up(MhWarmProcess *process, const char *place, uint32_t seconds)
{
    g_autofree char *quoted =
        place != NULL ? g_strdup_printf("'%s'", place) : g_strdup("a file system of the account");
    process->given_up = g_strdup_printf(
        "no answer from %s for %u s, so doveadm was ended; run again when it answers", quoted,
        seconds);
    kill_it(process);
}

void
mh_warm_process_stop(MhWarmProcess *process)
{
    if (process->pid > 0)
        kill(process->pid, SIGTERM);
}

/* ---- its output -------------------------------------------------------------------------- */

void
mh_warm_process_poll(const MhWarmProcess *process, struct pollfd out_fds[2])
{
    out_fds[0] = (struct pollfd){.fd = process->out_fd, .events = POLLIN};
    out_fds[1] = (struct pollfd){.fd = process->err_fd, .events = POLLIN};
}

uint64_t
mh_warm_count_objects(MhSpan json, int *state)
{
    enum { OUTSIDE, IN_STRING, AFTER_BACKSLASH };
    uint64_t count = 0;
    for (size_t i = 0; i < json.len; i++) {
        uint8_t c = json.data[i];
        if (*state == AFTER_BACKSLASH)
            *state = IN_STRING;
        else if (*state == IN_STRING && c == '\\')
            *state = AFTER_BACKSLASH;
        else if (c == '"')
            *state = *state == IN_STRING ? OUTSIDE : IN_STRING;
        else
            count += *state == OUTSIDE && c == '{';
    }
    return count;
}

/* Reads once, if there is something; the number of bytes. At the end *@fd is closed, and -1. */
static size_t
read_piece(int *fd, uint8_t *buffer)
{
    struct pollfd ready = {.fd = *fd, .events = POLLIN};
    if (*fd < 0 || poll(&ready, 1, 0) <= 0)
        return 0;
    ssize_t got = read(*fd, buffer, PIECE);
    if (got > 0)
        return (size_t)got;
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    close(*fd);
    *fd = -1;
    return 0;
}

bool
mh_warm_process_read(MhWarmProcess *process, uint64_t *out_messages, uint64_t *out_bytes)
{
    uint8_t buffer[PIECE];
    size_t got = read_piece(&process->err_fd, buffer);
    g_string_append_len(process->said, (const char *)buffer,
                        (gssize)MIN(got, MH_LIMIT_SAID_BYTES - process->said->len));
    got = read_piece(&process->out_fd, buffer);
    *out_messages = mh_warm_count_objects(mh_span(buffer, got), &process->json);
    *out_bytes = got;
    return process->out_fd >= 0 || process->err_fd >= 0;
}

/* ---- what is made of it ------------------------------------------------------------------ */

static bool
has(MhSpan line, const char *words)
{
    return memmem(line.data, line.len, words, strlen(words)) != NULL;
}

static bool
is_harmless(MhSpan line)
{
    return line.len == 0 || has(line, "Warning: ") || has(line, "Debug: ");
}

bool
mh_warm_process_complained(const MhWarmProcess *process)
{
    MhSpan text = mh_span(process->said->str, process->said->len), line;
    while (mh_span_take_line(&text, &line, NULL)) {
        if (mh_span_starts_with(line, MH_SPAN_LITERAL("doveadm(")) && !is_harmless(line))
            return true;
    }
    return false;
}

/* The last line that is no mere warning, without "doveadm(USER): Error: ". NULL: none. */
static char *
last_words(const MhWarmProcess *process)
{
    static const char *const marks[] = {"Error: ", "Fatal: ", "Panic: "};
    MhSpan text = mh_span(process->said->str, process->said->len), line, last = MH_SPAN_LITERAL("");
    while (mh_span_take_line(&text, &line, NULL)) {
        line = mh_span_trim(line);
        if (!is_harmless(line) && !has(line, "Raw backtrace"))
            last = line;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(marks) && last.len > 0; i++) {
        const uint8_t *at = memmem(last.data, last.len, marks[i], strlen(marks[i]));
        if (at != NULL)
            last = mh_span_from(last, (size_t)(at - last.data) + strlen(marks[i]));
    }
    return last.len > 0 ? mh_printable(last) : NULL;
}

char *
mh_warm_process_end(MhWarmProcess *process)
{
    int status = 0;
    if (process->given_up != NULL)
        return g_strdup(process->given_up);
    if (!mh_held_worker_wait(process->pid, END_S, &status))
        return g_strdup("doveadm does not come to its end");
    process->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return NULL;
    g_autofree char *words = last_words(process);
    if (words != NULL)
        return g_strdup_printf("doveadm: %s", words);
    if (WIFSIGNALED(status))
        return g_strdup_printf("doveadm was ended by signal %d (%s)", WTERMSIG(status),
                               strsignal(WTERMSIG(status)));
    return g_strdup_printf("doveadm ended with status %d", WEXITSTATUS(status));
}
