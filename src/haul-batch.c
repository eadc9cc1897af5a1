#include "haul-private.h"

#include "account-state.h"
#include "channel.h"
#include "maildir/maildir-removal.h"
#include "printable.h"
#include "remember.h"
#include "uidl-listing.h"
#include "stopping.h"
#include "time-text.h"

#include <errno.h>
#include <string.h>

/* A batch is put in place when it holds this much: what a kill can cost, and what waits in
 * memory. */
#define BATCH_MESSAGES 50000
#define BATCH_BYTES    (4ULL << 30)
/* Progress is told this often. */
#define PROGRESS_BYTES (1u << 20)

void
mh_haul_pending_free(gpointer item)
{
    MhHaulPending *pending = item;
    mh_carry_free(pending->carry);
    mh_carry_free(pending->done);
    mh_mailbox_outcome_free(pending->outcome);
    g_free(pending);
}

static void
tell_progress(MhHaul *haul)
{
    if (haul->untold_messages > 0)
        mh_channel_send(
            haul->fd, MH_RECORD_PROGRESS,
            g_variant_new("(tt)", (guint64)haul->untold_messages, (guint64)haul->untold_bytes));
    haul->untold_messages = haul->untold_bytes = 0;
}

/* Called for every message that was written. */
bool
mh_haul_message_written(uint64_t bytes, void *user)
{
    MhHaul *haul = user;
    mh_pace_spend(haul->job->pace, bytes);
    haul->untold_messages++;
    haul->untold_bytes += bytes;
    if (haul->untold_bytes >= PROGRESS_BYTES || haul->untold_messages >= 1000)
        tell_progress(haul);
    return !mh_stopping();
}

bool
mh_haul_is_late(const MhHaul *haul)
{
    return haul->job->settings->late;
}

/* Is the target's file system, or the account's share of it, used up? */
static bool
is_full(const GError *error)
{
    return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ||
           g_str_has_suffix(error->message, g_strerror(EDQUOT));
}

/* What the admin reads: the error, and what to do about a disk that is full. g_free(). */
char *
mh_haul_describe(const MhHaul *haul, const GError *error)
{
    if (haul->tree == NULL || !is_full(error))
        return g_strdup(error->message);
    return g_strdup_printf("%s; make room for '%s' (bytes or inodes), then run again to continue",
                           error->message, haul->tree->path);
}

void
mh_haul_fail_mailbox(MhHaul *haul, MhMailboxOutcome *outcome, const GError *error)
{
    haul->failed = true;
    outcome->done = MH_DONE_FAILED;
    g_free(outcome->error);
    outcome->error = mh_haul_describe(haul, error);
}

/* Sends what is to be remembered of a mailbox that is in place and durable. Its carry is done with:
 * a large one makes room for what is sent. */
static void
remember_mailbox(const MhHaul *haul, MhHaulPending *pending)
{
    MhCarry *carry = pending->carry != NULL ? pending->carry : pending->done;
    if (pending->outcome->done == MH_DONE_FAILED || pending->mailbox == NULL || haul->dry_run)
        return;
    MhMailboxMemory *memory = NULL;
    if (carry != NULL)
        mh_carry_rest(carry);
    if (pending->unchanged)
        memory = mh_remember_same(haul->job, pending->mailbox);
    else if (carry != NULL)
        memory = mh_remember_mailbox(haul->survey, haul->maildir, pending->mailbox, carry,
                                     pending->changed,
                                     haul->tree->options.sync_batches &&
                                         !mh_remember_unreadable(pending->outcome->findings));
    g_clear_pointer(&pending->carry, mh_carry_free);
    g_clear_pointer(&pending->done, mh_carry_free);
    mh_remember_send_mailbox(haul->fd, memory);
}

/* Where the folder is below the target's root. */
static const char *
directory_of(const MhSurveyMailbox *mailbox)
{
    return mailbox->directory != NULL ? mailbox->directory : mailbox->target;
}

typedef struct {
    const MhHaul *haul;
    const char *mailbox; /* as clients of the new server name it */
    const char *guid;    /* "" where the name will do */
} LateKeywords;

static void
tell_keyword(const char *keyword, const char *uids, void *user)
{
    const LateKeywords *late = user;
    mh_channel_send(late->haul->fd, MH_RECORD_KEYWORD,
                    g_variant_new("(ssss)", late->mailbox, late->guid, keyword, uids));
}

/* Once the UIDs stand. */
static void
tell_keywords(const MhHaul *haul, const MhHaulPending *pending)
{
    const MhCarry *carry = pending->carry != NULL ? pending->carry : pending->done;
    if (carry == NULL || pending->mailbox == NULL || pending->outcome->done == MH_DONE_FAILED ||
        haul->dry_run || haul->job->settings->server != MH_SERVER_DOVECOT)
        return;
    g_autofree char *name = mh_survey_mailbox_new_name(haul->survey, pending->mailbox);
    g_autofree char *guid = mh_late_keyword_by_name(name)
                                ? g_strdup("")
                                : maildir_folder_guid(haul->tree, directory_of(pending->mailbox));
    LateKeywords late = {haul, name, guid};
    if (guid != NULL) /* else the finding stands alone */
        mh_carry_late_keywords(carry, tell_keyword, &late);
}

/* A folder of our own that has become empty goes. */
static bool
retire(MhHaul *haul, const MhGone *gone, GError **error)
{
    bool removed = false, is_root = strcmp(gone->directory, ".") == 0;
    if (!gone->made_here || gone->foreign > 0 || (is_root && haul->job->task != MH_TASK_UNDO))
        return true;
    if (!maildir_removal_remove(haul->tree, gone->directory, &removed, error))
        return false;
    if (removed && !is_root)
        g_ptr_array_add(haul->removed, g_strdup(gone->directory + 1));
    return true;
}

static void
commit_pending(MhHaul *haul, MhHaulPending *pending)
{
    g_autoptr(GError) error = NULL;
    if (pending->carry != NULL && !mh_carry_commit(pending->carry, &error)) {
        mh_haul_fail_mailbox(haul, pending->outcome, error);
        return;
    }
    if (pending->gone != NULL && !haul->dry_run && !retire(haul, pending->gone, &error))
        mh_haul_fail_mailbox(haul, pending->outcome, error);
}

static void
report_pending(MhHaul *haul, MhHaulPending *pending)
{
    mh_channel_send(haul->fd, MH_RECORD_MAILBOX, mh_mailbox_outcome_to_variant(pending->outcome));
    tell_keywords(haul, pending);
    remember_mailbox(haul, pending);
}

/* Is something of it to be durable before it is reported? What is in place already was put there by
 * a run that may have been killed before it had made it so. */
static bool
is_to_be_durable(const MhHaul *haul, const MhHaulPending *pending)
{
    return !haul->dry_run &&
           (pending->carry != NULL || pending->done != NULL || pending->gone != NULL);
}

/* Makes what is pending durable, puts it in place, makes that durable, and only then reports it. */
void
mh_haul_flush(MhHaul *haul)
{
    g_autoptr(GError) sync_error = NULL;
    bool to_settle = false, staged = false;
    for (guint i = 0; i < haul->pending->len; i++) {
        const MhHaulPending *pending = haul->pending->pdata[i];
        to_settle |= is_to_be_durable(haul, pending);
        staged |= pending->carry != NULL && mh_carry_is_staged(pending->carry);
    }
    bool durable = !staged || maildir_tree_sync(haul->tree, &sync_error);
    for (guint i = 0; i < haul->pending->len; i++) {
        MhHaulPending *pending = haul->pending->pdata[i];
        if (durable)
            commit_pending(haul, pending);
    }
    if (haul->is_last && durable)
        maildir_tree_tidy(haul->tree, NULL); /* should it fail, the end of the run says so */
    if (to_settle && durable && !maildir_tree_sync(haul->tree, &sync_error))
        durable = false;
    for (guint i = 0; i < haul->pending->len; i++) {
        MhHaulPending *pending = haul->pending->pdata[i];
        if (!durable && is_to_be_durable(haul, pending) && pending->outcome->done != MH_DONE_FAILED)
            mh_haul_fail_mailbox(haul, pending->outcome, sync_error);
        report_pending(haul, pending);
    }
    g_ptr_array_set_size(haul->pending, 0);
    haul->pending_messages = haul->pending_bytes = 0;
    tell_progress(haul);
}

void
mh_haul_flush_last(MhHaul *haul)
{
    bool waits = false;
    for (guint i = 0; i < haul->pending->len; i++)
        waits |= is_to_be_durable(haul, haul->pending->pdata[i]);
    if (waits && haul->tree->options.sync_batches)
        mh_channel_send(haul->fd, MH_RECORD_LAST_BATCH, g_variant_new("()"));
    haul->is_last = !haul->dry_run;
    mh_haul_flush(haul);
}

static bool
give_uidls(MhMailbox *mailbox, MhFindings *findings, void *uidls, GError **error)
{
    (void)error;
    mh_uidl_listing_apply(uidls, mailbox, findings);
    return true;
}

static void
count_for_quota(MhHaul *haul, const MhSurveyMailbox *mailbox, const MhMailboxOutcome *outcome)
{
    if (!mh_account_state_counts(mailbox))
        return;
    haul->quota_messages += outcome->messages;
    haul->quota_bytes += outcome->bytes;
}

/* Folders were carried before, and from other directories: one that is not known need not be new.
 */
static bool
has_moved(const MhHaul *haul)
{
    const MhMemory *memory = haul->job->memory;
    bool had_folders = false, moved = memory->places->len > 0;
    for (guint i = 0; i < memory->mailboxes->len; i++) {
        const MhMailboxMemory *mailbox = memory->mailboxes->pdata[i];
        had_folders |= strcmp(mailbox->directory, ".") != 0;
    }
    for (guint i = 0; i < haul->survey->roots->len; i++) {
        const MhSurveyRoot *root = &g_array_index(haul->survey->roots, MhSurveyRoot, i);
        moved &= !root->has_folders || !mh_memory_has_place(memory, root->path);
    }
    return had_folders && moved;
}

/* Late mail can be told only where it is known what was carried before. */
static bool
recall_carried(MhHaul *haul, const MhSurveyMailbox *mailbox, GError **error)
{
    const MhMailboxMemory *known = mh_memory_find(haul->job->memory, mailbox->key);
    bool is_inbox = strcmp(mailbox->target, ".") == 0;
    haul->context.carried = NULL;
    haul->context.left = (MhUidState){0};
    if (!mh_haul_is_late(haul) ||
        (known == NULL && (is_inbox || !has_moved(haul)))) /* it is new since */
        return true;
    haul->context.carried = known != NULL ? known->carried : NULL;
    haul->context.left = known != NULL ? mh_remember_left(known) : (MhUidState){0};
    if (haul->context.carried == NULL)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "it is not known what of it was carried before: late mail cannot be told from "
                    "what was deleted");
    return haul->context.carried != NULL;
}

static MhCarry *
plan_carry(const MhHaul *haul, const MhCarryContext *context, const MhSurveyMailbox *mailbox,
           MhMailboxOutcome *outcome, GError **error)
{
    bool is_inbox = strcmp(mailbox->target, ".") == 0;
    MhCarrySource source = {.open = mailbox->open,
                            .open_user = mailbox->data,
                            .read = is_inbox && haul->uidls != NULL ? give_uidls : NULL,
                            .read_user = haul->uidls};
    return mh_carry_begin(context, directory_of(mailbox), &source, outcome, error);
}

bool
mh_haul_is_settled(const MhHaul *haul, const MhSurveyMailbox *mailbox)
{
    MhCarryContext context = haul->context;
    MhMailboxOutcome *outcome = mh_mailbox_outcome_new();
    context.dry_run = true;
    g_autoptr(MhCarry) carry = plan_carry(haul, &context, mailbox, outcome, NULL);
    bool settled = carry != NULL && outcome->done == MH_DONE_UP_TO_DATE;
    mh_mailbox_outcome_free(outcome);
    return settled;
}

static bool
begin_carry(MhHaul *haul, const MhSurveyMailbox *mailbox, MhHaulPending *pending, GError **error)
{
    if (!recall_carried(haul, mailbox, error))
        return false;
    pending->carry = plan_carry(haul, &haul->context, mailbox, pending->outcome, error);
    if (pending->carry == NULL)
        return false;
    count_for_quota(haul, mailbox, pending->outcome);
    return true;
}

/* The carry has been begun: it waits for the batch, or there is nothing to be done. */
void
mh_haul_wait(MhHaul *haul, MhHaulPending *pending)
{
    g_autoptr(GError) error = NULL;
    pending->changed = pending->carry != NULL && mh_carry_has_work(pending->carry);
    if (haul->dry_run || !pending->changed)
        pending->done = g_steal_pointer(&pending->carry);
    if (pending->done != NULL && !mh_carry_is_whole(pending->done, &error))
        mh_haul_fail_mailbox(haul, pending->outcome, error);
    haul->pending_messages += pending->outcome->messages;
    haul->pending_bytes += pending->outcome->delivered_bytes;
    if (haul->pending_messages >= BATCH_MESSAGES || haul->pending_bytes >= BATCH_BYTES)
        mh_haul_flush(haul);
}

/* What was changed less than this before a check is likely to change again. */
#define ACTIVE_S 60
/* And what is dated this far ahead was written by another clock. */
#define AHEAD_S 600
#define NS_S    INT64_C(1000000000)

/* When it was last written to tells what is going on there, and whether two clocks agree. */
static void
tell_if_active(const MhHaul *haul, const MhSurveyMailbox *mailbox, MhFindings *findings)
{
    int64_t begun = haul->job->now, now = g_get_real_time() / G_USEC_PER_SEC, last_ns = 0;
    if (haul->job->task != MH_TASK_CHECK)
        return;
    for (guint i = 0; i < mailbox->stamps->len; i++)
        last_ns = MAX(last_ns, g_array_index(mailbox->stamps, MhStamp, i).mtime_ns);
    if (last_ns > (now + AHEAD_S) * NS_S) {
        g_autofree char *when = mh_time_text(last_ns / NS_S);
        mh_findings_add(findings, MH_FINDING_SOURCE_AHEAD, "'%s': %s", mailbox->path, when);
    } else if (last_ns > (begun - ACTIVE_S) * NS_S) {
        mh_findings_add(findings, MH_FINDING_SOURCE_ACTIVE, "'%s'", mailbox->path);
    }
}

void
mh_haul_carry_mailbox(MhHaul *haul, MhSurveyMailbox *mailbox)
{
    g_autoptr(GError) error = NULL;
    MhHaulPending *pending = g_new0(MhHaulPending, 1);
    pending->outcome = mh_mailbox_outcome_new();
    pending->mailbox = mailbox;
    pending->outcome->source = mh_survey_mailbox_name(mailbox);
    pending->outcome->path = g_strdup(mailbox->path);
    pending->outcome->target = mh_printable_string(mailbox->target);
    g_autofree char *name = mh_survey_mailbox_new_name(haul->survey, mailbox);
    pending->outcome->name = mh_printable_string(name);
    pending->outcome->renamed = mh_survey_mailbox_is_renamed(haul->survey, mailbox);
    pending->outcome->name_map = g_strdup(mailbox->name_map);
    pending->outcome->format = g_strdup(haul->survey->format);
    g_ptr_array_add(haul->pending, pending);
    tell_if_active(haul, mailbox, pending->outcome->findings);
    if (mailbox->error != NULL) {
        g_set_error_literal(&error, G_FILE_ERROR, G_FILE_ERROR_FAILED, mailbox->error);
        mh_haul_fail_mailbox(haul, pending->outcome, error);
        return;
    }
    pending->unchanged = mh_remember_unchanged(haul->job, haul->tree, mailbox, pending->outcome);
    if (pending->unchanged) {
        count_for_quota(haul, mailbox, pending->outcome);
        return;
    }
    if (begin_carry(haul, mailbox, pending, &error))
        mh_haul_wait(haul, pending);
    else
        mh_haul_fail_mailbox(haul, pending->outcome, error);
}
