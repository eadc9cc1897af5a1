/* cmd-verify: compares targets with their sources; writes nothing. */
#include "run-accounts.h"

int
mh_cmd_verify(const MhCommandContext *context, GError **error)
{
    return mh_run_accounts(context, MH_TASK_VERIFY, error);
}
