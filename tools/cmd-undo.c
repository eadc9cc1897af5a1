/* cmd-undo: takes a test migration back out of the target. */
#include "run-accounts.h"

int
mh_cmd_undo(const MhCommandContext *context, GError **error)
{
    return mh_run_accounts(context, MH_TASK_UNDO, error);
}
