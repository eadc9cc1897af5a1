/* cmd-convert: one mbox file or Courier Maildir into one Maildir. */
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
    g_autoptr(MhAccountOutcome) outcome =
        mh_convert(settings, context->args[0], context->args[1], error);
    if (outcome == NULL)
        return MH_EXIT_FAILED;
    if (settings->json)
        mh_outcome_json(outcome);
    else
        mh_outcome_text(outcome,
                        settings->quiet     ? MH_TEXT_QUIET
                        : settings->verbose ? MH_TEXT_VERBOSE
                                            : MH_TEXT_NORMAL,
                        stdout, stderr);
    if (mh_account_outcome_failed(outcome))
        return MH_EXIT_FAILED;
    return mh_account_outcome_weigh(outcome, MH_WEIGHT_LOSS) > 0 ? MH_EXIT_LOSS : MH_EXIT_DONE;
}
