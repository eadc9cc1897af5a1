/* cmd-warm: has the new server build its caches before the first client comes. */
#include "accounts.h"
#include "json-text.h"
#include "log.h"
#include "outcome-text.h"
#include "progress.h"
#include "state.h"
#include "warm-look.h"
#include "warm.h"

#include <stdio.h>

typedef struct {
    const MhSettings *settings;
    MhState *state;
    MhLog *log;
    MhProgressLine *progress;
    char *asked;       /* what the caches are to hold */
    GPtrArray *cold;   /* of MhAccount, borrowed: what there is to do */
    GHashTable *marks; /* of MhWarmMark by account: as it was before */
    size_t accounts, built, was_warm, failed;
    bool used;               /* there is or was mail in what has been done */
    const MhIdentity *owner; /* NULL: each account itself */
} Warm;

/* ---- what is said of an account ------------------------------------------------------------ */

static void
print_json(const MhAccount *account, const char *done, const char *error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    MhJson json = {.out = line};
    mh_json_open(&json, NULL, '{');
    mh_json_string(&json, "type", "warm");
    mh_json_string(&json, "user", account->user);
    mh_json_string(&json, "done", done);
    mh_json_string(&json, "error", error);
    mh_json_close(&json, '}');
    puts(line->str);
}

/* @done: "built", "warm" or "failed". */
static void
say(Warm *warm, const MhAccount *account, const char *done, const char *text, const char *error)
{
    const MhSettings *settings = warm->settings;
    g_autoptr(MhAccountOutcome) outcome = mh_account_outcome_new(account->user);
    outcome->error = g_strdup(error);
    mh_log_account(warm->log, outcome);
    mh_progress_hide(warm->progress);
    if (settings->json)
        print_json(account, done, error);
    else if (!settings->quiet && (text != NULL || settings->verbose))
        printf("%s: %s\n", outcome->user, text != NULL ? text : "is warm already");
    fflush(stdout);
    mh_text_errors(outcome, stderr);
}

static void
fail(Warm *warm, const MhAccount *account, const char *error)
{
    warm->failed++;
    say(warm, account, "failed", "failed", error);
}

/* ---- what is done -------------------------------------------------------------------------- */

/* Remembers it, unless mail came while doveadm was at work, which may have missed it. */
static bool
remember(Warm *warm, const MhAccount *account, GError **error)
{
    const MhWarmMark *before = g_hash_table_lookup(warm->marks, account);
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_ptr_array_add(one, (gpointer)(uintptr_t)account);
    g_autoptr(GArray) looks = mh_warm_look(warm->settings->maildir, one, warm->owner, warm->asked,
                                           warm->settings->answer_timeout_s);
    const MhWarmLook *now = &g_array_index(looks, MhWarmLook, 0);
    if (now->error != NULL) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, now->error);
        return false;
    }
    return !mh_digest_equal(&before->mail, &now->mark.mail) ||
           mh_state_set_warm(warm->state, account->user, &now->mark.whole, error);
}

static void
account_done(const MhAccount *account, const char *why, void *user)
{
    Warm *warm = user;
    g_autoptr(GError) error = NULL;
    if (why != NULL) {
        fail(warm, account, why);
        return;
    }
    const MhWarmMark *before = g_hash_table_lookup(warm->marks, account);
    warm->used |= before->used;
    if (!remember(warm, account, &error)) {
        fail(warm, account, error->message);
        return;
    }
    warm->built++;
    say(warm, account, "built", "caches built", NULL);
}

static void
held(const char *place, uint32_t seconds, void *user)
{
    Warm *warm = user;
    mh_progress_hide(warm->progress);
    fprintf(stderr, "mailhaul: no answer from %s%s%s for %u s; the other accounts go on\n",
            place != NULL ? "'" : "", place != NULL ? place : "a file system",
            place != NULL ? "'" : "", seconds);
}

static void
show_progress(uint64_t messages, void *user)
{
    Warm *warm = user;
    g_autoptr(GError) error = NULL;
    size_t done = warm->built + warm->was_warm + warm->failed;
    MhProgressAt at = {.accounts = warm->accounts,
                       .done = done,
                       .failed = warm->failed,
                       .messages = messages,
                       .part = (double)done / (double)MAX(warm->accounts, 1)};
    mh_progress_update(warm->progress, &at);
    if (!mh_state_keep_warm(warm->state, &error))
        fprintf(stderr, "mailhaul: %s\n", error->message); /* the next run does it again */
}

/* Sorts out what is warm already, and what cannot be. */
static void
look_at_accounts(Warm *warm, const MhAccounts *accounts)
{
    g_autoptr(GArray) looks = mh_warm_look(warm->settings->maildir, accounts->accounts, warm->owner,
                                           warm->asked, warm->settings->answer_timeout_s);
    for (guint i = 0; i < accounts->accounts->len; i++) {
        MhAccount *account = accounts->accounts->pdata[i];
        const MhWarmLook *look = &g_array_index(looks, MhWarmLook, i);
        if (look->error != NULL) {
            fail(warm, account, look->error);
        } else if (mh_state_is_warm(warm->state, account->user, &look->mark.whole)) {
            warm->was_warm++;
            say(warm, account, "warm", NULL, NULL);
        } else {
            g_hash_table_insert(warm->marks, account, g_memdup2(&look->mark, sizeof look->mark));
            g_ptr_array_add(warm->cold, account);
        }
    }
}

/* ---- the end ------------------------------------------------------------------------------- */

static void
print_summary(const Warm *warm, uint64_t messages)
{
    g_autofree char *accounts = mh_text_count(warm->accounts, "account");
    g_autofree char *listed = mh_text_count(messages, "message");
    if (!warm->settings->json && !warm->settings->quiet)
        printf("%s: %zu built, %zu warm already, %zu failed; %s listed\n", accounts, warm->built,
               warm->was_warm, warm->failed, listed);
}

static int
conclude(Warm *warm, const MhAccounts *accounts, MhWarmEnd end, uint64_t messages)
{
    bool good = warm->failed == 0 && accounts->refused == 0 && end == MH_WARM_COMPLETE;
    g_clear_pointer(&warm->progress, mh_progress_free);
    if (end == MH_WARM_STOPPED)
        fprintf(stderr,
                "mailhaul: stopped as asked after %zu of %zu accounts; run again to continue\n",
                warm->built + warm->was_warm + warm->failed, warm->accounts);
    print_summary(warm, messages);
    if (warm->built > 0 && warm->used && messages == 0) {
        fprintf(stderr, "mailhaul: doveadm has found no message in any of these accounts: does the "
                        "new server have their mail at --maildir?\n");
        good = false;
    }
    mh_log_end(warm->log, "warm", warm->built + warm->was_warm + warm->failed, warm->failed,
               good ? MH_EXIT_DONE : MH_EXIT_FAILED);
    return good ? MH_EXIT_DONE : MH_EXIT_FAILED;
}

static int
run(Warm *warm, const MhAccounts *accounts, MhWarmOptions *options, GError **error)
{
    const MhWarmEvents events = {
        .done = account_done, .held = held, .progress = show_progress, .user = warm};
    uint64_t messages = 0;
    g_autoptr(GError) why = NULL;
    warm->accounts = accounts->accounts->len;
    warm->progress = mh_progress_new(warm->settings);
    mh_log_begin(warm->log, "warm", warm->accounts);
    look_at_accounts(warm, accounts);
    MhWarmEnd end = mh_warm(options, warm->cold, &events, &messages, &why);
    if (!mh_state_keep_warm(warm->state, error))
        return MH_EXIT_FAILED;
    int status = conclude(warm, accounts, end, messages);
    if (why != NULL)
        g_propagate_error(error, g_steal_pointer(&why));
    return status;
}

static int
open_and_run(Warm *warm, const MhAccounts *accounts, GError **error)
{
    const MhSettings *settings = warm->settings;
    g_autofree char *preset = mh_state_default_directory();
    MhWarmOptions options = {.config = settings->dovecot_config,
                             .bodystructure = settings->bodystructure,
                             .answer_timeout_s = settings->answer_timeout_s,
                             .jobs = settings->jobs != 0 ? settings->jobs : g_get_num_processors()};
    options.doveadm = mh_warm_find_doveadm(settings->doveadm, error);
    if (options.doveadm == NULL)
        return MH_EXIT_CONFIG;
    warm->state = mh_state_open(settings->state != NULL ? settings->state : preset, error);
    if (warm->state == NULL) {
        g_free(options.doveadm);
        return g_error_matches(*error, G_FILE_ERROR, G_FILE_ERROR_AGAIN) ? MH_EXIT_BUSY
                                                                         : MH_EXIT_FAILED;
    }
    if (settings->nice)
        mh_pace_give_way();
    options.pace = mh_pace_new(settings->max_rate * UINT64_C(1000000));
    int status = run(warm, accounts, &options, error);
    mh_pace_free(options.pace);
    mh_state_free(warm->state);
    g_free(options.doveadm);
    return status;
}

int
mh_cmd_warm(const MhCommandContext *context, GError **error)
{
    int status;
    g_autoptr(GError) why = NULL;
    g_autoptr(MhAccounts) accounts = mh_accounts_load(context, &status, error);
    if (accounts == NULL)
        return status;
    g_autoptr(MhLog) log = mh_log_open(context->settings, &why);
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return MH_EXIT_CONFIG;
    }
    MhIdentity owner = {0};
    bool has_owner = context->settings->owner != NULL;
    if (has_owner &&
        !mh_account_parse_owner(context->settings->owner, &owner.uid, &owner.gid, error))
        return MH_EXIT_CONFIG;
    g_autofree char *asked = mh_warm_fields(context->settings->bodystructure);
    g_autoptr(GPtrArray) cold = g_ptr_array_new();
    g_autoptr(GHashTable) marks = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    Warm warm = {.settings = context->settings,
                 .log = log,
                 .asked = asked,
                 .cold = cold,
                 .marks = marks,
                 .owner = has_owner ? &owner : NULL};
    return open_and_run(&warm, accounts, error);
}
