#include "coordinator-private.h"

#include "apart.h"
#include "held-place.h"
#include "stopping.h"
#include "target-root.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A worker that was killed may be held all the same: it ends when its file system answers. */
#define END_S 2
/* One that is at work may take so many times as long to stop as one that is held. */
#define STOPPING_TIMES 10

static volatile sig_atomic_t stop_asked, unheard;

static void
ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static void
seat_free(gpointer item)
{
    MhSeat *seat = item;
    close(seat->worker.fd);
    mh_channel_reader_clear(&seat->reader);
    mh_account_outcome_free(seat->outcome);
    mh_held_worker_clear(&seat->held);
    g_free(seat);
}

static void
tell_progress(const MhRun *run)
{
    if (run->events->progress != NULL)
        run->events->progress(run->messages, run->bytes, run->done, run->events->user);
}

void
mh_coordinator_report(MhRun *run, MhAccountOutcome *outcome, MhDivision *division)
{
    if (division != NULL) {
        outcome->elapsed_us = (uint64_t)(g_get_monotonic_time() - division->started_us);
        mh_findings_merge(outcome->findings, division->failed);
        if (outcome->error != NULL)
            mh_division_add_rest(division, outcome, run->job->settings_digest);
        g_ptr_array_remove(run->divisions, division);
    }
    run->done++;
    if (run->events->account_done != NULL)
        run->events->account_done(outcome, run->events->user);
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

/* The worker has ended. @believed: what it has said counts. */
static void
leave_seat(MhRun *run, MhSeat *seat, bool believed)
{
    seat->outcome->elapsed_us = (uint64_t)(g_get_monotonic_time() - seat->started_us);
    if (seat->is_part)
        mh_division_take(seat->division, believed ? seat->outcome : NULL,
                         run->job->settings_digest);
    else
        mh_coordinator_report(run, seat->outcome, seat->division);
    g_ptr_array_remove(run->seats, seat);
}

/* A worker that does not end though it has nobody to talk to is ended. What it has said counts: one
 * that has come to its end may be held by the closing of a file. */
static void
wait_for_end(pid_t pid, int *out_status)
{
    int ignored;
    if (mh_held_worker_wait(pid, END_S, out_status))
        return;
    kill(pid, SIGKILL);
    mh_held_worker_wait(pid, END_S, &ignored);
}

typedef struct {
    const MhJob *job;
    const MhAccount *account;
} Retired;

static uint64_t
retire(size_t item, void *data)
{
    const Retired *retired = data;
    (void)item;
    mh_target_root_retire(retired->job, retired->account);
    return 0;
}

/* Takes away the root of a target that was undone; where nothing answers it stays. */
static void
retire_root(const MhJob *job, const MhAccount *account)
{
    Retired retired = {job, account};
    uint64_t ignored;
    mh_apart(1, MH_APART_S, MH_APART_S, retire, &retired, &ignored);
}

/* The worker has closed its end: why? */
static void
finish_seat(MhRun *run, MhSeat *seat, bool garbled)
{
    int status = 0;
    const char *advice = seat->is_part ? "" : "; run again to continue";
    if (garbled)
        kill(seat->worker.pid, SIGKILL);
    wait_for_end(seat->worker.pid, &status);
    if (garbled)
        set_error(seat->outcome, "its worker sent what is no record; it was ended");
    else if (WIFSIGNALED(status))
        set_error(seat->outcome, "its worker was ended by signal %d (%s)%s", WTERMSIG(status),
                  strsignal(WTERMSIG(status)), advice);
    else if (!seat->ended)
        set_error(seat->outcome, "its worker ended early with status %d%s", WEXITSTATUS(status),
                  advice);
    else if (seat->stopped)
        set_error(seat->outcome, MH_STOPPED_AS_ASKED);
    if (seat->is_part && (garbled || !seat->ended)) /* what it says itself the last one will say */
        mh_division_fail_part(seat->division, seat->outcome->error);
    if (seat->outcome->root_left && geteuid() == 0)
        retire_root(run->job, seat->account);
    if (seat->outcome->memory != NULL)
        seat->outcome->memory->settings = g_strdup(run->job->settings_digest);
    leave_seat(run, seat, !garbled);
}

/* Takes in what a worker has sent. The seat may be gone afterwards. */
static void
serve_seat(MhRun *run, MhSeat *seat)
{
    MhChannelState filled = mh_channel_fill(&seat->reader, seat->worker.fd);
    for (;;) {
        MhRecordKind kind;
        g_autoptr(GVariant) content = NULL;
        MhChannelState taken = mh_channel_take(&seat->reader, &kind, &content);
        if (taken == MH_CHANNEL_MORE)
            break;
        if (taken != MH_CHANNEL_GARBLED && mh_coordinator_take(run, seat, kind, content))
            continue;
        finish_seat(run, seat, true);
        return;
    }
    if (filled == MH_CHANNEL_END)
        finish_seat(run, seat, false);
}

/* The worker is not waited for any more, as @why says. What it has said before does not count: the
 * account is not done. */
static void
give_up(MhRun *run, MhSeat *seat, const char *why)
{
    int status;
    kill(seat->worker.pid, SIGKILL);
    set_error(seat->outcome, "%s", why);
    mh_held_worker_wait(seat->worker.pid, END_S, &status);
    if (seat->is_part) /* the next worker would be held there, too */
        mh_division_give_up(seat->division, seat->outcome->error);
    leave_seat(run, seat, true);
}

/* Is it held? The seat may be gone afterwards. */
static void
look_at_seat(MhRun *run, MhSeat *seat)
{
    uint32_t timeout_s = run->job->settings->answer_timeout_s;
    uint32_t seconds = mh_held_worker_look(&seat->held, seat->worker.pid);
    bool is_over = mh_held_worker_is_over(seconds, timeout_s, run->told_to_stop);
    if (seconds == 0)
        seat->held_told = false;
    if (!is_over && seconds < mh_held_worker_tell_after(timeout_s))
        return;
    g_autofree char *place = mh_held_place(seat->worker.pid);
    if (!seat->held_told && run->events->held != NULL)
        run->events->held(seat->outcome->user, place, seconds, run->events->user);
    seat->held_told = true;
    if (!is_over)
        return;
    g_autofree char *quoted =
        place != NULL ? g_strdup_printf("'%s'", place) : g_strdup("a file system of the account");
    g_autofree char *why = g_strdup_printf(
        "no answer from %s for %u s, so its worker was ended; run again when it answers", quoted,
        seconds);
    give_up(run, seat, why);
}

/* Asked to stop a worker finishes the message at hand. One that does not come to its end is ended,
 * which costs the time to do it again. */
static void
end_those_that_go_on(MhRun *run)
{
    uint32_t most_s =
        STOPPING_TIMES * mh_held_worker_stopping_s(run->job->settings->answer_timeout_s);
    if (!run->told_to_stop ||
        g_get_monotonic_time() - run->told_us < (int64_t)most_s * G_USEC_PER_SEC)
        return;
    g_autofree char *why = g_strdup_printf(
        "it went on for %u s when asked to stop, so its worker was ended; run again to continue",
        most_s);
    while (run->seats->len > 0)
        give_up(run, run->seats->pdata[0], why);
}

bool
mh_coordinator_has_room(const MhRun *run)
{
    guint busy = 0, waiting = 0;
    for (guint i = 0; i < run->seats->len; i++) {
        const MhSeat *seat = run->seats->pdata[i];
        busy += !seat->held_told && !seat->in_last_batch;
        waiting += !seat->held_told && seat->in_last_batch;
    }
    guint beside = run->jobs > 1 ? MIN(waiting, MH_WAITING_MOST) : 0;
    return busy + waiting - beside < run->jobs;
}

static void
tell_workers_to_stop(MhRun *run)
{
    run->told_to_stop = true;
    run->told_us = g_get_monotonic_time();
    for (guint i = 0; i < run->seats->len; i++) {
        const MhSeat *seat = run->seats->pdata[i];
        kill(seat->worker.pid, SIGTERM);
    }
}

static void
wait_for_workers(MhRun *run)
{
    g_autofree struct pollfd *fds = g_new0(struct pollfd, run->seats->len);
    g_autofree MhSeat **seats = g_memdup2(run->seats->pdata, run->seats->len * sizeof(MhSeat *));
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
    end_those_that_go_on(run);
    tell_progress(run);
}

/* Nobody reads any more what is said: then it is no time to go on. */
static void
stop_unheard(int signal_number)
{
    unheard = 1;
    ask_to_stop(signal_number);
}

static void
take_signals(struct sigaction *before, struct sigaction *before_pipe)
{
    const struct sigaction action = {.sa_handler = stop_unheard};
    stop_asked = unheard = 0;
    mh_stopping_take_signals(ask_to_stop, before);
    sigaction(SIGPIPE, &action, before_pipe);
}

/* What is to be said yet must not end us, if nobody reads it. */
static void
give_back_signals(const struct sigaction *before, const struct sigaction *before_pipe)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    mh_stopping_give_back(before);
    sigaction(SIGPIPE, unheard ? &ignored : before_pipe, NULL);
}

bool
mh_coordinate(const MhJob *job, const GPtrArray *accounts, uint32_t jobs,
              const MhCoordinatorEvents *events)
{
    MhRun run = {.job = job, .accounts = accounts, .events = events, .jobs = jobs};
    struct sigaction before[MH_STOPPING_SIGNALS], before_pipe;
    take_signals(before, &before_pipe);
    run.seats = g_ptr_array_new_with_free_func(seat_free);
    run.divisions = g_ptr_array_new_with_free_func((GDestroyNotify)mh_division_free);
    mh_coordinator_weigh(&run);
    for (;;) {
        while (!stop_asked && mh_coordinator_has_room(&run) && mh_coordinator_start(&run))
            ;
        if (stop_asked && !run.told_to_stop)
            tell_workers_to_stop(&run);
        if (run.seats->len == 0)
            break;
        wait_for_workers(&run);
    }
    mh_coordinator_abandon(&run);
    g_ptr_array_unref(run.seats);
    g_ptr_array_unref(run.divisions);
    give_back_signals(before, &before_pipe);
    return run.next == accounts->len && !run.told_to_stop;
}
