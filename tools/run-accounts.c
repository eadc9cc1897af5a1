#include "run-accounts.h"

#include "accounts.h"
#include "check-verdict.h"
#include "confine.h"
#include "coordinator.h"
#include "log.h"
#include "outcome-json.h"
#include "outcome-text.h"
#include "printable.h"
#include "progress.h"
#include "settings-digest.h"
#include "state-past.h"
#include "verify-text.h"
#include "version.h"
#include "workload.h"
#include "worst.h"

#include <stdio.h>
#include <unistd.h>

typedef struct {
    const MhSettings *settings;
    MhTask task;
    MhState *state; /* NULL: there is none yet, and this run makes none */
    bool recorded;  /* what is done is written down there */
    MhCommandId command;
    MhLog *log; /* NULL: none */
    MhProgressLine *progress;
    MhWorkload *workload;
    MhVerdict *verdict; /* of a check only */
    MhWorst *worst;     /* of a check of many accounts only */
    size_t accounts;
    size_t done, failed, with_loss;
    uint64_t messages, bytes;
    char *keywords_path;       /* a script with what has no letter */
    FILE *keywords;            /* NULL until there is something in it */
    bool keywords_unsynced;    /* something was told since it was durable */
    bool keywords_lost;        /* no account is recorded any more */
    size_t damaged, different; /* accounts; what verify has found */
} Tally;

static void
print_account(const Tally *tally, const MhAccountOutcome *outcome)
{
    MhTextDetail detail = tally->settings->quiet     ? MH_TEXT_QUIET
                          : tally->settings->verbose ? MH_TEXT_VERBOSE
                                                     : MH_TEXT_NORMAL;
    if (tally->settings->json)
        mh_outcome_json(outcome);
    else if (tally->task == MH_TASK_VERIFY)
        mh_verify_text(outcome, detail);
    else if (tally->worst != NULL)
        mh_worst_take(tally->worst, outcome);
    else
        mh_outcome_text(outcome, detail, stdout, stderr);
}

/* False once a keyword could not be written down. Workers tell theirs side by side, so that it may
 * be one of any account that is not done. */
static bool
sync_keywords(Tally *tally)
{
    if (!tally->keywords_unsynced || tally->keywords_lost)
        return !tally->keywords_lost;
    tally->keywords_unsynced = false;
    tally->keywords_lost = tally->keywords == NULL || fflush(tally->keywords) != 0 ||
                           ferror(tally->keywords) || fsync(fileno(tally->keywords)) != 0;
    return !tally->keywords_lost;
}

static void
account_done(const MhAccountOutcome *outcome, void *user)
{
    Tally *tally = user;
    g_autoptr(GError) error = NULL;
    mh_progress_hide(tally->progress);
    mh_workload_done(tally->workload, outcome);
    mh_log_account(tally->log, outcome);
    mh_verdict_account(tally->verdict, outcome);
    tally->done++;
    tally->failed += mh_account_outcome_failed(outcome);
    tally->with_loss += mh_account_outcome_weigh(outcome, MH_WEIGHT_LOSS) > 0;
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        tally->messages += mailbox->delivered;
        tally->bytes += mailbox->delivered_bytes;
    }
    tally->damaged += outcome->differences->counts[MH_DIFFERENCE_DAMAGE] > 0;
    tally->different += mh_differences_total(outcome->differences) > 0;
    print_account(tally, outcome);
    if (!sync_keywords(tally))
        return; /* the account is not recorded, so that it is read again; the end says so */
    if (tally->recorded && !outcome->refused &&
        !mh_state_record_account(tally->state, outcome, &error)) {
        fprintf(stderr, "mailhaul: %s: %s\n", outcome->user, error->message);
        tally->failed++;
    }
}

/* Writes down a command for the new server, in a file of this run's in the state directory. */
static void
late_keyword(const char *command, void *user)
{
    Tally *tally = user;
    if (tally->keywords == NULL && tally->keywords_path == NULL) {
        g_autoptr(GDateTime) now = g_date_time_new_now_utc();
        g_autofree char *name = g_date_time_format(now, "keywords-%Y%m%dT%H%M%SZ.sh");
        g_autofree char *preset = mh_state_default_directory();
        const char *state = tally->settings->state != NULL ? tally->settings->state : preset;
        tally->keywords_path = g_build_filename(state, name, NULL);
        tally->keywords = fopen(tally->keywords_path, "ae");
    }
    tally->keywords_unsynced = true;
    if (tally->keywords != NULL)
        fputs(command, tally->keywords);
}

static void
held(const char *name, const char *place, uint32_t seconds, void *user)
{
    Tally *tally = user;
    g_autofree char *shown = mh_printable_string(name);
    mh_progress_hide(tally->progress);
    fprintf(stderr, "mailhaul: %s: no answer from %s%s%s for %u s; the other accounts go on\n",
            shown, place != NULL ? "'" : "", place != NULL ? place : "a file system of the account",
            place != NULL ? "'" : "", seconds);
}

/* False when they could not be written down. */
static bool
close_keywords(Tally *tally)
{
    if (tally->keywords_path == NULL)
        return true;
    bool good = sync_keywords(tally);
    if (tally->keywords != NULL && fclose(tally->keywords) != 0)
        good = false;
    fprintf(stderr,
            good ? "mailhaul: some folders have more than 26 keywords; run this when the new "
                   "server has the mail: sh %s\n"
                 : "mailhaul: cannot write the keywords that have no letter to %s; what was done "
                   "since is not recorded: run again when it can be written\n",
            tally->keywords_path);
    g_clear_pointer(&tally->keywords_path, g_free);
    return good;
}

/* What was carried must be known for --late. A closed account is opened for --reopen. */
static bool
may_start(const Tally *tally, const char *name, MhMemory *memory, GError **error)
{
    const MhSettings *settings = tally->settings;
    if (settings->late && !memory->known) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                    "the state directory has no record of what was carried: late mail cannot be "
                    "told from what was deleted since");
        return false;
    }
    if (!settings->reopen || memory->closed == 0)
        return true;
    memory->closed = 0;
    return !tally->recorded || mh_state_reopen(tally->state, name, error);
}

static MhMemory *
recall(const char *name, void *user, GError **error)
{
    const Tally *tally = user;
    g_autoptr(MhMemory) memory =
        tally->state != NULL ? mh_state_recall(tally->state, name, tally->settings->late, error)
                             : mh_memory_new();
    return memory != NULL && may_start(tally, name, memory, error) ? g_steal_pointer(&memory)
                                                                   : NULL;
}

static uint64_t
size_of(const char *name, void *user)
{
    const Tally *tally = user;
    return mh_workload_bytes(tally->workload, name);
}

static void
settle(Tally *tally)
{
    g_autoptr(GError) error = NULL;
    if (!tally->recorded || mh_state_settle(tally->state, false, &error))
        return;
    fprintf(stderr, "mailhaul: what was done last is not recorded: %s\n", error->message);
    tally->failed++;
}

static void
show_progress(uint64_t messages, uint64_t bytes, size_t accounts_done, void *user)
{
    Tally *tally = user;
    settle(tally);
    MhProgressAt at = {.accounts = tally->accounts,
                       .done = accounts_done,
                       .failed = tally->failed,
                       .messages = messages,
                       .bytes = bytes,
                       .part = mh_workload_part(tally->workload, bytes)};
    mh_progress_update(tally->progress, &at);
}

static void
print_summary(const Tally *tally, const MhAccounts *accounts, bool dry_run)
{
    g_autofree char *count = mh_text_count(accounts->accounts->len, "account");
    if (tally->task == MH_TASK_VERIFY) {
        printf("%s: %zu the same, %zu damaged, %zu with other differences, %zu not compared\n",
               count, tally->done - MIN(tally->done, tally->different + tally->failed),
               tally->damaged, tally->different - tally->damaged, tally->failed);
        return;
    }
    g_autofree char *messages = mh_text_count(tally->messages, "message");
    g_autofree char *size = g_format_size(tally->bytes);
    printf("%s: %zu done, %zu failed, %zu with losses; %s %s (%s)\n", count,
           tally->done - MIN(tally->failed, tally->done), tally->failed, tally->with_loss, messages,
           dry_run ? "to carry" : "carried", size);
}

static bool
make_job(MhJob *job, const MhSettings *settings, MhTask task, const MhAccounts *accounts,
         MhPace *pace, GError **error)
{
    *job = (MhJob){.settings = settings,
                   .task = task,
                   .has_owner = settings->owner != NULL,
                   .pace = pace,
                   .now = g_get_real_time() / G_USEC_PER_SEC,
                   .folders = accounts->folders,
                   .names = accounts->names};
    return settings->owner == NULL ||
           mh_account_parse_owner(settings->owner, &job->owner_uid, &job->owner_gid, error);
}

/* Opens the state and begins the run there; in a dry run it is only looked at. */
static bool
open_state(Tally *tally, const char *task, GError **error)
{
    g_autofree char *preset = mh_state_default_directory();
    const char *directory = tally->settings->state != NULL ? tally->settings->state : preset;
    if (!tally->recorded)
        return mh_state_open_to_look(directory, &tally->state, error);
    tally->state = mh_state_open(directory, error);
    return tally->state != NULL && mh_state_begin_run(tally->state, task, error);
}

static char *
digest_of(const MhSettings *settings, const MhAccounts *accounts)
{
    GBytes *lists[] = {accounts->folders_text, accounts->names_text};
    return mh_settings_digest(settings, lists, G_N_ELEMENTS(lists), MAILHAUL_VERSION);
}

static int
exit_status(const Tally *tally, const MhAccounts *accounts, bool complete)
{
    if (!complete || tally->failed > 0 || accounts->refused > 0 || tally->damaged > 0)
        return MH_EXIT_FAILED;
    return tally->with_loss > 0 || tally->different > 0 ? MH_EXIT_LOSS : MH_EXIT_DONE;
}

/* What is to be said when all is done. Returns the exit status. */
static int
conclude(Tally *tally, const MhAccounts *accounts, const char *task, bool complete,
         uint64_t elapsed_us)
{
    const MhSettings *settings = tally->settings;
    int status = exit_status(tally, accounts, complete);
    g_clear_pointer(&tally->progress, mh_progress_free);
    if (!complete)
        fprintf(stderr,
                "mailhaul: stopped as asked after %zu of %u accounts; "
                "run again to continue\n",
                tally->done, accounts->accounts->len);
    if (tally->worst != NULL)
        mh_worst_print(tally->worst, tally->done);
    if (!settings->json && !settings->quiet)
        print_summary(tally, accounts, !tally->recorded);
    if (tally->verdict != NULL &&
        !mh_verdict_print(tally->verdict, tally->state, complete, elapsed_us))
        status = MH_EXIT_FAILED;
    mh_log_end(tally->log, task, tally->done, tally->failed, status);
    if (mh_log_failed(tally->log) != NULL) {
        fprintf(stderr, "mailhaul: the log is not complete: %s\n", mh_log_failed(tally->log));
        status = MH_EXIT_FAILED;
    }
    return status;
}

/* Does all accounts, the largest first. */
static int
run_job(const MhJob *job, const MhAccounts *accounts, Tally *tally, const char *task)
{
    const MhSettings *settings = job->settings;
    g_autoptr(GHashTable) sizes = mh_state_sizes(tally->state);
    g_autoptr(MhWorkload) workload = mh_workload_new(accounts->accounts, settings, sizes);
    g_autoptr(MhVerdict) verdict =
        job->task == MH_TASK_CHECK ? mh_verdict_new(job, accounts) : NULL;
    MhCoordinatorEvents events = {.account_done = account_done,
                                  .late_keyword = late_keyword,
                                  .held = held,
                                  .progress = show_progress,
                                  .recall = recall,
                                  .size = size_of,
                                  .user = tally};
    uint32_t jobs = settings->jobs != 0 ? settings->jobs : g_get_num_processors();
    int64_t begun = g_get_monotonic_time();
    tally->workload = workload;
    g_autoptr(MhWorst) worst =
        verdict != NULL && mh_verdict_is_long(settings, accounts->accounts->len) ? mh_worst_new()
                                                                                 : NULL;
    tally->verdict = verdict;
    tally->worst = worst;
    tally->progress = mh_progress_new(settings);
    mh_log_begin(tally->log, task, accounts->accounts->len);
    bool complete = mh_coordinate(job, accounts->accounts, jobs, &events);
    tally->failed += !close_keywords(tally);
    return conclude(tally, accounts, task, complete, (uint64_t)(g_get_monotonic_time() - begun));
}

int
mh_run_accounts(const MhCommandContext *context, MhTask task, GError **error)
{
    const MhSettings *settings = context->settings;
    MhJob job;
    int status;
    g_autoptr(GError) why = NULL;
    g_autoptr(MhAccounts) accounts = mh_accounts_load(context, &status, error);
    if (accounts == NULL)
        return status;
    g_autoptr(MhPace) pace = mh_pace_new(settings->max_rate * UINT64_C(1000000));
    if (!make_job(&job, settings, task, accounts, pace, error))
        return MH_EXIT_CONFIG;
    g_autoptr(MhLog) log = mh_log_open(settings, &why);
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return MH_EXIT_CONFIG;
    }
    if (settings->verbose) {
        g_autofree char *confinement = mh_confinement_describe();
        fprintf(stderr, "mailhaul: %s\n", confinement);
    }
    g_autofree char *digest = digest_of(settings, accounts);
    bool writes = task == MH_TASK_MIGRATE || task == MH_TASK_UNDO;
    job.settings_digest = digest;
    Tally tally = {.settings = settings,
                   .task = task,
                   .recorded = writes && !settings->dry_run,
                   .command = context->command->id,
                   .log = log,
                   .accounts = accounts->accounts->len};
    if (!open_state(&tally, context->command->name, error)) {
        mh_state_free(tally.state);
        return g_error_matches(*error, G_FILE_ERROR, G_FILE_ERROR_AGAIN) ? MH_EXIT_BUSY
                                                                         : MH_EXIT_FAILED;
    }
    status = run_job(&job, accounts, &tally, context->command->name);
    if (tally.recorded && !mh_state_end_run(tally.state, status, error))
        status = MH_EXIT_FAILED;
    mh_state_free(tally.state);
    return status;
}
