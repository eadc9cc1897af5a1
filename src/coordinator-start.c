#include "coordinator-private.h"

#include "apart.h"
#include "closed.h"
#include "remember.h"

/* ---- is there anything to do? ------------------------------------------------------------- */

/* Is the account, or what there is of it at the source, as the last run left it? */
typedef bool (*IsUnchanged)(const MhMemory *memory, const MhJob *job, const MhAccount *account);

typedef struct {
    IsUnchanged is_unchanged;
    const MhMemory *memory;
    const MhJob *job;
    const MhAccount *account;
} Question;

static uint64_t
answer(size_t item, void *data)
{
    const Question *question = data;
    (void)item;
    return question->is_unchanged(question->memory, question->job, question->account);
}

/* In a process apart, which becomes the account's: root may be nobody where it asks (NFS). */
static uint64_t
answer_apart(size_t item, void *data)
{
    const Question *question = data;
    MhIdentity identity;
    return mh_worker_identity(question->job, question->account, &identity, NULL) &&
           mh_privileges_become(&identity, NULL) && answer(item, data);
}

/* An account of which that is not known in time is none that is unchanged. */
static bool
ask(IsUnchanged is_unchanged, const MhJob *job, const MhAccount *account, const MhMemory *memory)
{
    Question question = {is_unchanged, memory, job, account};
    uint64_t said = false;
    if (mh_remember_may_wait(memory, job, account))
        mh_apart(1, MH_APART_S, MH_APART_S, answer_apart, &question, &said);
    else
        said = answer(0, &question);
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
    return ask(mh_remember_all_unchanged, job, account, memory) &&
           mh_remember_outcome(memory, outcome);
}

/* Is the account closed, and not for this run? Then @outcome says so. What was done already a final
 * run need not do again; what could not be read when the account was closed it tries again. */
static bool
is_held_back(const MhJob *job, const MhAccount *account, const MhMemory *memory,
             MhAccountOutcome *outcome)
{
    if (!mh_closed_holds_back(job, memory) ||
        (mh_closed_is_goal(job) && mh_remember_left_unread(memory)))
        return false;
    if (mh_closed_is_goal(job) && ask(mh_remember_still_closed, job, account, memory) &&
        mh_remember_outcome(memory, outcome))
        return true;
    outcome->error = mh_closed_error(job, memory);
    outcome->refused = true;
    return true;
}

/* ---- beginning ---------------------------------------------------------------------------- */

/* Starts a worker that fills @outcome, which is taken over; NULL when there can be none, and why is
 * left in @outcome. */
static MhSeat *
start_worker(MhRun *run, const MhJob *job, const MhAccount *account, MhAccountOutcome *outcome)
{
    g_autoptr(GError) error = NULL;
    MhSeat *seat = g_new0(MhSeat, 1);
    if (!mh_worker_start(job, account, &seat->worker, &error)) {
        outcome->error = g_strdup(error->message);
        g_free(seat);
        return NULL;
    }
    seat->outcome = outcome;
    seat->account = account;
    seat->started_us = g_get_monotonic_time();
    mh_channel_reader_init(&seat->reader);
    mh_held_worker_begin(&seat->held);
    g_ptr_array_add(run->seats, seat);
    return seat;
}

/* The account as a whole: one that is divided has its parts behind it. */
static void
start_account(MhRun *run, const MhJob *job, const MhAccount *account, MhAccountOutcome *outcome,
              MhDivision *division)
{
    MhSeat *seat = start_worker(run, job, account, outcome);
    if (seat == NULL) {
        mh_coordinator_report(run, outcome, division);
        mh_account_outcome_free(outcome);
        return;
    }
    seat->division = division;
    if (division != NULL)
        seat->started_us = division->started_us;
}

static void
start_part(MhRun *run, MhDivision *division)
{
    MhJob job = *run->job;
    MhAccountOutcome *outcome = mh_account_outcome_new(division->account->user);
    job.memory = division->memory;
    job.part = &division->next;
    MhSeat *seat = start_worker(run, &job, division->account, outcome);
    division->at_work++;
    division->to_start--;
    division->next.number++;
    if (seat == NULL) {
        mh_division_take(division, NULL, NULL);
        mh_account_outcome_free(outcome);
        return;
    }
    seat->division = division;
    seat->is_part = true;
}

/* All parts have ended. */
static void
finish_division(MhRun *run, MhDivision *division)
{
    MhJob job = *run->job;
    MhAccountOutcome *outcome = mh_account_outcome_new(division->account->user);
    division->finishing = true;
    if (division->error != NULL) {
        outcome->error = g_strdup(division->error);
        mh_coordinator_report(run, outcome, division);
        mh_account_outcome_free(outcome);
        return;
    }
    job.memory = division->memory;
    job.fresh = division->fresh;
    job.not_linked = division->not_linked;
    start_account(run, &job, division->account, outcome, division);
}

/* A final run watches the source from its begin to its end, which one worker can do alone. */
static bool
may_be_divided(const MhJob *job)
{
    const MhSettings *settings = job->settings;
    return job->task == MH_TASK_MIGRATE && !settings->dry_run && !settings->late &&
           !settings->final;
}

/* Takes @memory if the account is to be divided. */
static bool
divide(MhRun *run, const MhAccount *account, uint64_t bytes, uint64_t rest, MhMemory **memory)
{
    if (!may_be_divided(run->job) ||
        !mh_division_is_due(bytes, rest, run->jobs, run->job->settings->divide_above))
        return false;
    MhDivision *division = mh_division_new(account, g_steal_pointer(memory), run->jobs);
    g_ptr_array_add(run->divisions, division);
    start_part(run, division);
    return true;
}

static uint64_t
size_of(const MhRun *run, const MhAccount *account)
{
    return run->events->size != NULL ? run->events->size(account->user, run->events->user) : 0;
}

void
mh_coordinator_weigh(MhRun *run)
{
    for (guint i = 0; i < run->accounts->len; i++)
        run->rest_bytes += size_of(run, run->accounts->pdata[i]);
}

static void
start_next(MhRun *run)
{
    const MhAccount *account = run->accounts->pdata[run->next++];
    uint64_t bytes = size_of(run, account), rest = run->rest_bytes;
    g_autoptr(GError) error = NULL;
    g_autoptr(MhMemory) memory = NULL;
    g_autoptr(MhAccountOutcome) outcome = mh_account_outcome_new(account->user);
    run->rest_bytes -= MIN(bytes, rest);
    outcome->dry_run = run->job->task == MH_TASK_CHECK || run->job->settings->dry_run;
    if (run->events->recall != NULL)
        memory = run->events->recall(account->user, run->events->user, &error);
    if (error != NULL)
        outcome->error = g_strdup(error->message);
    if (error != NULL || (memory != NULL && (is_held_back(run->job, account, memory, outcome) ||
                                             is_unchanged(run->job, account, memory, outcome)))) {
        mh_coordinator_report(run, outcome, NULL);
        return;
    }
    if (divide(run, account, bytes, rest, &memory))
        return;
    MhJob job = *run->job;
    job.memory = memory;
    start_account(run, &job, account, g_steal_pointer(&outcome), NULL);
}

/* First for accounts that have been begun. */
bool
mh_coordinator_start(MhRun *run)
{
    for (guint i = 0; i < run->divisions->len; i++) {
        MhDivision *division = run->divisions->pdata[i];
        if (!division->finishing && division->at_work == 0) {
            finish_division(run, division);
            return true;
        }
        if (!division->finishing && division->entered && division->to_start > 0) {
            start_part(run, division);
            return true;
        }
    }
    if (run->next == run->accounts->len)
        return false;
    start_next(run);
    return true;
}

void
mh_coordinator_abandon(MhRun *run)
{
    while (run->divisions->len > 0) {
        MhDivision *division = run->divisions->pdata[0];
        g_autoptr(MhAccountOutcome) outcome = mh_account_outcome_new(division->account->user);
        outcome->error = g_strdup(division->error != NULL ? division->error : MH_STOPPED_AS_ASKED);
        mh_coordinator_report(run, outcome, division);
    }
}
