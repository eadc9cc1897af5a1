/* cmd-migrate: carries the mail over; run again it brings the target up to date. */
#include "run-accounts.h"

int
mh_cmd_migrate(const MhCommandContext *context, GError **error)
{
    return mh_run_accounts(context, context->settings->dry_run ? MH_TASK_CHECK : MH_TASK_MIGRATE,
                           error);
}
