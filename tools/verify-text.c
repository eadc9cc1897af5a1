#include "verify-text.h"

/* How many differences an account shows. */
#define SHOWN_MAX 10

static void
print_account_line(const MhAccountOutcome *outcome)
{
    static const char *const words[] = {[MH_DIFFERENCE_NOTE] = "noted",
                                        [MH_DIFFERENCE_TARGET] = "changed at the target",
                                        [MH_DIFFERENCE_NEWER] = "newer at the source",
                                        [MH_DIFFERENCE_LOSS] = "lost as reported",
                                        [MH_DIFFERENCE_DAMAGE] = "DAMAGED"};
    uint64_t messages = 0, same = 0, foreign = 0;
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        messages += mailbox->messages;
        same += mailbox->unchanged;
        foreign += mailbox->foreign;
    }
    g_autofree char *mailboxes = mh_text_count(outcome->mailboxes->len, "mailbox");
    g_autofree char *count = mh_text_count(messages, "message");
    printf("%s: %s, %s, %" G_GUINT64_FORMAT " the same", outcome->user, mailboxes, count,
           (guint64)same);
    for (int class = MH_DIFFERENCE_DAMAGE; class > MH_DIFFERENCE_NOTE; class --) {
        if (outcome->differences->counts[class] > 0)
            printf(", %" G_GUINT64_FORMAT " %s", (guint64)outcome->differences->counts[class],
                   words[class]);
    }
    if (foreign > 0)
        printf(", %" G_GUINT64_FORMAT " of the new server's own", (guint64)foreign);
    printf("%s\n", mh_account_outcome_failed(outcome) ? ", not all could be compared" : "");
}

static void
print_difference(const MhDifference *difference)
{
    printf("  %s:", mh_difference_class_name(difference->class));
    if (difference->mailbox != NULL)
        printf(" %s:", difference->mailbox);
    if (difference->message != 0)
        printf(" message %u", difference->message);
    if (difference->uid != 0)
        printf("%sUID %u%s", difference->message != 0 ? " (" : " ", difference->uid,
               difference->message != 0 ? ")" : "");
    printf("%s %s", difference->message != 0 || difference->uid != 0 ? ":" : "",
           mh_difference_text(difference->code));
    if (difference->detail != NULL)
        printf(": %s", difference->detail);
    printf("\n");
}

/* The worst first, so that damage is never behind what is harmless. */
static void
print_differences(const MhDifferences *differences, MhTextDetail detail)
{
    MhDifferenceClass least = detail == MH_TEXT_QUIET    ? MH_DIFFERENCE_LOSS
                              : detail == MH_TEXT_NORMAL ? MH_DIFFERENCE_TARGET
                                                         : MH_DIFFERENCE_NOTE;
    uint64_t shown = 0, total = 0;
    for (int class = MH_DIFFERENCE_DAMAGE; class >= (int)least; class --) {
        total += differences->counts[class];
        for (guint i = 0; i < differences->kept->len; i++) {
            const MhDifference *difference = differences->kept->pdata[i];
            if ((int)difference->class != class ||
                (shown >= SHOWN_MAX && detail != MH_TEXT_VERBOSE))
                continue;
            print_difference(difference);
            shown++;
        }
    }
    if (total > shown)
        printf("  and %" G_GUINT64_FORMAT " more; --json lists all\n", (guint64)(total - shown));
}

/* What the source could not give, which migrate has said before. */
static void
print_findings(const MhAccountOutcome *outcome, MhTextDetail detail)
{
    MhWeight least = detail == MH_TEXT_VERBOSE ? MH_WEIGHT_NOTE : MH_WEIGHT_LOSS;
    mh_text_findings(outcome->user, outcome->findings, least, stdout);
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        mh_text_findings(mailbox->source, mailbox->findings, least, stdout);
    }
}

void
mh_verify_text(const MhAccountOutcome *outcome, MhTextDetail detail)
{
    const uint64_t *counts = outcome->differences->counts;
    if (detail != MH_TEXT_QUIET || counts[MH_DIFFERENCE_LOSS] + counts[MH_DIFFERENCE_DAMAGE] > 0 ||
        mh_account_outcome_weigh(outcome, MH_WEIGHT_LOSS) > 0)
        print_account_line(outcome);
    print_differences(outcome->differences, detail);
    print_findings(outcome, detail);
    fflush(stdout);
    mh_text_errors(outcome, stderr);
}
