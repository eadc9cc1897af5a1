#include "closed.h"

bool
mh_closed_holds_back(const MhJob *job, const MhMemory *memory)
{
    bool writes = job->task == MH_TASK_MIGRATE || job->task == MH_TASK_UNDO;
    return memory->closed != 0 && !job->settings->late && (writes || job->settings->dry_run);
}

bool
mh_closed_is_goal(const MhJob *job)
{
    return job->task == MH_TASK_MIGRATE && job->settings->final;
}

char *
mh_closed_error(const MhJob *job, const MhMemory *memory)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_local(memory->closed);
    g_autofree char *date = when != NULL ? g_date_time_format(when, "%Y-%m-%d %H:%M") : NULL;
    return g_strdup_printf(
        "the account was closed by its final run on %s%s; --late adds late mail, "
        "--reopen goes on as before",
        date != NULL ? date : "an unknown day",
        mh_closed_is_goal(job) ? ", and its source or the settings may have changed since" : "");
}
