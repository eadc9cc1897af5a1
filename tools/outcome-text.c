#include "outcome-text.h"

#include "printable.h"

#include <stdio.h>
#include <string.h>

char *
mh_text_count(uint64_t count, const char *thing)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT " %s%s", (guint64)count, thing,
                           count == 1                     ? ""
                           : g_str_has_suffix(thing, "x") ? "es"
                                                          : "s");
}

typedef struct {
    uint64_t messages, bytes, delivered, retagged, expunged, failed;
} Sum;

static Sum
add_up(const MhAccountOutcome *outcome)
{
    Sum sum = {0};
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        sum.messages += mailbox->messages;
        sum.bytes += mailbox->delivered_bytes;
        sum.delivered += mailbox->delivered;
        sum.retagged += mailbox->retagged;
        sum.expunged += mailbox->expunged;
        sum.failed += mailbox->done == MH_DONE_FAILED;
    }
    return sum;
}

/* ", 3 carried (2 kB)"; of a dry run ", 3 to carry (2 kB)". */
static void
print_deed(FILE *out, uint64_t count, bool dry_run, const char *to_do, const char *done)
{
    if (count > 0)
        fprintf(out, ", %" G_GUINT64_FORMAT " %s", (guint64)count, dry_run ? to_do : done);
}

static void
print_account_line(const MhAccountOutcome *outcome, FILE *out)
{
    Sum sum = add_up(outcome);
    bool failed = outcome->error != NULL || sum.failed > 0;
    g_autofree char *mailboxes = mh_text_count(outcome->mailboxes->len, "mailbox");
    g_autofree char *messages = mh_text_count(sum.messages, "message");
    fprintf(out, "%s: %s, %s", outcome->user, mailboxes, messages);
    if (failed)
        fprintf(out, ", %s", outcome->error != NULL ? "failed" : "partly failed");
    print_deed(out, sum.delivered, outcome->dry_run, "to carry", "carried");
    if (sum.delivered > 0) {
        g_autofree char *size = g_format_size(sum.bytes);
        fprintf(out, " (%s)", size);
    }
    bool back = mh_findings_count(outcome->findings, MH_FINDING_GIVEN_BACK) > 0;
    if (back)
        fprintf(out, ", %s to Courier", outcome->dry_run ? "to give back" : "given back");
    print_deed(out, sum.retagged, outcome->dry_run, back ? "names to restore" : "flags to change",
               back ? "names restored" : "flags changed");
    print_deed(out, sum.expunged, outcome->dry_run, "to remove", "removed");
    if (sum.delivered + sum.retagged + sum.expunged == 0 && !failed && !back)
        fprintf(out, ", up to date");
    fprintf(out, "\n");
}

static void
print_mailbox_line(const MhMailboxOutcome *mailbox, FILE *out)
{
    g_autofree char *messages = mh_text_count(mailbox->messages, "message");
    fprintf(out,
            "  %s (%s, %s): %s, %" G_GUINT64_FORMAT " new, %" G_GUINT64_FORMAT
            " changed, %" G_GUINT64_FORMAT " removed",
            mailbox->source, mailbox->path, mailbox->format, messages, (guint64)mailbox->delivered,
            (guint64)mailbox->retagged, (guint64)mailbox->expunged);
    if (mailbox->renamed)
        fprintf(out, "; its name becomes %s", mailbox->name);
    fprintf(out, "\n");
}

/* Mail that undo leaves is nothing wrong, but nobody would look for it. Of a folder that has gone
 * at the source every run would tell it. */
static bool
is_told(const MhFindings *findings, MhFindingCode code, MhWeight least)
{
    return mh_finding_weight(code) >= least ||
           (code == MH_FINDING_FOREIGN_STAYS && least <= MH_WEIGHT_REPAIRED &&
            mh_findings_count(findings, MH_FINDING_FOLDER_GONE) == 0);
}

void
mh_text_findings(const char *where, const MhFindings *findings, MhWeight least, FILE *stream)
{
    bool told[MH_FINDING_COUNT] = {false};
    uint64_t kept[MH_FINDING_COUNT] = {0};
    for (size_t i = 0; i < mh_findings_kept(findings); i++)
        kept[mh_findings_get(findings, i)->code]++;
    for (size_t i = 0; i < mh_findings_kept(findings); i++) {
        const MhFinding *finding = mh_findings_get(findings, i);
        if (!is_told(findings, finding->code, least))
            continue;
        fprintf(stream, "  %s: %s: %s", mh_weight_name(mh_finding_weight(finding->code)), where,
                mh_finding_text(finding->code));
        if (finding->detail != NULL)
            fprintf(stream, ": %s", finding->detail);
        if (finding->message != 0)
            fprintf(stream, " (message %u)", finding->message);
        if (finding->has_offset)
            fprintf(stream, " at %" G_GUINT64_FORMAT, (guint64)finding->offset);
        uint64_t count = mh_findings_count(findings, finding->code);
        if (count > kept[finding->code] && !told[finding->code])
            fprintf(stream, " [the first of %" G_GUINT64_FORMAT "]", (guint64)count);
        told[finding->code] = true;
        fprintf(stream, "\n");
    }
}

void
mh_text_errors(const MhAccountOutcome *outcome, FILE *errors)
{
    if (outcome->error != NULL)
        fprintf(errors, "mailhaul: %s: %s\n", outcome->user, outcome->error);
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        if (mailbox->done == MH_DONE_FAILED)
            fprintf(errors, "mailhaul: %s: %s (%s): %s\n", outcome->user, mailbox->source,
                    mailbox->path, mailbox->error);
    }
}

void
mh_outcome_text(const MhAccountOutcome *outcome, MhTextDetail detail, FILE *out, FILE *errors)
{
    static const MhWeight least[] = {[MH_TEXT_QUIET] = MH_WEIGHT_LOSS,
                                     [MH_TEXT_NORMAL] = MH_WEIGHT_REPAIRED,
                                     [MH_TEXT_VERBOSE] = MH_WEIGHT_NOTE};
    if (detail != MH_TEXT_QUIET || mh_account_outcome_weigh(outcome, MH_WEIGHT_LOSS) > 0)
        print_account_line(outcome, out);
    mh_text_findings(outcome->user, outcome->findings, least[detail], out);
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        if (detail == MH_TEXT_VERBOSE)
            print_mailbox_line(mailbox, out);
        mh_text_findings(mailbox->source, mailbox->findings, least[detail], out);
    }
    for (guint i = 0; detail == MH_TEXT_VERBOSE && i < outcome->not_mail->len; i++) {
        const MhNotMail *item = outcome->not_mail->pdata[i];
        fprintf(out, "  not mail: %s: %s\n", item->path, item->reason);
    }
    fflush(out);
    mh_text_errors(outcome, errors);
}
