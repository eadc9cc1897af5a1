/* maildir-work: what is carried out in one folder: a plan, and both sides that it was made of. */
#pragma once

#include "maildir-folder.h"
#include "mailbox.h"
#include "sync.h"

typedef struct {
    const MaildirFolder *folder; /* as it was when the plan was made */
    const MhMailbox *mailbox;
    const MhSyncPlan *plan;
    const uint32_t *set_letters;
    const MaildirKeywords *keywords; /* as they shall be */
    bool in_place; /* the folder is the source: no file comes or goes, names may change */
    MaildirUidlistSource source; /* what the list shall say of it */
} MaildirWork;

/* Does the list tell of another state of the source now? */
static inline bool
maildir_work_is_dated(const MaildirWork *work)
{
    const MaildirUidlist *list = work->folder->uidlist;
    if (list == NULL)
        return false;
    MaildirUidlistSource said = maildir_uidlist_source(list);
    return said.changed_ns != work->source.changed_ns || said.uidnext != work->source.uidnext ||
           said.reordered != work->source.reordered;
}

static inline const MhSyncLine *
maildir_work_line(const MaildirWork *work, guint i)
{
    return &g_array_index(work->plan->lines, MhSyncLine, i);
}

/* The message at the source that a line is for; NULL: only the target has it. */
static inline const MhMessage *
maildir_work_message(const MaildirWork *work, const MhSyncLine *line)
{
    return line->source != 0 ? mh_mailbox_get(work->mailbox, line->source - 1) : NULL;
}

/* The file at the target that a line is for; NULL: it is to be delivered. */
static inline const MhTargetMessage *
maildir_work_file(const MaildirWork *work, const MhSyncLine *line)
{
    return line->target != 0 ? mh_target_index_get(&work->folder->index, line->target - 1) : NULL;
}
