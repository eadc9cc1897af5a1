#include "haul.h"

#include "account-format.h"
#include "account-state.h"
#include "channel.h"
#include "courier-target.h"
#include "in-place.h"
#include "path-pattern.h"
#include "printable.h"
#include "size-limits.h"
#include "subscribe.h"
#include "uidl-listing.h"
#include "worker.h"

#include <errno.h>
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
} Pending;

typedef struct {
    const MhJob *job;
    const MhAccount *account;
    const GPtrArray *uidls; /* of the INBOX; NULL: none were saved */
    int fd;
    MaildirTree *tree;
    MhCarryContext context;
    MhAccountSurvey *survey;
    MhFindings *findings;
    GPtrArray *pending; /* of Pending */
    uint64_t pending_messages, pending_bytes;
    uint64_t untold_messages, untold_bytes;
    uint64_t quota_messages, quota_bytes; /* what counts for the quota */
    bool failed;                          /* something was not done */
} Haul;

static void
pending_free(gpointer item)
{
    Pending *pending = item;
    mh_carry_free(pending->carry);
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

/* Makes what is pending durable, puts it in place, makes that durable, and only then reports it. */
static void
flush_batch(Haul *haul)
{
    g_autoptr(GError) sync_error = NULL;
    bool to_commit = false;
    for (guint i = 0; i < haul->pending->len; i++)
        to_commit |= ((Pending *)haul->pending->pdata[i])->carry != NULL;
    bool durable = !to_commit || maildir_tree_sync(haul->tree, &sync_error);
    for (guint i = 0; i < haul->pending->len; i++) {
        Pending *pending = haul->pending->pdata[i];
        g_autoptr(GError) error = NULL;
        if (pending->carry == NULL)
            continue;
        if (!durable)
            fail_mailbox(haul, pending->outcome, sync_error);
        else if (!mh_carry_commit(pending->carry, &error))
            fail_mailbox(haul, pending->outcome, error);
    }
    if (to_commit && durable && !maildir_tree_sync(haul->tree, &sync_error))
        durable = false;
    for (guint i = 0; i < haul->pending->len; i++) {
        Pending *pending = haul->pending->pdata[i];
        if (!durable && pending->carry != NULL)
            fail_mailbox(haul, pending->outcome, sync_error);
        mh_channel_send(haul->fd, MH_RECORD_MAILBOX,
                        mh_mailbox_outcome_to_variant(pending->outcome));
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

typedef struct {
    const Haul *haul;
    char *mailbox; /* as clients of the new server name it */
} LateKeywords;

static void
tell_keyword(const char *keyword, const char *uids, void *user)
{
    const LateKeywords *late = user;
    mh_channel_send(late->haul->fd, MH_RECORD_KEYWORD,
                    g_variant_new("(sss)", late->mailbox, keyword, uids));
}

static void
tell_keywords(const Haul *haul, const MhSurveyMailbox *mailbox, const MhCarry *carry)
{
    LateKeywords late = {haul, mh_survey_mailbox_new_name(haul->survey, mailbox)};
    mh_carry_late_keywords(carry, tell_keyword, &late);
    g_free(late.mailbox);
}

static void
carry_mailbox(Haul *haul, MhSurveyMailbox *mailbox)
{
    g_autoptr(GError) error = NULL;
    Pending *pending = g_new0(Pending, 1);
    pending->outcome = mh_mailbox_outcome_new();
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
    bool is_inbox = strcmp(mailbox->target, ".") == 0;
    MhCarrySource source = {.open = mailbox->open,
                            .open_user = mailbox->data,
                            .read = is_inbox && haul->uidls != NULL ? give_uidls : NULL,
                            .read_user = (void *)(uintptr_t)haul->uidls};
    const char *folder = mailbox->directory != NULL ? mailbox->directory : mailbox->target;
    pending->carry = mh_carry_begin(&haul->context, folder, &source, pending->outcome, &error);
    if (pending->carry == NULL) {
        fail_mailbox(haul, pending->outcome, error);
        return;
    }
    if (haul->job->task != MH_TASK_CHECK && haul->job->settings->server == MH_SERVER_DOVECOT)
        tell_keywords(haul, mailbox, pending->carry);
    if (haul->job->task == MH_TASK_CHECK || pending->outcome->done == MH_DONE_UP_TO_DATE)
        g_clear_pointer(&pending->carry, mh_carry_free);
    if (mh_account_state_counts(mailbox)) {
        haul->quota_messages += pending->outcome->messages;
        haul->quota_bytes += pending->outcome->bytes;
    }
    haul->pending_messages += pending->outcome->messages;
    haul->pending_bytes += pending->outcome->delivered_bytes;
    if (haul->pending_messages >= BATCH_MESSAGES || haul->pending_bytes >= BATCH_BYTES)
        flush_batch(haul);
}

/* ---- the account -------------------------------------------------------------------------- */

static bool
open_tree(Haul *haul, GError **error)
{
    const MhSettings *settings = haul->job->settings;
    g_autofree char *path = mh_path_pattern_expand(settings->maildir, haul->account, error);
    MaildirTreeOptions options = {.file_mode = settings->mode,
                                  .dir_mode = settings->mode | (settings->mode & 0444) >> 2,
                                  .sync_batches = settings->sync != MH_SYNC_NONE,
                                  .sync_messages = settings->sync == MH_SYNC_MESSAGE,
                                  .copy_only = settings->transfer == MH_TRANSFER_COPY,
                                  .state = settings->server == MH_SERVER_COURIER ? &mh_courier_state
                                                                                 : NULL};
    if (path == NULL)
        return false;
    haul->tree = haul->job->task == MH_TASK_CHECK
                     ? maildir_tree_open(path, &options, error)
                     : maildir_tree_open_to_write(path, &options, error);
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

static bool
do_account(Haul *haul, GError **error)
{
    if (!open_tree(haul, error))
        return false;
    haul->context = (MhCarryContext){.tree = haul->tree,
                                     .settings = haul->job->settings,
                                     .fresh_uidvalidity = (uint32_t)haul->job->now,
                                     .dry_run = haul->job->task == MH_TASK_CHECK,
                                     .told = message_written,
                                     .told_user = haul};
    haul->survey = mh_account_survey(haul->job, haul->account, haul->tree, haul->findings, error);
    if (haul->survey == NULL)
        return false;
    haul->context.in_place = haul->survey->in_place;
    if (haul->survey->in_place && haul->job->settings->server == MH_SERVER_COURIER)
        return mh_set_errno(error, EINVAL, "the target is the source, and Courier's already");
    report_survey(haul);
    if (haul->survey->in_place && !haul->context.dry_run &&
        !mh_in_place_rename(haul->tree, haul->survey, error))
        return false;
    for (guint i = 0; i < haul->survey->mailboxes->len && !mh_worker_stopping(); i++)
        carry_mailbox(haul, haul->survey->mailboxes->pdata[i]);
    flush_batch(haul);
    if (haul->job->task == MH_TASK_CHECK)
        return true;
    if (mh_worker_stopping())
        return maildir_tree_finish(haul->tree, error);
    bool is_courier = haul->job->settings->server == MH_SERVER_COURIER;
    bool good = (is_courier ? mh_courier_subscribe(haul->tree, haul->survey, error)
                            : mh_subscribe(haul->tree, haul->survey, haul->findings, error)) &&
                mh_account_state_write(haul->tree, haul->survey, haul->quota_bytes,
                                       haul->quota_messages, error);
    return maildir_tree_finish(haul->tree, good ? error : NULL) && good;
}

void
mh_haul_account(const MhJob *job, const MhAccount *account, const GPtrArray *uidls, int fd)
{
    g_autoptr(GError) error = NULL;
    Haul haul = {.job = job, .account = account, .uidls = uidls, .fd = fd};
    haul.findings = mh_findings_new();
    haul.pending = g_ptr_array_new_with_free_func(pending_free);
    if (!do_account(&haul, &error)) {
        g_autofree char *text = describe(&haul, error);
        mh_channel_send(fd, MH_RECORD_ERROR, g_variant_new("(s)", text));
    }
    mh_channel_send(fd, MH_RECORD_FINDINGS, mh_findings_to_variant(haul.findings));
    g_ptr_array_unref(haul.pending);
    mh_account_survey_free(haul.survey);
    maildir_tree_free(haul.tree);
    mh_findings_free(haul.findings);
}

/* ---- root's part -------------------------------------------------------------------------- */

/* May root make something here? Only where nobody else can: the directory is root's own, and
 * nobody else may write there (or it is sticky). */
static bool
is_roots_place(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_uid == 0 &&
           ((st.st_mode & 0022) == 0 || (st.st_mode & S_ISVTX) != 0);
}

/* Makes @name and gives it to @uid and @gid; it appears when it is theirs. Another's directory at
 * the name aside (others may write to a sticky directory) is not touched. */
static int
make_given_dir(int parent_fd, const char *name, mode_t mode, uid_t uid, gid_t gid, GError **error)
{
    struct stat st;
    g_autofree char *aside = g_strconcat("mailhaul-tmp.", name, NULL);
    int fd = mh_make_dir(parent_fd, aside, mode, NULL, error);
    if (fd < 0)
        return -1;
    bool good = fstat(fd, &st) == 0 && (st.st_uid == 0 || st.st_uid == uid);
    if (!good)
        mh_set_errno(error, EEXIST, "cannot make directory '%s'", aside);
    else if (fchown(fd, uid, gid) != 0)
        good = mh_set_errno(error, errno, "cannot give '%s' to user %u", name, (unsigned)uid);
    if (good && mh_rename_noreplace(parent_fd, aside, parent_fd, name, error) &&
        mh_sync_dir(parent_fd, error))
        return fd;
    close(fd);
    return -1;
}

/* Opens @path, making what is missing of it where only root can. What is above it stays root's.
 * -1 with @error, or without when it is for the account to make. */
static int
make_roots_path(const char *path, mode_t mode, uid_t uid, gid_t gid, GError **error)
{
    g_autoptr(GError) missing = NULL;
    int fd = mh_open_root(path, &missing);
    if (fd >= 0 || !g_error_matches(missing, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        if (fd < 0)
            g_propagate_error(error, g_steal_pointer(&missing));
        return fd;
    }
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    int parent_fd = make_roots_path(parent, 0755, 0, 0, error);
    if (parent_fd < 0)
        return -1;
    if (is_roots_place(parent_fd))
        fd = uid == 0 ? mh_make_dir(parent_fd, name, mode, NULL, error)
                      : make_given_dir(parent_fd, name, mode, uid, gid, error);
    close(parent_fd);
    return fd;
}

bool
mh_haul_prepare_target(const MhJob *job, const MhAccount *account, uid_t uid, gid_t gid,
                       GError **error)
{
    if (geteuid() != 0 || uid == 0 || job->task != MH_TASK_MIGRATE)
        return true;
    g_autofree char *path = mh_path_pattern_expand(job->settings->maildir, account, error);
    g_autoptr(GError) failure = NULL;
    if (path == NULL)
        return false;
    mode_t mode = job->settings->mode | (job->settings->mode & 0444) >> 2;
    int fd = make_roots_path(path, mode, uid, gid, &failure);
    if (fd >= 0)
        close(fd);
    if (failure == NULL)
        return true;
    g_propagate_prefixed_error(error, g_steal_pointer(&failure), "cannot make the target: ");
    return false;
}

GPtrArray *
mh_haul_read_uidls(const MhJob *job, const MhAccount *account, GError **error)
{
    if (job->settings->pop3_uidl != MH_UIDL_FILE)
        return NULL;
    g_autofree char *path = mh_path_pattern_expand(job->settings->pop3_uidl_file, account, error);
    if (path == NULL)
        return NULL;
    g_autofree char *directory = g_path_get_dirname(path), *name = g_path_get_basename(path);
    int dirfd = mh_open_root(directory, error);
    g_autoptr(GBytes) text =
        dirfd >= 0 ? mh_read_file(dirfd, name, MH_LIMIT_STATE_FILE_BYTES, NULL, error) : NULL;
    if (dirfd >= 0)
        close(dirfd);
    GPtrArray *uidls = text != NULL ? mh_uidl_listing_parse(mh_span_from_bytes(text), error) : NULL;
    if (uidls == NULL)
        g_prefix_error(error, "cannot use the saved UIDLs in '%s': ", path);
    return uidls;
}
