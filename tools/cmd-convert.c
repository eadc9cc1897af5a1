/* cmd-convert: one mbox file into one Maildir. */
#include "command.h"
#include "convert.h"
#include "outcome-json.h"
#include "outcome-text.h"

#include <string.h>
#include <sys/stat.h>

int
mh_cmd_convert(const MhCommandContext *context, GError **error)
{
    const MhSettings *settings = context->settings;
    umask(0);
    MhMailboxOutcome *mailbox =
        mh_convert(settings, context->args[0], context->args[1], settings->dry_run, error);
    if (mailbox == NULL)
        return MH_EXIT_FAILED;
    g_autoptr(MhAccountOutcome) outcome = mh_account_outcome_new(mailbox->path);
    outcome->dry_run = settings->dry_run;
    g_ptr_array_add(outcome->mailboxes, mailbox);
    if (settings->json)
        mh_outcome_json(outcome);
    else
        mh_outcome_text(outcome, settings->quiet     ? MH_TEXT_QUIET
                                 : settings->verbose ? MH_TEXT_VERBOSE
                                                     : MH_TEXT_NORMAL);
    return mh_account_outcome_weigh(outcome, MH_WEIGHT_LOSS) > 0 ? MH_EXIT_LOSS : MH_EXIT_DONE;
}
