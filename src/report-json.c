/* report-json: the whole report for scripts, one object. */
#include "report.h"

#include "json-findings.h"

static void
add_mailbox(MhJson *json, const MhReportMailbox *mailbox)
{
    mh_json_open(json, NULL, '{');
    mh_json_string(json, "source", mailbox->source);
    mh_json_string(json, "path", mailbox->path);
    mh_json_string(json, "target", mailbox->target);
    mh_json_string(json, "format", mailbox->format);
    mh_json_string(json, "error", mailbox->error);
    mh_json_number(json, "uidvalidity", mailbox->uidvalidity);
    mh_json_number(json, "uidnext", mailbox->uidnext);
    mh_json_number(json, "messages", mailbox->messages);
    mh_json_number(json, "bytes", mailbox->bytes);
    mh_json_number(json, "delivered", mailbox->delivered);
    mh_json_number(json, "retagged", mailbox->retagged);
    mh_json_number(json, "expunged", mailbox->expunged);
    mh_json_number(json, "foreign", mailbox->foreign);
    mh_json_close(json, '}');
}

static void
add_finding(MhJson *json, const MhReportFinding *finding)
{
    mh_json_open(json, NULL, '{');
    mh_json_string(json, "source", finding->source);
    mh_json_string(json, "code", finding->code);
    mh_json_string(json, "weight", mh_weight_name(finding->weight));
    mh_json_string(json, "text", mh_report_code_text(finding->code));
    mh_json_string(json, "detail", finding->detail);
    mh_json_number(json, "times", finding->times);
    mh_json_close(json, '}');
}

void
mh_report_findings_json(const MhReportAccount *account, MhJson *json)
{
    mh_json_open(json, "findings", '[');
    for (guint i = 0; i < account->findings->len; i++)
        add_finding(json, account->findings->pdata[i]);
    mh_json_close(json, ']');
}

static void
add_account(MhJson *json, const MhReportAccount *account)
{
    mh_json_open(json, NULL, '{');
    mh_json_string(json, "user", account->user);
    mh_json_string(json, "state", mh_account_state_name(account->state));
    mh_json_string(json, "error", account->error);
    mh_json_time(json, "synced", account->synced);
    mh_json_time(json, "closed", account->closed);
    mh_json_signed(json, "run", account->run);
    mh_json_number(json, "elapsed_us", account->elapsed_us);
    mh_json_number(json, "messages", account->messages);
    mh_json_number(json, "bytes", account->bytes);
    mh_json_number(json, "losses", account->found[MH_WEIGHT_LOSS]);
    mh_json_number(json, "repaired", account->found[MH_WEIGHT_REPAIRED]);
    mh_json_number(json, "notes", account->found[MH_WEIGHT_NOTE]);
    mh_json_open(json, "mailboxes", '[');
    for (guint i = 0; i < account->mailboxes->len; i++)
        add_mailbox(json, account->mailboxes->pdata[i]);
    mh_json_close(json, ']');
    mh_report_findings_json(account, json);
    mh_json_close(json, '}');
}

static void
add_totals(MhJson *json, const MhSiteReport *report)
{
    MhReportTotals totals = mh_site_report_totals(report);
    mh_json_open(json, "totals", '{');
    mh_json_number(json, "accounts", totals.accounts);
    mh_json_number(json, "in_step", totals.by_state[MH_ACCOUNT_IN_STEP]);
    mh_json_number(json, "behind", totals.by_state[MH_ACCOUNT_BEHIND]);
    mh_json_number(json, "not_done", totals.by_state[MH_ACCOUNT_NOT_DONE]);
    mh_json_number(json, "closed", totals.closed);
    mh_json_number(json, "with_loss", totals.with_loss);
    mh_json_number(json, "mailboxes", totals.mailboxes);
    mh_json_number(json, "failed_mailboxes", totals.failed_mailboxes);
    mh_json_number(json, "messages", totals.messages);
    mh_json_number(json, "bytes", totals.bytes);
    mh_json_number(json, "losses", totals.found[MH_WEIGHT_LOSS]);
    mh_json_number(json, "repaired", totals.found[MH_WEIGHT_REPAIRED]);
    mh_json_number(json, "notes", totals.found[MH_WEIGHT_NOTE]);
    mh_json_close(json, '}');
}

static void
add_run(MhJson *json, const MhReportRun *run)
{
    mh_json_open(json, NULL, '{');
    mh_json_signed(json, "run", run->id);
    mh_json_string(json, "task", run->task);
    mh_json_time(json, "started", run->started);
    mh_json_time(json, "ended", run->ended);
    if (run->exit_status >= 0)
        mh_json_signed(json, "exit_status", run->exit_status);
    else
        mh_json_string(json, "exit_status", NULL);
    mh_json_number(json, "accounts", run->accounts);
    mh_json_number(json, "failed", run->failed);
    mh_json_number(json, "messages", run->messages);
    mh_json_number(json, "bytes", run->bytes);
    mh_json_close(json, '}');
}

static void
add_codes(MhJson *json, const MhSiteReport *report)
{
    g_autoptr(GArray) codes = mh_site_report_codes(report);
    mh_json_open(json, "findings", '[');
    for (guint i = 0; i < codes->len; i++) {
        const MhFoundKind *code = &g_array_index(codes, MhFoundKind, i);
        mh_json_found_kind(json, code);
    }
    mh_json_close(json, ']');
}

char *
mh_report_json(const MhSiteReport *report)
{
    MhJson json = {.out = g_string_new(NULL)};
    g_autofree char *directory = g_utf8_make_valid(report->directory, -1);
    mh_json_open(&json, NULL, '{');
    mh_json_string(&json, "type", "report");
    mh_json_string(&json, "state", directory);
    mh_json_time(&json, "time", report->now);
    add_totals(&json, report);
    add_codes(&json, report);
    mh_json_open(&json, "runs", '[');
    for (guint i = 0; i < report->runs->len; i++)
        add_run(&json, report->runs->pdata[i]);
    mh_json_close(&json, ']');
    mh_json_open(&json, "accounts", '[');
    for (guint i = 0; i < report->accounts->len; i++)
        add_account(&json, report->accounts->pdata[i]);
    mh_json_close(&json, ']');
    mh_json_close(&json, '}');
    g_string_append_c(json.out, '\n');
    return g_string_free(json.out, FALSE);
}
