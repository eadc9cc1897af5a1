#include "outcome-json.h"

#include "json-findings.h"

#include <stdio.h>

static const char *
done_name(MhDone done)
{
    static const char *const names[] = {"up-to-date", "changed", "failed"};
    return names[done];
}

static void
add_mailbox(MhJson *json, const MhMailboxOutcome *mailbox)
{
    mh_json_open(json, NULL, '{');
    mh_json_string(json, "source", mailbox->source);
    mh_json_string(json, "path", mailbox->path);
    mh_json_string(json, "target", mailbox->target);
    mh_json_string(json, "name", mailbox->name);
    mh_json_string(json, "name_map", mailbox->name_map);
    mh_json_string(json, "format", mailbox->format);
    mh_json_string(json, "done", done_name(mailbox->done));
    mh_json_string(json, "error", mailbox->error);
    mh_json_number(json, "uidvalidity", mailbox->uidvalidity);
    mh_json_number(json, "uidnext", mailbox->uidnext);
    mh_json_number(json, "messages", mailbox->messages);
    mh_json_number(json, "bytes", mailbox->bytes);
    mh_json_number(json, "delivered", mailbox->delivered);
    mh_json_number(json, "delivered_bytes", mailbox->delivered_bytes);
    mh_json_number(json, "retagged", mailbox->retagged);
    mh_json_number(json, "expunged", mailbox->expunged);
    mh_json_number(json, "unchanged", mailbox->unchanged);
    mh_json_number(json, "foreign", mailbox->foreign);
    mh_json_number(json, "kept_gone", mailbox->kept_gone);
    mh_json_number(json, "left_out", mailbox->left_out);
    mh_json_number(json, "sizes_read", mailbox->sizes_read);
    mh_json_number(json, "sizes_read_bytes", mailbox->sizes_read_bytes);
    mh_json_number(json, "sizes_listed", mailbox->sizes_listed);
    mh_json_findings(json, mailbox->findings);
    mh_json_close(json, '}');
}

/* What verify found: how many of each class, and every one of them. */
static void
add_differences(MhJson *json, const MhDifferences *differences)
{
    mh_json_open(json, "difference_counts", '{');
    for (int class = 0; class < MH_DIFFERENCE_CLASSES; class ++)
        mh_json_number(json, mh_difference_class_name((MhDifferenceClass) class),
                       differences->counts[class]);
    mh_json_close(json, '}');
    mh_json_open(json, "differences", '[');
    for (guint i = 0; i < differences->kept->len; i++) {
        const MhDifference *difference = differences->kept->pdata[i];
        mh_json_open(json, NULL, '{');
        mh_json_string(json, "code", mh_difference_name(difference->code));
        mh_json_string(json, "class", mh_difference_class_name(difference->class));
        mh_json_string(json, "text", mh_difference_text(difference->code));
        mh_json_string(json, "mailbox", difference->mailbox);
        if (difference->message != 0)
            mh_json_number(json, "message", difference->message);
        if (difference->uid != 0)
            mh_json_number(json, "uid", difference->uid);
        mh_json_string(json, "detail", difference->detail);
        mh_json_close(json, '}');
    }
    mh_json_close(json, ']');
}

void
mh_outcome_json(const MhAccountOutcome *outcome)
{
    g_autoptr(GString) line = g_string_new(NULL);
    MhJson json = {.out = line};
    mh_json_open(&json, NULL, '{');
    mh_json_string(&json, "type", "account");
    mh_json_string(&json, "user", outcome->user);
    mh_json_bool(&json, "dry_run", outcome->dry_run);
    mh_json_bool(&json, "failed", mh_account_outcome_failed(outcome));
    mh_json_string(&json, "error", outcome->error);
    mh_json_number(&json, "elapsed_us", outcome->elapsed_us);
    mh_json_open(&json, "mailboxes", '[');
    for (guint i = 0; i < outcome->mailboxes->len; i++)
        add_mailbox(&json, outcome->mailboxes->pdata[i]);
    mh_json_close(&json, ']');
    mh_json_not_mail(&json, outcome->not_mail);
    mh_json_findings(&json, outcome->findings);
    add_differences(&json, outcome->differences);
    mh_json_close(&json, '}');
    puts(line->str);
    fflush(stdout);
}
