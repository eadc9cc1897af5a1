#include "run-accounts.h"

#include "accounts.h"
#include "coordinator.h"
#include "outcome-json.h"
#include "outcome-text.h"
#include "state.h"
#include "verify-text.h"

#include <stdio.h>
#include <unistd.h>

typedef struct {
    const MhSettings *settings;
    MhTask task;
    MhState *state; /* NULL when nothing is written */
    size_t done, failed, with_loss;
    uint64_t messages, bytes;
    char *keywords_path; /* a script with what has no letter */
    FILE *keywords;      /* NULL until there is something in it */
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
    else
        mh_outcome_text(outcome, detail);
}

static void
account_done(const MhAccountOutcome *outcome, void *user)
{
    Tally *tally = user;
    g_autoptr(GError) error = NULL;
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
    if (tally->state != NULL && !mh_state_record_account(tally->state, outcome, &error)) {
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
    if (tally->keywords != NULL)
        fputs(command, tally->keywords);
}

/* False when they could not be written down. */
static bool
close_keywords(Tally *tally)
{
    if (tally->keywords_path == NULL)
        return true;
    bool good = tally->keywords != NULL && !ferror(tally->keywords);
    if (tally->keywords != NULL && fclose(tally->keywords) != 0)
        good = false;
    fprintf(stderr,
            good ? "mailhaul: some folders have more than 26 keywords; run this when the new "
                   "server has the mail: sh %s\n"
                 : "mailhaul: cannot write the keywords that have no letter to %s\n",
            tally->keywords_path);
    g_clear_pointer(&tally->keywords_path, g_free);
    return good;
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
         GError **error)
{
    *job = (MhJob){.settings = settings,
                   .task = task,
                   .has_owner = settings->owner != NULL,
                   .pace = mh_pace_new(settings->max_rate * UINT64_C(1000000)),
                   .now = g_get_real_time() / G_USEC_PER_SEC,
                   .folders = accounts->folders,
                   .names = accounts->names};
    return settings->owner == NULL ||
           mh_account_parse_owner(settings->owner, &job->owner_uid, &job->owner_gid, error);
}

/* Opens the state and begins the run there. */
static MhState *
open_state(const MhSettings *settings, const char *task, GError **error)
{
    g_autofree char *preset = mh_state_default_directory();
    g_autoptr(MhState) state =
        mh_state_open(settings->state != NULL ? settings->state : preset, error);
    if (state == NULL || !mh_state_begin_run(state, task, error))
        return NULL;
    return g_steal_pointer(&state);
}

static int
exit_status(const Tally *tally, const MhAccounts *accounts, bool complete)
{
    if (!complete || tally->failed > 0 || accounts->refused > 0 || tally->damaged > 0)
        return MH_EXIT_FAILED;
    return tally->with_loss > 0 || tally->different > 0 ? MH_EXIT_LOSS : MH_EXIT_DONE;
}

int
mh_run_accounts(const MhCommandContext *context, MhTask task, GError **error)
{
    const MhSettings *settings = context->settings;
    MhJob job;
    int status;
    g_autoptr(MhState) state = NULL;
    g_autoptr(MhAccounts) accounts = mh_accounts_load(context, &status, error);
    if (accounts == NULL)
        return status;
    if (!make_job(&job, settings, task, accounts, error))
        return MH_EXIT_CONFIG;
    if (task == MH_TASK_MIGRATE) {
        state = open_state(settings, context->command->name, error);
        if (state == NULL)
            return g_error_matches(*error, G_FILE_ERROR, G_FILE_ERROR_AGAIN) ? MH_EXIT_BUSY
                                                                             : MH_EXIT_FAILED;
    }
    Tally tally = {.settings = settings, .task = task, .state = state};
    MhCoordinatorEvents events = {
        .account_done = account_done, .late_keyword = late_keyword, .user = &tally};
    uint32_t jobs = settings->jobs != 0 ? settings->jobs : g_get_num_processors();
    bool complete = mh_coordinate(&job, accounts->accounts, jobs, &events);
    mh_pace_free(job.pace);
    tally.failed += !close_keywords(&tally);
    status = exit_status(&tally, accounts, complete);
    if (!complete)
        fprintf(stderr,
                "mailhaul: stopped as asked after %zu of %u accounts; "
                "run again to continue\n",
                tally.done, accounts->accounts->len);
    if (!settings->json && !settings->quiet)
        print_summary(&tally, accounts, task == MH_TASK_CHECK);
    if (state != NULL && !mh_state_end_run(state, status, error))
        return MH_EXIT_FAILED;
    return status;
}
