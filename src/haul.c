#include "haul.h"

#include "account-survey.h"
#include "channel.h"
#include "haul-target.h"
#include "mbox-account.h"
#include "name-choice.h"
#include "path-pattern.h"
#include "printable.h"
#include "subscriptions.h"
#include "worker.h"

#include <errno.h>
#include <string.h>

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
    int fd;
    MaildirTree *tree;
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
    mh_mailbox_outcome_free(pending->outcome);
    g_free(pending);
}

static void
tell_error(int fd, const GError *error)
{
    mh_channel_send(fd, MH_RECORD_ERROR, g_variant_new("(s)", error->message));
}

static void
tell_progress(Haul *haul)
{
    if (haul->untold_messages > 0)
        mh_channel_send(haul->fd, MH_RECORD_PROGRESS,
                        g_variant_new("(tt)", (guint64)haul->untold_messages,
                                      (guint64)haul->untold_bytes));
    haul->untold_messages = haul->untold_bytes = 0;
}

/* Called for every message that was written. */
static bool
message_written(uint64_t bytes, void *user)
{
    Haul *haul = user;
    haul->untold_messages++;
    haul->untold_bytes += bytes;
    if (haul->untold_bytes >= PROGRESS_BYTES || haul->untold_messages >= 1000)
        tell_progress(haul);
    return !mh_worker_stopping();
}

static void
fail_mailbox(Haul *haul, MhMailboxOutcome *outcome, const GError *error)
{
    haul->failed = true;
    outcome->done = MH_DONE_FAILED;
    g_free(outcome->error);
    outcome->error = g_strdup(error->message);
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
read_uidls(MhMailbox *mailbox, MhFindings *findings, void *user, GError **error);

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
    pending->carry = mh_carry_begin(&haul->context, mailbox->target, mailbox->open, NULL,
                                    mailbox->data, pending->outcome, &error);
    if (pending->carry == NULL) {
        fail_mailbox(haul, pending->outcome, error);
        return;
    }
    if (haul->job->task == MH_TASK_CHECK || pending->outcome->done == MH_DONE_UP_TO_DATE)
        g_clear_pointer(&pending->carry, mh_carry_free);
    haul->pending_messages += pending->outcome->messages;
    haul->pending_bytes += pending->outcome->delivered_bytes;
    if (haul->pending_messages >= BATCH_MESSAGES || haul->pending_bytes >= BATCH_BYTES)
        flush_batch(haul);
}
