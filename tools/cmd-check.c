/* cmd-check: says what a migration would do; writes nothing. */
#include "run-accounts.h"

int
mh_cmd_check(const MhCommandContext *context, GError **error)
{
    return mh_run_accounts(context, MH_TASK_CHECK, error);
}
