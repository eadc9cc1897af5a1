#include "haul-private.h"

#include "empty-source.h"
#include "maildir/maildir-lock.h"
#include "printable.h"
#include "stopping.h"

#include <string.h>
#include <unistd.h>

/* Names the mail that is not ours and stays. */
static void
name_foreign(const MhGone *gone, MhMailboxOutcome *outcome)
{
    g_autofree char *directory = mh_printable_string(gone->directory);
    for (guint i = 0; i < gone->foreign_names->len; i++)
        mh_findings_add(outcome->findings, MH_FINDING_FOREIGN_STAYS, "'%s/%s'", directory,
                        (const char *)gone->foreign_names->pdata[i]);
    if (gone->foreign > gone->foreign_names->len)
        mh_findings_add_count(outcome->findings, MH_FINDING_FOREIGN_STAYS,
                              gone->foreign - gone->foreign_names->len);
}

/* What was carried into the folder goes, whatever else is there stays. */
void
mh_haul_empty_folder(MhHaul *haul, const MhGone *gone)
{
    g_autoptr(GError) error = NULL;
    MhCarrySource source = {.open = mh_empty_source_open};
    MhHaulPending *pending = g_new0(MhHaulPending, 1);
    pending->gone = gone;
    pending->outcome = mh_mailbox_outcome_new();
    pending->outcome->target = mh_printable_string(gone->directory);
    pending->outcome->source = strcmp(gone->directory, ".") == 0
                                   ? g_strdup("INBOX")
                                   : g_strdup(pending->outcome->target + 1);
    pending->outcome->path = g_build_filename(haul->tree->path, pending->outcome->target, NULL);
    pending->outcome->format = g_strdup("maildir");
    pending->outcome->done = MH_DONE_CHANGED;
    g_ptr_array_add(haul->pending, pending);
    if (haul->job->task != MH_TASK_UNDO)
        mh_findings_add(pending->outcome->findings, MH_FINDING_FOLDER_GONE, "'%s'",
                        pending->outcome->target);
    name_foreign(gone, pending->outcome);
    if (!gone->exists || gone->ours + gone->stale == 0)
        return; /* only the directory is left of it */
    haul->context.carried = NULL;
    pending->carry =
        mh_carry_begin(&haul->context, gone->directory, &source, pending->outcome, &error);
    if (pending->carry != NULL)
        mh_haul_wait(haul, pending);
    else
        mh_haul_fail_mailbox(haul, pending->outcome, error);
}

/* Removes locks that a killed run has left, also where nothing is left to be done. */
bool
mh_haul_clear_locks(const MhHaul *haul, GError **error)
{
    g_autoptr(GPtrArray) folders = maildir_tree_folders(haul->tree, error);
    for (guint i = 0; folders != NULL && i < folders->len; i++) {
        int fd = mh_open_dir_links(haul->tree->fd, folders->pdata[i], MH_LINKS_REFUSE, NULL);
        if (fd < 0)
            continue;
        maildir_lock_clear_dead(fd);
        close(fd);
    }
    return folders != NULL;
}

/* Finds what has gone at the source. False with @error when it cannot be meant. */
bool
mh_haul_find_gone(MhHaul *haul, GError **error)
{
    const MhSettings *settings = haul->job->settings;
    bool alone = haul->job->part == NULL; /* else others are at work on the other folders */
    if (!haul->dry_run && alone && !mh_haul_clear_locks(haul, error))
        return false;
    if (settings->keep_expunged || mh_haul_is_late(haul) || haul->job->folders != NULL ||
        haul->survey->incomplete || haul->survey->in_place || settings->server == MH_SERVER_COURIER)
        return true;
    haul->gone = mh_gone_find(haul->tree, haul->survey, haul->findings, error);
    return haul->gone != NULL &&
           mh_gone_allowed(haul->gone, haul->survey, haul->job->memory, error);
}

void
mh_haul_empty_folders(MhHaul *haul)
{
    for (guint i = 0; haul->gone != NULL && i < haul->gone->len && !mh_stopping(); i++)
        mh_haul_empty_folder(haul, haul->gone->pdata[i]);
}
