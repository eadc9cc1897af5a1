/* cmd-status: what has been done so far, account by account, from the state directory. */
#include "command.h"

#include "accounts.h"
#include "json-text.h"
#include "keyed-hash.h"
#include "printable.h"
#include "report.h"
#include "time-text.h"

#include <stdio.h>
#include <string.h>

/* Losses shown below an account when nobody asked for that account by name. */
#define LOSSES_SHOWN 5

typedef struct {
    const MhSettings *settings;
    int64_t now;
    bool in_detail; /* accounts were named */
    size_t shown, by_state[MH_ACCOUNT_STATE_COUNT], with_loss;
} Status;

static bool
is_wanted(const Status *status, const MhReportAccount *account)
{
    const MhSettings *settings = status->settings;
    bool failed = account->state != MH_ACCOUNT_IN_STEP;
    bool with_loss = account->found[MH_WEIGHT_LOSS] > 0;
    if ((settings->failed || settings->with_loss) && !(settings->failed && failed) &&
        !(settings->with_loss && with_loss))
        return false;
    return settings->stale_s == 0 ||
           (account->closed == 0 && account->synced < status->now - (int64_t)settings->stale_s);
}

/* ---- for people --------------------------------------------------------------------------- */

static void
print_losses(const Status *status, const MhReportAccount *account)
{
    size_t count = 0;
    for (guint i = 0; i < account->findings->len; i++) {
        const MhReportFinding *finding = account->findings->pdata[i];
        if (finding->weight != MH_WEIGHT_LOSS && !(status->in_detail && finding->times > 0))
            continue;
        if (count++ >= LOSSES_SHOWN && !status->in_detail)
            continue;
        printf("  %s: %s%s%s%s%s\n", mh_weight_name(finding->weight), finding->source,
               finding->source[0] != '\0' ? ": " : "", mh_report_code_text(finding->code),
               finding->detail != NULL ? ": " : "", finding->detail != NULL ? finding->detail : "");
    }
    if (count > LOSSES_SHOWN && !status->in_detail)
        printf("  and %zu more: mailhaul status %s\n", count - LOSSES_SHOWN, account->user);
}

static void
print_account(const Status *status, const MhReportAccount *account)
{
    g_autofree char *when = mh_time_text(account->synced);
    g_autofree char *ago = mh_ago_text(account->synced, status->now);
    g_autofree char *size = g_format_size(account->bytes);
    printf("%s: %s%s; last done %s", account->user, mh_account_state_name(account->state),
           account->closed != 0 ? ", closed" : "", when);
    if (account->synced != 0)
        printf(" (%s)", ago);
    printf("; %u mailbox%s, %" G_GUINT64_FORMAT " message%s, %s\n", account->mailboxes->len,
           account->mailboxes->len == 1 ? "" : "es", (guint64)account->messages,
           account->messages == 1 ? "" : "s", size);
    if (account->error != NULL)
        printf("  error: %s\n", account->error);
    for (guint i = 0; i < account->mailboxes->len; i++) {
        const MhReportMailbox *mailbox = account->mailboxes->pdata[i];
        if (mailbox->error != NULL)
            printf("  error: %s: %s\n", mailbox->source, mailbox->error);
    }
    print_losses(status, account);
}

static void
print_summary(const Status *status)
{
    printf("%zu account%s: %zu in step, %zu behind, %zu not done, %zu not tried; "
           "%zu with losses\n",
           status->shown, status->shown == 1 ? "" : "s", status->by_state[MH_ACCOUNT_IN_STEP],
           status->by_state[MH_ACCOUNT_BEHIND], status->by_state[MH_ACCOUNT_NOT_DONE],
           status->by_state[MH_ACCOUNT_UNTRIED], status->with_loss);
}

/* ---- for scripts -------------------------------------------------------------------------- */

static void
add_errors(MhJson *json, const MhReportAccount *account)
{
    mh_json_open(json, "errors", '[');
    if (account->error != NULL) {
        mh_json_open(json, NULL, '{');
        mh_json_string(json, "source", NULL);
        mh_json_string(json, "error", account->error);
        mh_json_close(json, '}');
    }
    for (guint i = 0; i < account->mailboxes->len; i++) {
        const MhReportMailbox *mailbox = account->mailboxes->pdata[i];
        if (mailbox->error == NULL)
            continue;
        mh_json_open(json, NULL, '{');
        mh_json_string(json, "source", mailbox->source);
        mh_json_string(json, "error", mailbox->error);
        mh_json_close(json, '}');
    }
    mh_json_close(json, ']');
}

static void
print_json(const MhReportAccount *account)
{
    g_autoptr(GString) line = g_string_new(NULL);
    MhJson json = {.out = line};
    mh_json_open(&json, NULL, '{');
    mh_json_string(&json, "type", "status");
    mh_json_string(&json, "user", account->user);
    mh_json_string(&json, "state", mh_account_state_name(account->state));
    mh_json_time(&json, "synced", account->synced);
    mh_json_time(&json, "closed", account->closed);
    mh_json_number(&json, "mailboxes", account->mailboxes->len);
    mh_json_number(&json, "messages", account->messages);
    mh_json_number(&json, "bytes", account->bytes);
    mh_json_number(&json, "losses", account->found[MH_WEIGHT_LOSS]);
    add_errors(&json, account);
    mh_report_findings_json(account, &json);
    mh_json_close(&json, '}');
    puts(line->str);
}

/* ---- which accounts ----------------------------------------------------------------------- */

static void
show(Status *status, const MhReportAccount *account)
{
    if (!is_wanted(status, account))
        return;
    status->shown++;
    status->by_state[account->state]++;
    status->with_loss += account->found[MH_WEIGHT_LOSS] > 0;
    if (status->settings->json)
        print_json(account);
    else
        print_account(status, account);
}

static void
show_untried(Status *status, const char *user)
{
    g_autoptr(GPtrArray) nothing = g_ptr_array_new();
    MhReportAccount account = {.user = (char *)(uintptr_t)user,
                               .state = MH_ACCOUNT_UNTRIED,
                               .mailboxes = nothing,
                               .findings = nothing};
    show(status, &account);
}

/* Those of --users, or the named ones; an account that no run has come to is shown as such. */
static void
show_listed(Status *status, const MhSiteReport *report, const MhAccounts *accounts)
{
    g_autoptr(GHashTable) by_user = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    for (guint i = 0; i < report->accounts->len; i++) {
        MhReportAccount *account = report->accounts->pdata[i];
        g_hash_table_insert(by_user, account->user, account);
    }
    for (guint i = 0; i < accounts->accounts->len; i++) {
        const MhAccount *listed = accounts->accounts->pdata[i];
        const MhReportAccount *account = g_hash_table_lookup(by_user, listed->user);
        if (account != NULL)
            show(status, account);
        else
            show_untried(status, listed->user);
    }
}

static void
show_named(Status *status, const MhSiteReport *report, const MhCommandContext *context)
{
    for (size_t i = 0; i < context->arg_count; i++) {
        const MhReportAccount *account = mh_site_report_find(report, context->args[i]);
        g_autofree char *shown = mh_printable_string(context->args[i]);
        if (account != NULL)
            show(status, account);
        else
            show_untried(status, shown);
    }
}

int
mh_cmd_status(const MhCommandContext *context, GError **error)
{
    Status status = {.settings = context->settings,
                     .now = g_get_real_time() / G_USEC_PER_SEC,
                     .in_detail = context->arg_count > 0};
    g_autoptr(MhSiteReport) report = mh_site_report_load(context->settings->state, error);
    if (report == NULL)
        return MH_EXIT_FAILED;
    if (context->settings->users != NULL) {
        int exit_status;
        g_autoptr(MhAccounts) accounts = mh_accounts_load(context, &exit_status, error);
        if (accounts == NULL)
            return exit_status;
        show_listed(&status, report, accounts);
    } else if (context->arg_count > 0) {
        show_named(&status, report, context);
    } else {
        for (guint i = 0; i < report->accounts->len; i++)
            show(&status, report->accounts->pdata[i]);
    }
    if (!context->settings->json)
        print_summary(&status);
    if (status.by_state[MH_ACCOUNT_IN_STEP] < status.shown)
        return MH_EXIT_FAILED;
    return status.with_loss > 0 ? MH_EXIT_LOSS : MH_EXIT_DONE;
}
