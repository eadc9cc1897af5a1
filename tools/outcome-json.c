#include "outcome-json.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

static void
add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    if (value != NULL)
        json_builder_add_string_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

static void
add_number(JsonBuilder *builder, const char *name, uint64_t value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, (gint64)value);
}

static void
add_findings(JsonBuilder *builder, const MhFindings *findings)
{
    json_builder_set_member_name(builder, "findings");
    json_builder_begin_array(builder);
    for (size_t i = 0; i < mh_findings_kept(findings); i++) {
        const MhFinding *finding = mh_findings_get(findings, i);
        json_builder_begin_object(builder);
        add_string(builder, "code", mh_finding_name(finding->code));
        add_string(builder, "weight", mh_weight_name(mh_finding_weight(finding->code)));
        add_string(builder, "text", mh_finding_text(finding->code));
        add_string(builder, "detail", finding->detail);
        if (finding->has_offset)
            add_number(builder, "offset", finding->offset);
        if (finding->message != 0)
            add_number(builder, "message", finding->message);
        add_number(builder, "times", mh_findings_count(findings, finding->code));
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static const char *
done_name(MhDone done)
{
    static const char *const names[] = {"up-to-date", "changed", "failed"};
    return names[done];
}

static void
add_mailbox(JsonBuilder *builder, const MhMailboxOutcome *mailbox)
{
    json_builder_begin_object(builder);
    add_string(builder, "source", mailbox->source);
    add_string(builder, "path", mailbox->path);
    add_string(builder, "target", mailbox->target);
    add_string(builder, "name", mailbox->name);
    add_string(builder, "name_map", mailbox->name_map);
    add_string(builder, "format", mailbox->format);
    add_string(builder, "done", done_name(mailbox->done));
    add_string(builder, "error", mailbox->error);
    add_number(builder, "uidvalidity", mailbox->uidvalidity);
    add_number(builder, "uidnext", mailbox->uidnext);
    add_number(builder, "messages", mailbox->messages);
    add_number(builder, "bytes", mailbox->bytes);
    add_number(builder, "delivered", mailbox->delivered);
    add_number(builder, "delivered_bytes", mailbox->delivered_bytes);
    add_number(builder, "retagged", mailbox->retagged);
    add_number(builder, "expunged", mailbox->expunged);
    add_number(builder, "unchanged", mailbox->unchanged);
    add_number(builder, "foreign", mailbox->foreign);
    add_number(builder, "kept_gone", mailbox->kept_gone);
    add_number(builder, "left_out", mailbox->left_out);
    add_findings(builder, mailbox->findings);
    json_builder_end_object(builder);
}

/* What verify found: how many of each class, and every one of them. */
static void
add_differences(JsonBuilder *builder, const MhDifferences *differences)
{
    json_builder_set_member_name(builder, "difference_counts");
    json_builder_begin_object(builder);
    for (int class = 0; class < MH_DIFFERENCE_CLASSES; class ++)
        add_number(builder, mh_difference_class_name((MhDifferenceClass) class),
                   differences->counts[class]);
    json_builder_end_object(builder);
    json_builder_set_member_name(builder, "differences");
    json_builder_begin_array(builder);
    for (guint i = 0; i < differences->kept->len; i++) {
        const MhDifference *difference = differences->kept->pdata[i];
        json_builder_begin_object(builder);
        add_string(builder, "code", mh_difference_name(difference->code));
        add_string(builder, "class", mh_difference_class_name(difference->class));
        add_string(builder, "text", mh_difference_text(difference->code));
        add_string(builder, "mailbox", difference->mailbox);
        if (difference->message != 0)
            add_number(builder, "message", difference->message);
        if (difference->uid != 0)
            add_number(builder, "uid", difference->uid);
        add_string(builder, "detail", difference->detail);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

void
mh_outcome_json(const MhAccountOutcome *outcome)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    add_string(builder, "type", "account");
    add_string(builder, "user", outcome->user);
    json_builder_set_member_name(builder, "dry_run");
    json_builder_add_boolean_value(builder, outcome->dry_run);
    json_builder_set_member_name(builder, "failed");
    json_builder_add_boolean_value(builder, mh_account_outcome_failed(outcome));
    add_string(builder, "error", outcome->error);
    add_number(builder, "elapsed_us", outcome->elapsed_us);
    json_builder_set_member_name(builder, "mailboxes");
    json_builder_begin_array(builder);
    for (guint i = 0; i < outcome->mailboxes->len; i++)
        add_mailbox(builder, outcome->mailboxes->pdata[i]);
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "not_mail");
    json_builder_begin_array(builder);
    for (guint i = 0; i < outcome->not_mail->len; i++) {
        const MhNotMail *item = outcome->not_mail->pdata[i];
        json_builder_begin_object(builder);
        add_string(builder, "path", item->path);
        add_string(builder, "reason", item->reason);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    add_findings(builder, outcome->findings);
    add_differences(builder, outcome->differences);
    json_builder_end_object(builder);

    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = json_to_string(root, FALSE);
    puts(text);
    fflush(stdout);
}
