#include "remember.h"

#include "answering.h"
#include "channel.h"
#include "place.h"
#include "safe-path.h"
#include "size-limits.h"

#include <string.h>
#include <unistd.h>

/* ---- is it as it was? --------------------------------------------------------------------- */

/* Is the folder of @known as it was left? @root_fd is the tree. */
static bool
target_holds(int root_fd, const MhMailboxMemory *known)
{
    g_autoptr(GArray) now = mh_stamps_new();
    MhStamp stamps[MH_TARGET_STAMPS] = {{0}};
    int fd = mh_safe_path_find(root_fd, known->directory, MH_LINKS_REFUSE);
    if (fd >= 0) {
        mh_memory_look_at_target(fd, stamps);
        close(fd);
    }
    g_array_append_vals(now, stamps, MH_TARGET_STAMPS);
    return mh_stamps_equal(known->target, now);
}

/* The outcome of a mailbox that is as it was. NULL when @known does not tell. */
static MhMailboxOutcome *
outcome_of(const MhMailboxMemory *known)
{
    MhMailboxOutcome *outcome =
        known->outcome != NULL ? mh_mailbox_outcome_from_variant(known->outcome) : NULL;
    if (outcome == NULL)
        return NULL;
    outcome->done = MH_DONE_UP_TO_DATE;
    g_clear_pointer(&outcome->error, g_free);
    outcome->unchanged = outcome->messages;
    outcome->sizes_read = outcome->sizes_read_bytes = 0;
    outcome->delivered = outcome->delivered_bytes = outcome->retagged = outcome->expunged = 0;
    return outcome;
}

MhUidState
mh_remember_left(const MhMailboxMemory *known)
{
    MhMailboxOutcome *outcome =
        known->outcome != NULL ? mh_mailbox_outcome_from_variant(known->outcome) : NULL;
    MhUidState left = {0};
    if (outcome != NULL)
        left = (MhUidState){.uidvalidity = outcome->uidvalidity, .uidnext = outcome->uidnext};
    mh_mailbox_outcome_free(outcome);
    return left;
}

/* What this run knows of a mailbox already goes before what the last one has left. */
static const MhMailboxMemory *
find_known(const MhJob *job, const char *key)
{
    const MhMailboxMemory *fresh = mh_memory_find(job->fresh, key);
    return fresh != NULL ? fresh : mh_memory_find(job->memory, key);
}

/* Keywords that have no letter are told with their UIDs, which may have been others since a run
 * told them: what the last one tells is to be enough. */
static bool
has_more_to_tell(const MhJob *job, const MhMailboxOutcome *outcome)
{
    return job->settings->final &&
           mh_findings_count(outcome->findings, MH_FINDING_KEYWORD_WITHOUT_LETTER) > 0;
}

bool
mh_remember_unchanged(const MhJob *job, const MaildirTree *tree, const MhSurveyMailbox *mailbox,
                      MhMailboxOutcome *outcome)
{
    const MhMailboxMemory *known = find_known(job, mailbox->key);
    if (known == NULL || mailbox->locked || tree->fd < 0 ||
        strcmp(known->directory, mailbox->target) != 0 ||
        g_strcmp0(known->settings, job->settings_digest) != 0 ||
        !mh_stamps_equal(known->source, mailbox->stamps) || !target_holds(tree->fd, known))
        return false;
    MhMailboxOutcome *was = outcome_of(known);
    if (was == NULL || has_more_to_tell(job, was)) {
        mh_mailbox_outcome_free(was);
        return false;
    }
    MhMailboxOutcome before = *outcome;
    *outcome = *was;
    *was = before;
    mh_mailbox_outcome_free(was);
    return true;
}

/* The directories, char *, that all places of the account are below. */
static GPtrArray *
roots_of(const MhJob *job, const MhAccount *account)
{
    const char *const patterns[] = {job->settings->inbox, job->settings->folders,
                                    job->settings->maildir};
    GPtrArray *roots = g_ptr_array_new_with_free_func(g_free);
    if (account->home != NULL)
        g_ptr_array_add(roots, g_strdup(account->home));
    for (size_t i = 0; i < G_N_ELEMENTS(patterns); i++) {
        char *root = NULL, *rest = NULL;
        if (patterns[i] != NULL && mh_place_split(patterns[i], account, &root, &rest, NULL))
            g_ptr_array_add(roots, root);
        g_free(rest);
    }
    return roots;
}

/* What is looked at comes from a worker, which may have been taken over: it names no other places
 * than those of its account. */
static bool
watches_own_places(const MhWatch *watch, const MhJob *job, const MhAccount *account)
{
    g_autoptr(GPtrArray) roots = roots_of(job, account);
    return mh_watch_is_below(watch, roots);
}

static bool
source_holds(const MhMemory *memory, const MhJob *job, const MhAccount *account, bool young_is_fine)
{
    return memory->watch != NULL && g_strcmp0(memory->settings, job->settings_digest) == 0 &&
           watches_own_places(memory->watch, job, account) &&
           mh_watch_holds(memory->watch, young_is_fine, NULL);
}

bool
mh_remember_still_closed(const MhMemory *memory, const MhJob *job, const MhAccount *account)
{
    return source_holds(memory, job, account, true);
}

bool
mh_remember_all_unchanged(const MhMemory *memory, const MhJob *job, const MhAccount *account)
{
    if (!source_holds(memory, job, account, false))
        return false;
    int fd = mh_place_find(job->settings->maildir, account);
    bool same = fd >= 0;
    for (guint i = 0; same && i < memory->mailboxes->len; i++) {
        const MhMailboxMemory *mailbox = memory->mailboxes->pdata[i];
        same = g_strcmp0(mailbox->settings, job->settings_digest) == 0 &&
               mailbox->source->len > 0 && target_holds(fd, mailbox);
    }
    if (fd >= 0)
        close(fd);
    return same;
}

bool
mh_remember_may_wait(const MhMemory *memory, const MhJob *job, const MhAccount *account)
{
    if (memory->watch == NULL)
        return false; /* nothing will be asked */
    g_autoptr(GPtrArray) roots = roots_of(job, account);
    for (guint i = 0; i < roots->len; i++) {
        if (!mh_answering(roots->pdata[i]))
            return true;
    }
    return false;
}

bool
mh_remember_outcome(const MhMemory *memory, MhAccountOutcome *out)
{
    g_autoptr(MhFindings) findings =
        memory->findings != NULL ? mh_findings_from_variant(memory->findings) : NULL;
    if (findings == NULL)
        return false;
    for (guint i = 0; i < memory->mailboxes->len; i++) {
        MhMailboxOutcome *mailbox = outcome_of(memory->mailboxes->pdata[i]);
        if (mailbox == NULL) {
            g_ptr_array_set_size(out->mailboxes, 0);
            return false;
        }
        g_ptr_array_add(out->mailboxes, mailbox);
    }
    for (guint i = 0; i < memory->not_mail->len; i++) {
        const MhNotMail *item = memory->not_mail->pdata[i];
        g_ptr_array_add(out->not_mail, mh_not_mail_new(item->path, item->reason));
    }
    mh_findings_merge(out->findings, findings);
    out->same = true;
    return true;
}

bool
mh_remember_unreadable(const MhFindings *findings)
{
    static const MhFindingCode codes[] = {MH_FINDING_SUBSCRIPTIONS_UNREADABLE,
                                          MH_FINDING_SURVEY_UNREADABLE,
                                          MH_FINDING_ACCESS_UNREADABLE,
                                          MH_FINDING_COURIER_KEYWORDS_UNREADABLE,
                                          MH_FINDING_COURIER_SHARED_AWAY,
                                          MH_FINDING_COURIER_QUOTA_UNREADABLE,
                                          MH_FINDING_UIDL_MOVED};
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (mh_findings_count(findings, codes[i]) > 0)
            return true;
    }
    return false;
}

static bool
tells_of_unread(GVariant *variant)
{
    g_autoptr(MhFindings) findings = variant != NULL ? mh_findings_from_variant(variant) : NULL;
    return findings != NULL && mh_remember_unreadable(findings);
}

bool
mh_remember_left_unread(const MhMemory *memory)
{
    bool left = tells_of_unread(memory->findings);
    for (guint i = 0; !left && i < memory->mailboxes->len; i++) {
        MhMailboxOutcome *mailbox = outcome_of(memory->mailboxes->pdata[i]);
        left = mailbox != NULL && mh_remember_unreadable(mailbox->findings);
        mh_mailbox_outcome_free(mailbox);
    }
    return left;
}

/* ---- what is to be remembered ------------------------------------------------------------- */

/* A folder that was only read may have been changed in the tick in which it was read. */
static void
settle_target(const MhAccountSurvey *survey, const char *maildir, GArray *stamps)
{
    for (guint i = 0; i < stamps->len; i++) {
        MhStamp *stamp = &g_array_index(stamps, MhStamp, i);
        *stamp = mh_watch_settle(survey->watch, maildir, stamp);
    }
}

MhMailboxMemory *
mh_remember_mailbox(const MhAccountSurvey *survey, const char *maildir,
                    const MhSurveyMailbox *mailbox, const MhCarry *carry, bool changed,
                    bool durable)
{
    if (mailbox->key == NULL)
        return NULL;
    MhMailboxMemory *memory = mh_mailbox_memory_new(mailbox->key, mailbox->target);
    memory->carried = mh_carry_carried(carry);
    if (!durable || survey->watch == NULL)
        return memory;
    g_array_append_vals(memory->source, mailbox->stamps->data, mailbox->stamps->len);
    mh_carry_target(carry, memory->target);
    if (!changed || survey->in_place) /* in place it is the source, too */
        settle_target(survey, maildir, memory->target);
    return memory;
}

MhMailboxMemory *
mh_remember_same(const MhJob *job, const MhSurveyMailbox *mailbox)
{
    const MhMailboxMemory *known = find_known(job, mailbox->key);
    MhMailboxMemory *memory = mh_mailbox_memory_new(known->key, known->directory);
    memory->same = mh_memory_find(job->fresh, mailbox->key) == NULL;
    if (memory->same)
        return memory;
    g_array_append_vals(memory->source, known->source->data, known->source->len);
    g_array_append_vals(memory->target, known->target->data, known->target->len);
    memory->carried = known->carried != NULL ? g_variant_ref(known->carried) : NULL;
    return memory;
}

MhMemory *
mh_remember_account(const MhAccountSurvey *survey, bool watch)
{
    MhMemory *memory = mh_memory_new();
    if (watch && survey->watch != NULL) { /* its stored form is what counts */
        g_autoptr(GVariant) copy = mh_watch_to_variant(survey->watch);
        if (copy != NULL) {
            g_variant_ref_sink(copy);
            memory->watch = mh_watch_from_variant(copy);
        }
    }
    if (survey->has_subscriptions) {
        memory->subscriptions = g_ptr_array_new_with_free_func(g_free);
        for (guint i = 0; i < survey->subscriptions->len; i++)
            g_ptr_array_add(memory->subscriptions, g_strdup(survey->subscriptions->pdata[i]));
    }
    for (guint i = 0; i < survey->roots->len; i++) {
        const MhSurveyRoot *root = &g_array_index(survey->roots, MhSurveyRoot, i);
        struct stat st;
        if (root->fd >= 0 && fstat(root->fd, &st) == 0)
            mh_memory_add_place(memory, root->path, st.st_dev, st.st_ino);
    }
    return memory;
}

/* ---- between worker and coordinator ------------------------------------------------------- */

void
mh_remember_send_mailbox(int fd, MhMailboxMemory *mailbox)
{
    if (mailbox == NULL)
        return;
    mh_channel_send(
        fd, MH_RECORD_REMEMBER,
        g_variant_new("(vmv)", mh_mailbox_memory_to_variant(mailbox), mailbox->carried));
    mh_mailbox_memory_free(mailbox);
}

/* What must not be forgotten fits a record; long paths of many places, and subscriptions without
 * end, need not: then the account is looked through each time. A reference. */
static GVariant *
memory_that_fits(MhMemory *memory)
{
    for (int dropped = 0;; dropped++) {
        GVariant *variant = g_variant_ref_sink(mh_memory_to_variant(memory));
        if (dropped == 2 || g_variant_get_size(variant) <= MH_LIMIT_RECORD_BYTES / 2)
            return variant;
        g_variant_unref(variant);
        if (dropped == 0)
            g_clear_pointer(&memory->watch, mh_watch_free);
        else
            g_clear_pointer(&memory->subscriptions, g_ptr_array_unref);
    }
}

void
mh_remember_send_account(int fd, MhMemory *memory, bool closed, bool undone, bool root_left)
{
    if (memory == NULL)
        return;
    g_autoptr(GVariant) content = memory_that_fits(memory);
    mh_channel_send(
        fd, MH_RECORD_ACCOUNT,
        g_variant_new("(vbbb)", content, (gboolean)closed, (gboolean)undone, (gboolean)root_left));
    mh_memory_free(memory);
}

static MhMemory *
memory_of(MhAccountOutcome *outcome)
{
    if (outcome->memory == NULL)
        outcome->memory = mh_memory_new();
    return outcome->memory;
}

bool
mh_remember_take_mailbox(MhAccountOutcome *outcome, GVariant *content)
{
    g_autoptr(GVariant) body = NULL, carried = NULL;
    if (!g_variant_is_of_type(content, G_VARIANT_TYPE("(vmv)")) ||
        outcome->remembered == outcome->mailboxes->len) /* a memory holds its mailbox once more */
        return false;
    g_variant_get(content, "(vmv)", &body, &carried);
    if (carried != NULL && !g_variant_is_of_type(carried, G_VARIANT_TYPE(MH_CARRIED_TYPE)))
        return false;
    g_autoptr(MhMailboxMemory) mailbox = mh_mailbox_memory_from_variant(body);
    MhMemory *memory = memory_of(outcome);
    if (mailbox == NULL || mh_memory_find(memory, mailbox->key) != NULL)
        return false;
    mailbox->carried = g_steal_pointer(&carried);
    mailbox->outcome = g_variant_ref_sink(
        mh_mailbox_outcome_to_variant(outcome->mailboxes->pdata[outcome->mailboxes->len - 1]));
    mh_memory_add(memory, g_steal_pointer(&mailbox));
    outcome->remembered = outcome->mailboxes->len;
    return true;
}

bool
mh_remember_take_account(MhAccountOutcome *outcome, GVariant *content)
{
    g_autoptr(GVariant) body = NULL;
    gboolean closed, undone, root_left;
    if (!g_variant_is_of_type(content, G_VARIANT_TYPE("(vbbb)")))
        return false;
    g_variant_get(content, "(vbbb)", &body, &closed, &undone, &root_left);
    outcome->closed = closed;
    outcome->undone = undone;
    outcome->root_left = root_left;
    return mh_memory_from_variant(memory_of(outcome), body);
}
