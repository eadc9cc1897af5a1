#include "coordinator.h"

#include "apart.h"
#include "channel.h"
#include "haul.h"
#include "held-worker.h"
#include "late-keywords.h"
#include "printable.h"
#include "remember.h"
#include "target-root.h"
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A worker that was killed may be held all the same: it ends when its file system answers. */
#define END_S 2
/* How long its file systems may take to say that an account is unchanged. */
#define UNCHANGED_S 10

/* One worker at work. */
typedef struct {
    MhWorker worker;
    const MhAccount *account;
    MhChannelReader reader;
    MhAccountOutcome *outcome;
    bool ended;   /* it said that it came to its end */
    bool stopped; /* ... because it was asked to */
    int64_t started_us;
    MhHeldWorker held;
    bool held_told; /* and another has its place */
} Seat;

typedef struct {
    const MhJob *job;
    const GPtrArray *accounts;
    const MhCoordinatorEvents *events;
    GPtrArray *seats; /* of Seat, those that work */
    size_t next;      /* the first account that has not been started */
    size_t done;
    uint64_t messages, bytes;
    bool told_to_stop; /* and the workers have been told so */
} Run;

static volatile sig_atomic_t stop_asked;

static void
ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static void
seat_free(gpointer item)
{
    Seat *seat = item;
    close(seat->worker.fd);
    mh_channel_reader_clear(&seat->reader);
    mh_account_outcome_free(seat->outcome);
    mh_held_worker_clear(&seat->held);
    g_free(seat);
}

static void
tell_progress(const Run *run)
{
    if (run->events->progress != NULL)
        run->events->progress(run->messages, run->bytes, run->done, run->events->user);
}

static void
report_account(Run *run, const MhAccountOutcome *outcome)
{
    run->done++;
    if (run->events->account_done != NULL)
        run->events->account_done(outcome, run->events->user);
}

typedef struct {
    const MhMemory *memory;
    const MhJob *job;
    const MhAccount *account;
} Question;

static uint64_t
say_if_unchanged(size_t item, void *data)
{
    const Question *question = data;
    (void)item;
    return mh_remember_all_unchanged(question->memory, question->job, question->account);
}

/* An account of which that is not known in time is none that is unchanged. */
static bool
ask_if_unchanged(const MhJob *job, const MhAccount *account, const MhMemory *memory)
{
    Question question = {memory, job, account};
    uint64_t said = false;
    if (mh_remember_may_wait(memory))
        mh_apart(1, UNCHANGED_S, UNCHANGED_S, say_if_unchanged, &question, &said);
    else
        said = say_if_unchanged(0, &question);
    return said;
}

/* Is the account as the last run left it, so that no worker is needed? Then @outcome says so. */
static bool
is_unchanged(const MhJob *job, const MhAccount *account, const MhMemory *memory,
             MhAccountOutcome *outcome)
{
    if (job->task != MH_TASK_MIGRATE || job->settings->final ||
        job->settings->pop3_uidl == MH_UIDL_FILE) /* a list that no watch is kept on */
        return false;
    return ask_if_unchanged(job, account, memory) && mh_remember_outcome(memory, outcome);
}

static void
start_next(Run *run)
{
    const MhAccount *account = run->accounts->pdata[run->next++];
    g_autoptr(GError) error = NULL;
    g_autoptr(MhMemory) memory = NULL;
    MhAccountOutcome *outcome = mh_account_outcome_new(account->user);
    outcome->dry_run = run->job->task == MH_TASK_CHECK || run->job->settings->dry_run;
    if (run->events->recall != NULL)
        memory = run->events->recall(account->user, run->events->user, &error);
    if (error == NULL && memory != NULL && is_unchanged(run->job, account, memory, outcome)) {
        report_account(run, outcome);
        mh_account_outcome_free(outcome);
        return;
    }
    Seat *seat = g_new0(Seat, 1);
    MhJob job = *run->job;
    job.memory = memory;
    if (error != NULL || !mh_worker_start(&job, account, &seat->worker, &error)) {
        outcome->error = g_strdup(error->message);
        report_account(run, outcome);
        mh_account_outcome_free(outcome);
        g_free(seat);
        return;
    }
    seat->outcome = outcome;
    seat->account = account;
    seat->started_us = g_get_monotonic_time();
    mh_channel_reader_init(&seat->reader);
    mh_held_worker_begin(&seat->held);
    g_ptr_array_add(run->seats, seat);
}

/* ---- records ------------------------------------------------------------------------------ */

static bool
take_progress(Run *run, Seat *seat, GVariant *content)
{
    guint64 messages, bytes;
    (void)seat;
    g_variant_get(content, "(tt)", &messages, &bytes);
    run->messages += messages;
    run->bytes += bytes;
    return true;
}

static bool
take_mailbox(Run *run, Seat *seat, GVariant *content)
{
    MhMailboxOutcome *mailbox = mh_mailbox_outcome_from_variant(content);
    (void)run;
    if (mailbox != NULL)
        g_ptr_array_add(seat->outcome->mailboxes, mailbox);
    return mailbox != NULL;
}

static bool
take_not_mail(Run *run, Seat *seat, GVariant *content)
{
    const char *path, *reason;
    (void)run;
    g_variant_get(content, "(&s&s)", &path, &reason);
    g_ptr_array_add(seat->outcome->not_mail, mh_not_mail_new(path, reason));
    return true;
}

static bool
take_findings(Run *run, Seat *seat, GVariant *content)
{
    g_autoptr(MhFindings) findings = mh_findings_from_variant(content);
    (void)run;
    mh_findings_merge(seat->outcome->findings, findings);
    return findings != NULL;
}

static bool
take_error(Run *run, Seat *seat, GVariant *content)
{
    (void)run;
    g_free(seat->outcome->error);
    g_variant_get(content, "(s)", &seat->outcome->error);
    return true;
}

/* Hands a keyword without a letter on as a command. False when it is not what one can be. */
static bool
take_keyword(Run *run, Seat *seat, GVariant *content)
{
    const char *mailbox, *guid, *keyword, *uids;
    g_variant_get(content, "(&s&s&s&s)", &mailbox, &guid, &keyword, &uids);
    g_autofree char *command =
        mh_late_keyword_command(seat->outcome->user, mailbox, guid, keyword, uids);
    if (command != NULL && run->events->late_keyword != NULL)
        run->events->late_keyword(command, run->events->user);
    return command != NULL;
}

static bool
take_mailbox_memory(Run *run, Seat *seat, GVariant *content)
{
    (void)run;
    return mh_remember_take_mailbox(seat->outcome, content);
}

static bool
take_account_memory(Run *run, Seat *seat, GVariant *content)
{
    (void)run;
    return mh_remember_take_account(seat->outcome, content);
}

static bool
take_difference(Run *run, Seat *seat, GVariant *content)
{
    MhDifference *difference = mh_difference_from_variant(content);
    (void)run;
    if (difference != NULL)
        mh_differences_take(seat->outcome->differences, difference);
    return difference != NULL;
}

static bool
take_end(Run *run, Seat *seat, GVariant *content)
{
    gboolean stopped;
    (void)run;
    g_variant_get(content, "(b)", &stopped);
    seat->ended = true;
    seat->stopped = stopped;
    return true;
}

/* What is done with a record of each kind, and what it must be; NULL: who takes it looks. */
static const struct {
    const char *type;
    bool (*take)(Run *run, Seat *seat, GVariant *content);
} handlers[] = {
    [MH_RECORD_PROGRESS] = {"(tt)", take_progress},
    [MH_RECORD_MAILBOX] = {NULL, take_mailbox},
    [MH_RECORD_NOT_MAIL] = {"(ss)", take_not_mail},
    [MH_RECORD_FINDINGS] = {NULL, take_findings},
    [MH_RECORD_ERROR] = {"(s)", take_error},
    [MH_RECORD_KEYWORD] = {"(ssss)", take_keyword},
    [MH_RECORD_REMEMBER] = {NULL, take_mailbox_memory},
    [MH_RECORD_ACCOUNT] = {NULL, take_account_memory},
    [MH_RECORD_DIFFERENCE] = {NULL, take_difference},
    [MH_RECORD_END] = {"(b)", take_end},
};

/* Takes in one record. False when it is not one that a worker sends. */
static bool
take_record(Run *run, Seat *seat, MhRecordKind kind, GVariant *content)
{
    if (kind >= G_N_ELEMENTS(handlers) || handlers[kind].take == NULL)
        return false;
    const char *type = handlers[kind].type;
    return (type == NULL || g_variant_is_of_type(content, G_VARIANT_TYPE(type))) &&
           handlers[kind].take(run, seat, content);
}

/* Whatever a worker says is for people, but the name of a mailbox in a command: that is checked
 * where the command is made. */
static bool
take_printable(Run *run, Seat *seat, MhRecordKind kind, GVariant *content)
{
    g_autoptr(GVariant) printable =
        kind == MH_RECORD_KEYWORD ? g_variant_ref(content) : mh_printable_variant(content);
    return take_record(run, seat, kind, printable);
}

/* ---- workers ------------------------------------------------------------------------------ */

static void set_error(MhAccountOutcome *outcome, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The first cause stays. */
static void
set_error(MhAccountOutcome *outcome, const char *format, ...)
{
    va_list args;
    if (outcome->error != NULL)
        return;
    va_start(args, format);
    outcome->error = g_strdup_vprintf(format, args);
    va_end(args);
}

/* The worker has closed its end: why? */
static void
finish_seat(Run *run, Seat *seat, bool garbled)
{
    int status = 0;
    if (garbled)
        kill(seat->worker.pid, SIGKILL);
    mh_held_worker_wait(seat->worker.pid, END_S, &status); /* closing a file can be held, too */
    if (garbled)
        set_error(seat->outcome, "its worker sent what is no record; it was ended");
    else if (WIFSIGNALED(status))
        set_error(seat->outcome, "its worker was ended by signal %d (%s); run again to continue",
                  WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (!seat->ended)
        set_error(seat->outcome, "its worker ended early with status %d; run again to continue",
                  WEXITSTATUS(status));
    else if (seat->stopped)
        set_error(seat->outcome, "stopped before its end as asked; run again to continue");
    if (seat->outcome->root_left && geteuid() == 0)
        mh_target_root_retire(run->job, seat->account);
    if (seat->outcome->memory != NULL)
        seat->outcome->memory->settings = g_strdup(run->job->settings_digest);
    seat->outcome->elapsed_us = (uint64_t)(g_get_monotonic_time() - seat->started_us);
    report_account(run, seat->outcome);
    g_ptr_array_remove(run->seats, seat);
}

/* Takes in what a worker has sent. The seat may be gone afterwards. */
static void
serve_seat(Run *run, Seat *seat)
{
    MhChannelState filled = mh_channel_fill(&seat->reader, seat->worker.fd);
    for (;;) {
        MhRecordKind kind;
        g_autoptr(GVariant) content = NULL;
        MhChannelState taken = mh_channel_take(&seat->reader, &kind, &content);
        if (taken == MH_CHANNEL_MORE)
            break;
        if (taken != MH_CHANNEL_GARBLED && take_printable(run, seat, kind, content))
            continue;
        finish_seat(run, seat, true);
        return;
    }
    if (filled == MH_CHANNEL_END)
        finish_seat(run, seat, false);
}

/* The worker is held, and nothing is waited for any more. What it has said before does not count:
 * the account is not done. */
static void
give_up(Run *run, Seat *seat, const char *place, uint32_t seconds)
{
    int status;
    kill(seat->worker.pid, SIGKILL);
    set_error(seat->outcome,
              "no answer from %s for %u s, so its worker was ended; run again when "
              "it answers",
              place, seconds);
    mh_held_worker_wait(seat->worker.pid, END_S, &status);
    seat->outcome->elapsed_us = (uint64_t)(g_get_monotonic_time() - seat->started_us);
    report_account(run, seat->outcome);
    g_ptr_array_remove(run->seats, seat);
}

/* Is it held? The seat may be gone afterwards. */
static void
look_at_seat(Run *run, Seat *seat)
{
    uint32_t timeout_s = run->job->settings->answer_timeout_s;
    uint32_t seconds = mh_held_worker_look(&seat->held, seat->worker.pid);
    bool is_over = mh_held_worker_is_over(seconds, timeout_s, run->told_to_stop);
    if (seconds == 0)
        seat->held_told = false;
    if (!is_over && seconds < mh_held_worker_tell_after(timeout_s))
        return;
    g_autofree char *place = mh_held_worker_place(seat->worker.pid);
    if (!seat->held_told && run->events->held != NULL)
        run->events->held(seat->outcome->user, place, seconds, run->events->user);
    seat->held_told = true;
    if (!is_over)
        return;
    g_autofree char *quoted =
        place != NULL ? g_strdup_printf("'%s'", place) : g_strdup("a file system of the account");
    give_up(run, seat, quoted, seconds);
}

/* Those that are not held. */
static guint
count_moving(const Run *run)
{
    guint count = 0;
    for (guint i = 0; i < run->seats->len; i++)
        count += !((const Seat *)run->seats->pdata[i])->held_told;
    return count;
}

static void
tell_workers_to_stop(Run *run)
{
    run->told_to_stop = true;
    for (guint i = 0; i < run->seats->len; i++) {
        const Seat *seat = run->seats->pdata[i];
        kill(seat->worker.pid, SIGTERM);
    }
}

static void
wait_for_workers(Run *run)
{
    g_autofree struct pollfd *fds = g_new0(struct pollfd, run->seats->len);
    g_autofree Seat **seats = g_memdup2(run->seats->pdata, run->seats->len * sizeof(Seat *));
    guint count = run->seats->len;
    for (guint i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = seats[i]->worker.fd, .events = POLLIN};
    int ready = poll(fds, count, 1000);
    for (guint i = 0; i < count; i++) {
        if (ready > 0 && fds[i].revents != 0)
            serve_seat(run, seats[i]);
        else
            look_at_seat(run, seats[i]);
    }
    tell_progress(run);
}

bool
mh_coordinate(const MhJob *job, const GPtrArray *accounts, uint32_t jobs,
              const MhCoordinatorEvents *events)
{
    Run run = {.job = job, .accounts = accounts, .events = events};
    struct sigaction action = {.sa_handler = ask_to_stop}, old_term, old_int;
    stop_asked = 0;
    sigaction(SIGTERM, &action, &old_term);
    sigaction(SIGINT, &action, &old_int);
    run.seats = g_ptr_array_new_with_free_func(seat_free);
    for (;;) {
        while (!stop_asked && count_moving(&run) < jobs && run.next < accounts->len)
            start_next(&run);
        if (stop_asked && !run.told_to_stop)
            tell_workers_to_stop(&run);
        if (run.seats->len == 0)
            break;
        wait_for_workers(&run);
    }
    g_ptr_array_unref(run.seats);
    sigaction(SIGTERM, &old_term, NULL);
    sigaction(SIGINT, &old_int, NULL);
    return run.next == accounts->len && !run.told_to_stop;
}
