/* The part of undo that is about a Maildir which was converted where it stands: names go back,
 * state files go, no message is touched. */
#include "haul-private.h"

#include "channel.h"
#include "courier-account.h"
#include "in-place.h"
#include "maildir/maildir-lock.h"
#include "maildir/maildir-restore.h"
#include "printable.h"
#include "stopping.h"
#include "subscribe.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The target is looked at as the Courier Maildir that it is, whatever --inbox says. */
static bool
survey_target(MhHaul *haul, GError **error)
{
    MhJob job = *haul->job;
    haul->of_undo.inbox = haul->of_undo.maildir;
    job.settings = &haul->of_undo;
    job.folders = NULL;
    haul->survey = mh_courier_account_survey(&job, haul->account, haul->tree, NULL, error);
    return haul->survey != NULL;
}

/* What has come since stays, and is named; keywords that were set since are Dovecot's alone. */
static void
look_at_messages(const MaildirFolder *folder, const MaildirOldNames *names,
                 MhMailboxOutcome *outcome)
{
    size_t keywords = 0;
    for (guint i = 0; i < folder->index.messages->len; i++) {
        const MhTargetMessage *message = mh_target_index_get(&folder->index, i);
        g_autofree char *path = g_strconcat(message->is_new ? "new/" : "cur/",
                                            maildir_folder_file(folder, message), NULL);
        if (maildir_old_names_knows(names, path))
            continue;
        keywords += message->letters != 0 && message->letters != message->carried_letters;
        if (message->ours || folder->list_stamp.inode == 0) /* the conversion was killed */
            continue;
        outcome->foreign++;
        g_autofree char *shown = mh_printable_string(path);
        mh_findings_add(outcome->findings, MH_FINDING_FOREIGN_STAYS, "'%s/%s'", outcome->target,
                        shown);
    }
    outcome->messages = folder->index.messages->len;
    if (keywords > 0)
        mh_findings_add(outcome->findings, MH_FINDING_KEYWORDS_NOT_TAKEN_BACK, "%zu messages",
                        keywords);
}

/* An access list at the target is ours when it says what the source's does. */
static bool
can_judge_acl(const MhSurveyMailbox *mailbox, int fd, GError **error)
{
    bool there;
    if (!mailbox->acl_unread)
        return true;
    if (!mh_look_for(fd, "dovecot-acl", &there, error))
        return false;
    if (!there)
        return true;
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                        "the access list of Courier's cannot be read, so it is not known whether "
                        "'dovecot-acl' is to go; remove one of them and run again");
    return false;
}

/* The folder's lock is held, or this is a dry run. */
static bool
restore_locked(const MhHaul *haul, const MhSurveyMailbox *mailbox, int fd,
               MhMailboxOutcome *outcome, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(MaildirOldNames) names = maildir_old_names_load(fd, &failure);
    size_t renamed = 0;
    if (!can_judge_acl(mailbox, fd, error))
        return false;
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (names == NULL) /* it has never been converted, or a killed run was here */
        return haul->dry_run || maildir_restore_rest(fd, mailbox->acl, error);
    g_autoptr(MaildirFolder) folder =
        maildir_folder_read(haul->tree, mailbox->directory, NULL, error);
    if (folder == NULL)
        return false;
    look_at_messages(folder, names, outcome);
    if (!maildir_restore_names(folder, names, haul->dry_run, &renamed, error))
        return false;
    outcome->retagged = renamed;
    outcome->unchanged = outcome->messages - renamed;
    outcome->done = MH_DONE_CHANGED;
    return haul->dry_run || maildir_restore_state(fd, mailbox->acl, error);
}

static bool
restore_folder(const MhHaul *haul, const MhSurveyMailbox *mailbox, MhMailboxOutcome *outcome,
               GError **error)
{
    int fd = mh_open_dir_links(haul->tree->fd, mailbox->directory, MH_LINKS_REFUSE, error);
    if (fd < 0)
        return false;
    bool good = true;
    if (!haul->dry_run) {
        maildir_lock_clear_dead(fd);
        good = maildir_tree_lock(haul->tree, fd, error);
    }
    if (good) {
        good = restore_locked(haul, mailbox, fd, outcome, error);
        good = (haul->dry_run || maildir_lock_release(fd, good ? error : NULL)) && good;
    }
    close(fd);
    return good;
}

/* What Courier calls the directory, as it is called in the end; printable. */
static char *
courier_directory(const MhSurveyMailbox *mailbox)
{
    g_autofree char *directory = g_strconcat(".", mailbox->key, NULL);
    return mh_printable_string(directory);
}

static void
restore_mailbox(MhHaul *haul, const MhSurveyMailbox *mailbox)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MhMailboxOutcome) outcome = mh_mailbox_outcome_new();
    outcome->source = mh_survey_mailbox_name(mailbox);
    outcome->path = g_strdup(mailbox->path);
    outcome->target = courier_directory(mailbox);
    outcome->format = g_strdup("courier");
    if (!restore_folder(haul, mailbox, outcome, &error))
        mh_haul_fail_mailbox(haul, outcome, error);
    mh_channel_send(haul->fd, MH_RECORD_MAILBOX, mh_mailbox_outcome_to_variant(outcome));
}

/* The subscriptions that were carried: where nothing is remembered, those of Courier's list. False
 * with @error when that cannot be read, and there are some. */
static bool
find_subscribed(const MhHaul *haul, const GPtrArray **out_subscribed, GError **error)
{
    const MhMemory *memory = haul->job->memory;
    bool known = memory != NULL && memory->subscriptions != NULL, there;
    *out_subscribed = known ? memory->subscriptions : haul->survey->subscriptions;
    if (known || !haul->survey->subscriptions_unread)
        return true;
    if (!mh_look_for(haul->tree->fd, "subscriptions", &there, error))
        return false;
    if (!there)
        return true;
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                        "Courier's list of subscriptions cannot be read, so it is not known what "
                        "of 'subscriptions' is to go; remove one of them and run again");
    return false;
}

/* What stands in the root alone; the names of folders go back last, with the record of them, when
 * it is durable that the folders have none of theirs. */
static bool
restore_root(MhHaul *haul, GError **error)
{
    const GPtrArray *subscribed;
    if (!find_subscribed(haul, &subscribed, error))
        return false;
    mh_findings_add(haul->findings, MH_FINDING_GIVEN_BACK, "'%s'", haul->tree->path);
    return mh_unsubscribe(haul->tree, subscribed, NULL, haul->dry_run, error) &&
           (haul->dry_run ||
            (maildir_restore_root(haul->tree->fd, error) &&
             maildir_tree_finish(haul->tree, error) && mh_haul_settle(haul, error) &&
             mh_in_place_restore(haul->tree, error)));
}

bool
mh_haul_restore(MhHaul *haul, GError **error)
{
    if (!survey_target(haul, error))
        return false;
    for (guint i = 0; i < haul->survey->mailboxes->len && !mh_stopping(); i++)
        restore_mailbox(haul, haul->survey->mailboxes->pdata[i]);
    return haul->failed || mh_stopping() || restore_root(haul, error);
}
