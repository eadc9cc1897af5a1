#include "worker.h"

#include "channel.h"
#include "confine.h"
#include "confine-calls.h"
#include "coverage.h"
#include "haul.h"
#include "leaks.h"
#include "memory.h"
#include "outcome.h"
#include "printable.h"
#include "safe-file.h"
#include "safe-path.h"
#include "saved-uidls.h"
#include "stopping.h"
#include "target-root.h"
#include "verify-account.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Signals as a worker wants them: asked to stop it finishes what it is at. */
static void
set_signals(void)
{
    mh_stopping_on_signals();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* When the coordinator dies the worker is asked to stop. To be called again after a change of
 * identity, with which the kernel forgets it. */
static void
follow(pid_t coordinator)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() != coordinator)
        mh_stopping_now();
}

static int channel; /* for tell_last_words() */

/* What GLib says before it aborts: standard error may be a terminal, and is none of a worker's. */
static void
tell_last_words(const char *text)
{
    g_autofree char *shown = mh_printable_string(text);
    g_autofree char *error = g_strconcat("its worker ended: ", shown, NULL);
    mh_channel_send(channel, MH_RECORD_ERROR, g_variant_new("(s)", error));
}

static void
tell_log(const char *domain, GLogLevelFlags level, const char *text, void *user)
{
    (void)domain;
    (void)user;
    if (level & (G_LOG_FLAG_FATAL | G_LOG_LEVEL_ERROR))
        tell_last_words(text);
}

/* Where memory is short the kernel ends a worker before anything else: its account can be done
 * again, and a user's lists can be made to fill memory, on a machine that serves mail. Source:
 * proc(5), /proc/PID/oom_score_adj. */
static void
give_memory_first(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    mh_write_all(fd, MH_SPAN_LITERAL("1000"), NULL);
    close(fd);
}

/* Leaves the socket (as descriptor 3); standard input, output and error become /dev/null, but for
 * the error messages of a sanitizer. Returns the socket's new number. */
static int
close_others(int fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
#ifndef __SANITIZE_ADDRESS__
        dup2(null, STDERR_FILENO);
#endif
    }
    if (fd != 3 && dup2(fd, 3) < 0)
        _exit(EXIT_FAILURE); /* 3 is something of the coordinator's */
    mh_confinement_close_others(4);
    channel = 3;
    g_set_printerr_handler(tell_last_words);
    g_log_set_default_handler(tell_log, NULL);
    return channel;
}

/* Gives up the terminal, which could be made to type commands into root's shell. Signals of the
 * terminal reach the coordinator, which hands them on. */
static void
leave_terminal(void)
{
    int terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0)
        return;
    close(terminal);
    setsid();
}

bool
mh_worker_identity(const MhJob *job, const MhAccount *account, MhIdentity *out, GError **error)
{
    if (geteuid() != 0) {
        *out = (MhIdentity){.uid = geteuid(), .gid = getegid()};
        return true;
    }
    if (!account->has_ids && !job->has_owner) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "whose the mail is is not known: give the user's line in passwd(5) form, or "
                    "--owner");
        return false;
    }
    if (!job->has_owner) {
        *out = (MhIdentity){.uid = account->uid, .gid = account->gid, .user = account->user};
        return true;
    }
    *out = (MhIdentity){.uid = job->owner_uid, .gid = job->owner_gid};
    out->reads_others = !account->has_ids || account->uid != job->owner_uid;
    return true;
}

static void
do_account(const MhJob *job, const MhAccount *account, pid_t coordinator, int fd)
{
    g_autoptr(GError) error = NULL;
    MhIdentity identity;
    g_autoptr(GBytes) uidls = mh_saved_uidls_load(job, account, &error);
    MhJob confined = *job;
    if (error != NULL || !mh_worker_identity(job, account, &identity, &error) ||
        !mh_target_root_prepare(job, account, identity.uid, identity.gid, &error) ||
        !mh_privileges_become(&identity, &error)) {
        mh_channel_send(fd, MH_RECORD_ERROR, g_variant_new("(s)", error->message));
        return;
    }
    follow(coordinator);
    if (identity.reads_others && account->has_ids)
        mh_safe_path_own(account->uid, identity.uid);
    confined.confine = true;
    if (job->task == MH_TASK_VERIFY)
        mh_verify_account(&confined, account, uidls, fd);
    else
        mh_haul_account(&confined, account, uidls, fd);
}

/* The new process, to its end. */
static G_GNUC_NORETURN void
be_worker(const MhJob *job, const MhAccount *account, pid_t coordinator, int end)
{
    int fd = close_others(end);
    leave_terminal();
    give_memory_first();
    set_signals();
    follow(coordinator);
    umask(0); /* modes are those of the settings */
    if (job->settings->nice)
        mh_pace_give_way();
    do_account(job, account, coordinator, fd);
    mh_leaks_look();
    mh_channel_send(fd, MH_RECORD_END, g_variant_new("(b)", (gboolean)mh_stopping()));
    mh_coverage_keep();
    _exit(0);
}

/* What records are made of. GLib forgets all about a type when the last value of it goes, and takes
 * about as long to find it out again as for the record: so a value is kept, before the first
 * fork. */
static void
keep_record_types(void)
{
    static GVariant *kept;
    if (kept != NULL)
        return;
    g_autofree char *all =
        g_strconcat("((yv)(vmv)(vbbb)(ss)(tt)(s)(b)", mh_mailbox_outcome_type(), mh_memory_type(),
                    MH_MAILBOX_MEMORY_TYPE, MH_CARRIED_TYPE, MH_WATCH_TYPE, ")", NULL);
    kept = g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE(all), NULL, 0));
}

bool
mh_worker_start(const MhJob *job, const MhAccount *account, MhWorker *out_worker, GError **error)
{
    int ends[2];
    mh_confine_calls_prepare();
    mh_confinement_prepare();
    mh_privileges_prepare();
    keep_record_types();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return mh_set_errno(error, errno, "cannot make a socket for a worker");
    pid_t coordinator = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        int errnum = errno;
        close(ends[0]);
        close(ends[1]);
        return mh_set_errno(error, errnum, "cannot start a worker");
    }
    if (pid == 0)
        be_worker(job, account, coordinator, ends[1]);
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *out_worker = (MhWorker){.pid = pid, .fd = ends[0]};
    return true;
}
