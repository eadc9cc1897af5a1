/* job: what a run is asked to do, resolved from settings, and the same for every account. */
#pragma once

#include "account.h"
#include "folder-list.h"
#include "maildir/maildir-tree.h"
#include "memory.h"
#include "name-map.h"
#include "pace.h"
#include "settings.h"

typedef enum {
    MH_TASK_CHECK,   /* survey, plan and compare; write nothing */
    MH_TASK_MIGRATE, /* carry the mail over */
    MH_TASK_UNDO,    /* take it out again; with --dry-run nothing is written */
    MH_TASK_VERIFY,  /* compare both sides, read afresh; write nothing */
} MhTask;

typedef struct {
    const MhSettings *settings;
    MhTask task;
    bool has_owner; /* --owner: the target belongs to these, not to the account */
    uid_t owner_uid;
    gid_t owner_gid;
    MhPace *pace;                /* --max-rate, of all workers together; NULL: as fast as it goes */
    int64_t now;                 /* when the run began, seconds since 1970 */
    const MhNameMap *names;      /* --name-map; empty without it */
    const MhFolderList *folders; /* only these folders, and INBOXes; NULL: all that are found */
    const char *settings_digest; /* of all that changes what is written: see settings-digest.h */
    const MhMemory *memory;      /* a worker's: of its account; NULL: nothing is known */
    const MaildirPart *part;     /* a worker: it does a part of its account; NULL: all of it */
    const MhMemory *fresh; /* what parts of this run have carried of it; NULL: there are none */
    uint64_t not_linked;   /* messages that they copied though they might be linked */
    bool confine;          /* a worker: before it reads it gives up what it does not need */
} MhJob;

/* Nothing is written, not even a lock beside a mailbox. */
static inline bool
mh_job_only_looks(const MhJob *job)
{
    return job->task == MH_TASK_CHECK || job->task == MH_TASK_VERIFY || job->settings->dry_run;
}
