#include "haul.h"

#include "account-survey.h"
#include "channel.h"
#include "empty-source.h"
#include "gone.h"
#include "maildir/maildir-removal.h"
#include "mbox-account.h"
#include "path-pattern.h"
#include "place.h"
#include "printable.h"
#include "remember.h"
#include "size-limits.h"
#include "subscribe.h"
#include "target-root.h"
#include "uidl-listing.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A batch is put in place when it holds this much: what a kill can cost, and what waits in
 * memory. */
#define BATCH_MESSAGES 50000
#define BATCH_BYTES    (4ULL << 30)
/* Progress is told this often. */
#define PROGRESS_BYTES (1u << 20)

/* One mailbox whose carry waits for the batch. */
typedef struct {
    MhCarry *carry; /* NULL: it failed, or there is nothing to commit */
    MhMailboxOutcome *outcome;
    const MhSurveyMailbox *mailbox; /* what it is from; NULL: it has gone at the source */
    const MhGone *gone;             /* ... and may be removed altogether; NULL: it has not */
    bool unchanged;                 /* it was not even opened */
    bool changed;                   /* there was something to commit */
    MhCarry *done;                  /* there was not */
} Pending;

typedef struct {
    const MhJob *job;
    const MhAccount *account;
    const GPtrArray *uidls; /* of the INBOX; NULL: none were saved */
    int fd;
    MaildirTree *tree;
    char *maildir;         /* its path */
    bool dry_run;
    MhSettings of_undo;    /* as settings, but everything carried goes */
    GPtrArray *gone;       /* of MhGone */
    bool root_left;        /* undo: the root directory that we made is for root to remove */
    bool subscribed;       /* what the source subscribes stands at the target */
    GPtrArray *removed;    /* of char *: folders that were removed, without their first dot */
    MhCarryContext context;
    MhAccountSurvey *survey;
    MhFindings *findings;
    GPtrArray *pending; /* of Pending */
    uint64_t pending_messages, pending_bytes;
    uint64_t untold_messages, untold_bytes;
    bool failed; /* something was not done */
} Haul;

static void
pending_free(gpointer item)
{
    Pending *pending = item;
    mh_carry_free(pending->carry);
    mh_carry_free(pending->done);
    mh_mailbox_outcome_free(pending->outcome);
    g_free(pending);
}

static void
tell_progress(Haul *haul)
{
    if (haul->untold_messages > 0)
        mh_channel_send(
            haul->fd, MH_RECORD_PROGRESS,
            g_variant_new("(tt)", (guint64)haul->untold_messages, (guint64)haul->untold_bytes));
    haul->untold_messages = haul->untold_bytes = 0;
}

/* Called for every message that was written. */
static bool
message_written(uint64_t bytes, void *user)
{
    Haul *haul = user;
    mh_pace_spend(haul->job->pace, bytes);
    haul->untold_messages++;
    haul->untold_bytes += bytes;
    if (haul->untold_bytes >= PROGRESS_BYTES || haul->untold_messages >= 1000)
        tell_progress(haul);
    return !mh_worker_stopping();
}

static bool
is_late(const Haul *haul)
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
static char *
describe(const Haul *haul, const GError *error)
{
    if (haul->tree == NULL || !is_full(error))
        return g_strdup(error->message);
    return g_strdup_printf("%s; make room for '%s' (bytes or inodes), then run again to continue",
                           error->message, haul->tree->path);
}

static void
fail_mailbox(Haul *haul, MhMailboxOutcome *outcome, const GError *error)
{
    haul->failed = true;
    outcome->done = MH_DONE_FAILED;
    g_free(outcome->error);
    outcome->error = describe(haul, error);
}

/* Sends what is to be remembered of a mailbox that is in place and durable. */
static void
remember_mailbox(const Haul *haul, const Pending *pending)
{
    const MhCarry *carry = pending->carry != NULL ? pending->carry : pending->done;
    if (pending->outcome->done == MH_DONE_FAILED || pending->mailbox == NULL || haul->dry_run)
        return;
    MhMailboxMemory *memory = NULL;
    if (pending->unchanged)
        memory = mh_remember_same(haul->job, pending->mailbox);
    else if (carry != NULL)
        memory = mh_remember_mailbox(haul->survey, haul->maildir, pending->mailbox, carry,
                                     pending->changed, haul->tree->options.sync_batches);
    mh_remember_send_mailbox(haul->fd, memory);
}

/* A folder of our own that has become empty goes. */
static bool
retire(Haul *haul, const MhGone *gone, GError **error)
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
commit_pending(Haul *haul, Pending *pending)
{
    g_autoptr(GError) error = NULL;
    if (pending->carry != NULL && !mh_carry_commit(pending->carry, &error)) {
        fail_mailbox(haul, pending->outcome, error);
        return;
    }
    if (pending->gone != NULL && !haul->dry_run && !retire(haul, pending->gone, &error))
        fail_mailbox(haul, pending->outcome, error);
}

/* Makes what is pending durable, puts it in place, makes that durable, and only then reports it. */
static void
flush_batch(Haul *haul)
{
    g_autoptr(GError) sync_error = NULL;
    bool to_commit = false;
    for (guint i = 0; i < haul->pending->len; i++)
        to_commit |= ((Pending *)haul->pending->pdata[i])->carry != NULL ||
                     (((Pending *)haul->pending->pdata[i])->gone != NULL && !haul->dry_run);
    bool durable = !to_commit || maildir_tree_sync(haul->tree, &sync_error);
    for (guint i = 0; i < haul->pending->len; i++) {
        Pending *pending = haul->pending->pdata[i];
        if (durable)
            commit_pending(haul, pending);
        else if (pending->carry != NULL)
            fail_mailbox(haul, pending->outcome, sync_error);
    }
    if (to_commit && durable && !maildir_tree_sync(haul->tree, &sync_error))
        durable = false;
    for (guint i = 0; i < haul->pending->len; i++) {
        Pending *pending = haul->pending->pdata[i];
        if (!durable && pending->carry != NULL)
            fail_mailbox(haul, pending->outcome, sync_error);
        mh_channel_send(haul->fd, MH_RECORD_MAILBOX,
                        mh_mailbox_outcome_to_variant(pending->outcome));
        remember_mailbox(haul, pending);
    }
    g_ptr_array_set_size(haul->pending, 0);
    haul->pending_messages = haul->pending_bytes = 0;
    tell_progress(haul);
}

static bool
give_uidls(MhMailbox *mailbox, MhFindings *findings, void *uidls, GError **error)
{
    (void)error;
    mh_uidl_listing_apply(uidls, mailbox, findings);
    return true;
}

/* Late mail can be told only where it is known what was carried before. */
static bool
recall_carried(Haul *haul, const MhSurveyMailbox *mailbox, GError **error)
{
    const MhMailboxMemory *known = mh_memory_find(haul->job->memory, mailbox->key);
    haul->context.carried = NULL;
    if (!is_late(haul) || known == NULL) /* a folder that is new since */
        return true;
    haul->context.carried = known->carried;
    if (known->carried == NULL)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "it is not known what of it was carried before: late mail cannot be told from "
                    "what was deleted");
    return known->carried != NULL;
}

static bool
begin_carry(Haul *haul, const MhSurveyMailbox *mailbox, Pending *pending, GError **error)
{
    bool is_inbox = strcmp(mailbox->target, ".") == 0;
    MhCarrySource source = {.open = mailbox->open,
                            .open_user = mailbox->data,
                            .read = is_inbox && haul->uidls != NULL ? give_uidls : NULL,
                            .read_user = (void *)(uintptr_t)haul->uidls};
    if (!recall_carried(haul, mailbox, error))
        return false;
    pending->carry =
        mh_carry_begin(&haul->context, mailbox->target, &source, pending->outcome, error);
    return pending->carry != NULL;
}

/* The carry has been begun: it waits for the batch, or there is nothing to be done. */
static void
wait_for_batch(Haul *haul, Pending *pending)
{
    pending->changed = pending->outcome->done != MH_DONE_UP_TO_DATE;
    if (haul->dry_run || !pending->changed)
        pending->done = g_steal_pointer(&pending->carry);
    haul->pending_messages += pending->outcome->messages;
    haul->pending_bytes += pending->outcome->delivered_bytes;
    if (haul->pending_messages >= BATCH_MESSAGES || haul->pending_bytes >= BATCH_BYTES)
        flush_batch(haul);
}

static void
carry_mailbox(Haul *haul, MhSurveyMailbox *mailbox)
{
    g_autoptr(GError) error = NULL;
    Pending *pending = g_new0(Pending, 1);
    pending->outcome = mh_mailbox_outcome_new();
    pending->mailbox = mailbox;
    pending->outcome->source = mh_survey_mailbox_name(mailbox);
    pending->outcome->path = g_strdup(mailbox->path);
    pending->outcome->target = mh_printable_string(mailbox->target);
    pending->outcome->format = g_strdup(haul->survey->format);
    g_ptr_array_add(haul->pending, pending);
    if (mailbox->error != NULL) {
        g_set_error_literal(&error, G_FILE_ERROR, G_FILE_ERROR_FAILED, mailbox->error);
        fail_mailbox(haul, pending->outcome, error);
        return;
    }
    pending->unchanged =
        mh_remember_unchanged(haul->job, haul->tree, mailbox, pending->outcome);
    if (pending->unchanged)
        return;
    if (begin_carry(haul, mailbox, pending, &error))
        wait_for_batch(haul, pending);
    else
        fail_mailbox(haul, pending->outcome, error);
}

/* ---- what has gone ------------------------------------------------------------------------ */

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
static void
empty_folder(Haul *haul, const MhGone *gone)
{
    g_autoptr(GError) error = NULL;
    MhCarrySource source = {.open = mh_empty_source_open};
    Pending *pending = g_new0(Pending, 1);
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
    if (!gone->exists || gone->ours == 0)
        return; /* only the directory is left of it */
    haul->context.carried = NULL;
    pending->carry = mh_carry_begin(&haul->context, gone->directory, &source, pending->outcome,
                                    &error);
    if (pending->carry != NULL)
        wait_for_batch(haul, pending);
    else
        fail_mailbox(haul, pending->outcome, error);
}

/* Finds what has gone at the source. False with @error when it cannot be meant. */
static bool
find_gone(Haul *haul, GError **error)
{
    const MhSettings *settings = haul->job->settings;
    if (settings->keep_expunged || is_late(haul) || haul->job->folders != NULL ||
        haul->survey->incomplete)
        return true;
    haul->gone = mh_gone_find(haul->tree, haul->survey, haul->findings, error);
    return haul->gone != NULL &&
           mh_gone_allowed(haul->gone, haul->survey, haul->job->memory, error);
}

static void
empty_folders(Haul *haul)
{
    for (guint i = 0; haul->gone != NULL && i < haul->gone->len && !mh_worker_stopping(); i++)
        empty_folder(haul, haul->gone->pdata[i]);
}

/* ---- the account -------------------------------------------------------------------------- */

static bool
expand_maildir(Haul *haul, GError **error)
{
    if (haul->maildir == NULL)
        haul->maildir =
            mh_path_pattern_expand(haul->job->settings->maildir, haul->account, error);
    return haul->maildir != NULL;
}

static bool
open_tree(Haul *haul, GError **error)
{
    const MhSettings *settings = haul->job->settings;
    MaildirTreeOptions options = {.file_mode = settings->mode,
                                  .dir_mode = settings->mode | (settings->mode & 0444) >> 2,
                                  .sync_batches = settings->sync != MH_SYNC_NONE,
                                  .sync_messages = settings->sync == MH_SYNC_MESSAGE};
    g_autofree char *trusted = NULL, *rest = NULL;
    if (!expand_maildir(haul, error))
        return false;
    if (!mh_place_split(settings->maildir, haul->account, &trusted, &rest, error))
        return false;
    options.trusted = trusted;
    haul->tree = haul->dry_run
                     ? maildir_tree_open(haul->maildir, &options, error)
                     : maildir_tree_open_to_write(haul->maildir, &options, error);
    haul->context.tree = haul->tree;
    if (haul->tree != NULL && !haul->dry_run)
        haul->tree->made_root |= haul->job->target_made;
    return haul->tree != NULL;
}

static void
report_survey(Haul *haul)
{
    for (guint i = 0; i < haul->survey->not_mail->len; i++) {
        const MhNotMail *item = haul->survey->not_mail->pdata[i];
        mh_channel_send(haul->fd, MH_RECORD_NOT_MAIL,
                        g_variant_new("(ss)", item->path, item->reason));
    }
}

/* A saved listing of UIDLs is a part of what the INBOX is read from. */
static void
stamp_uidls(const Haul *haul)
{
    MhDigester digester;
    MhStamp stamp = {.device = 1};
    if (haul->uidls == NULL)
        return;
    mh_digester_init(&digester);
    for (guint i = 0; i < haul->uidls->len; i++) {
        const char *uidl = haul->uidls->pdata[i];
        mh_digester_add(&digester, mh_span(uidl, strlen(uidl) + 1));
    }
    MhDigest digest = mh_digester_finish(&digester);
    memcpy(&stamp.inode, digest.bytes, sizeof stamp.inode);
    for (guint i = 0; i < haul->survey->mailboxes->len; i++) {
        const MhSurveyMailbox *mailbox = haul->survey->mailboxes->pdata[i];
        if (strcmp(mailbox->target, ".") == 0)
            g_array_append_val(mailbox->stamps, stamp);
    }
}

static bool
survey_account(Haul *haul, GError **error)
{
    haul->survey =
        mh_mbox_account_survey(haul->job, haul->account, haul->tree, haul->findings, error);
    if (haul->survey == NULL)
        return false;
    stamp_uidls(haul);
    report_survey(haul);
    return true;
}

static bool
subscribe(Haul *haul, GError **error)
{
    const MhMemory *memory = haul->job->memory;
    bool changed;
    if (is_late(haul))
        return true;
    haul->subscribed =
        mh_subscribe(haul->tree, haul->survey, memory != NULL ? memory->subscriptions : NULL,
                     haul->job->settings->mirror, haul->dry_run, &changed, haul->findings, error);
    if (haul->subscribed && !haul->dry_run && haul->survey->watch != NULL)
        mh_watch_look(haul->survey->watch, haul->maildir, "subscriptions");
    return haul->subscribed;
}

/* Is what a mailbox is read from the same in both, to the stamp? */
static bool
is_same_mailbox(const MhSurveyMailbox *a, const MhSurveyMailbox *b)
{
    bool same = g_strcmp0(a->key, b->key) == 0 && a->stamps->len == b->stamps->len;
    for (guint i = 0; same && i < a->stamps->len; i++) {
        MhStamp x = g_array_index(a->stamps, MhStamp, i);
        MhStamp y = g_array_index(b->stamps, MhStamp, i);
        x.device = y.device = 0; /* too young to tell from before, but the two are moments apart */
        same = mh_stamp_equal(&x, &y);
    }
    return same;
}

/* After the last run: has the source changed under it? A new look tells a mailbox from a file that
 * has nothing to do with mail. */
static bool
is_final(Haul *haul, GError **error)
{
    if (!haul->job->settings->final || haul->survey->watch == NULL ||
        mh_watch_holds(haul->survey->watch, true, NULL))
        return true;
    g_autoptr(MhAccountSurvey) before = g_steal_pointer(&haul->survey);
    g_autoptr(GString) changed = g_string_new(NULL);
    MhFindings *findings = haul->findings;
    haul->findings = NULL; /* they have been told */
    bool good = survey_account(haul, error);
    haul->findings = findings;
    for (guint i = 0; good && i < haul->survey->mailboxes->len; i++) {
        const MhSurveyMailbox *mailbox = haul->survey->mailboxes->pdata[i];
        if (i >= before->mailboxes->len ||
            !is_same_mailbox(mailbox, before->mailboxes->pdata[i]))
            g_string_append_printf(changed, "%s'%s'", changed->len > 0 ? ", " : "",
                                   mailbox->path);
    }
    if (good && changed->len == 0 && haul->survey->mailboxes->len != before->mailboxes->len)
        g_string_append(changed, "a mailbox has gone");
    if (good && changed->len > 0)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                    "the source changed during the last run: %s; is the old server stopped? Run "
                    "--final again",
                    changed->str);
    return good && changed->len == 0;
}

static bool
carry_account(Haul *haul, GError **error)
{
    if (!open_tree(haul, error) || !survey_account(haul, error) || !find_gone(haul, error))
        return false;
    for (guint i = 0; i < haul->survey->mailboxes->len && !mh_worker_stopping(); i++)
        carry_mailbox(haul, haul->survey->mailboxes->pdata[i]);
    empty_folders(haul);
    flush_batch(haul);
    if (haul->dry_run)
        return mh_worker_stopping() || subscribe(haul, error);
    bool stopping = mh_worker_stopping();
    bool good = stopping || subscribe(haul, error);
    return maildir_tree_finish(haul->tree, good ? error : NULL) && good &&
           (stopping || is_final(haul, error));
}

/* ---- undo --------------------------------------------------------------------------------- */

/* The folders before the INBOX, whose directory holds them all. */
static void
take_out(Haul *haul)
{
    for (guint i = haul->gone->len; i > 0 && !mh_worker_stopping(); i--)
        empty_folder(haul, haul->gone->pdata[i - 1]);
    flush_batch(haul);
}

static bool
undo_account(Haul *haul, GError **error)
{
    const MhMemory *memory = haul->job->memory;
    struct stat st;
    if (!expand_maildir(haul, error))
        return false;
    if (lstat(haul->maildir, &st) != 0 && errno == ENOENT)
        return true;
    if (!open_tree(haul, error))
        return false;
    haul->gone = mh_gone_find(haul->tree, NULL, haul->findings, error);
    if (haul->gone == NULL)
        return false;
    take_out(haul);
    if (haul->failed || mh_worker_stopping())
        return true;
    if (!mh_unsubscribe(haul->tree, memory != NULL ? memory->subscriptions : NULL, haul->removed,
                        haul->dry_run, error))
        return false;
    if (haul->dry_run)
        return true;
    const MhGone *inbox = haul->gone->len > 0 ? haul->gone->pdata[0] : NULL;
    bool made_root = inbox != NULL && inbox->made_root;
    if (!maildir_tree_finish(haul->tree, error))
        return false;
    haul->root_left = made_root && rmdir(haul->maildir) != 0 && errno == EACCES;
    return true;
}

/* ---- both --------------------------------------------------------------------------------- */

/* What the next run shall know. */
static void
remember_account(Haul *haul, bool good)
{
    const MhMemory *before = haul->job->memory;
    bool complete = good && !haul->failed && !mh_worker_stopping();
    if (haul->dry_run)
        return;
    if (haul->job->task == MH_TASK_UNDO) {
        if (complete)
            mh_remember_send_account(haul->fd, mh_memory_new(), false, true,
                                     haul->root_left);
        return;
    }
    if (haul->survey == NULL)
        return;
    MhMemory *memory =
        mh_remember_account(haul->survey, complete && haul->tree->options.sync_batches);
    if (!good && before != NULL)
        mh_memory_copy_places(memory, before); /* nothing was found out about new ones */
    if (!haul->subscribed) {
        g_clear_pointer(&memory->subscriptions, g_ptr_array_unref);
        if (before != NULL && before->subscriptions != NULL)
            memory->subscriptions = g_ptr_array_ref(before->subscriptions);
    }
    mh_remember_send_account(haul->fd, memory, complete && haul->job->settings->final, false,
                             false);
}

static bool
do_account(Haul *haul, GError **error)
{
    haul->context = (MhCarryContext){.settings = haul->job->settings,
                                     .fresh_uidvalidity = (uint32_t)haul->job->now,
                                     .dry_run = haul->dry_run,
                                     .told = message_written,
                                     .told_user = haul};
    if (haul->job->task != MH_TASK_UNDO)
        return carry_account(haul, error);
    haul->of_undo = *haul->job->settings; /* strings stay the settings' */
    haul->of_undo.keep_expunged = haul->of_undo.mirror = haul->of_undo.late = false;
    haul->context.settings = &haul->of_undo;
    return undo_account(haul, error);
}

void
mh_haul_account(const MhJob *job, const MhAccount *account, const GPtrArray *uidls, int fd)
{
    g_autoptr(GError) error = NULL;
    Haul haul = {.job = job, .account = account, .uidls = uidls, .fd = fd};
    haul.dry_run = job->task == MH_TASK_CHECK || job->settings->dry_run;
    haul.findings = mh_findings_new();
    haul.pending = g_ptr_array_new_with_free_func(pending_free);
    haul.removed = g_ptr_array_new_with_free_func(g_free);
    bool good = do_account(&haul, &error);
    if (!good) {
        g_autofree char *text = describe(&haul, error);
        mh_channel_send(fd, MH_RECORD_ERROR, g_variant_new("(s)", text));
    }
    mh_channel_send(fd, MH_RECORD_FINDINGS, mh_findings_to_variant(haul.findings));
    remember_account(&haul, good);
    g_ptr_array_unref(haul.pending);
    g_ptr_array_unref(haul.removed);
    g_clear_pointer(&haul.gone, g_ptr_array_unref);
    mh_account_survey_free(haul.survey);
    maildir_tree_free(haul.tree);
    mh_findings_free(haul.findings);
    g_free(haul.maildir);
}

/* Root reads what is root's place, and what is the account's own: anybody can link another's file
 * into a directory of theirs. */
static bool
may_be_read(int dirfd, const struct stat *st, const MhAccount *account)
{
    return geteuid() != 0 || mh_is_roots_place(dirfd) ||
           (account->has_ids && st->st_uid == account->uid);
}

static GBytes *
read_listing(int dirfd, const char *name, const MhAccount *account, GError **error)
{
    struct stat st;
    g_autoptr(GBytes) text = mh_read_file(dirfd, name, MH_LIMIT_STATE_FILE_BYTES, &st, error);
    if (text == NULL || may_be_read(dirfd, &st, account))
        return g_steal_pointer(&text);
    mh_set_errno(error, EPERM, "it belongs to another user");
    return NULL;
}

GPtrArray *
mh_haul_read_uidls(const MhJob *job, const MhAccount *account, GError **error)
{
    if (job->settings->pop3_uidl != MH_UIDL_FILE)
        return NULL;
    g_autofree char *path = mh_path_pattern_expand(job->settings->pop3_uidl_file, account, error);
    if (path == NULL)
        return NULL;
    g_autofree char *name = NULL;
    g_autoptr(GBytes) text = NULL;
    int dirfd = mh_place_open_parent(job->settings->pop3_uidl_file, account, &name, error);
    if (dirfd >= 0)
        text = read_listing(dirfd, name, account, error);
    if (dirfd >= 0)
        close(dirfd);
    GPtrArray *uidls = text != NULL ? mh_uidl_listing_parse(mh_span_from_bytes(text), error) : NULL;
    if (uidls == NULL)
        g_prefix_error(error, "cannot use the saved UIDLs in '%s': ", path);
    return uidls;
}
