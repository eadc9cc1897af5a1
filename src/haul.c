#include "haul-private.h"

#include "account-format.h"
#include "account-state.h"
#include "channel.h"
#include "file-system.h"
#include "confine-account.h"
#include "courier-target.h"
#include "courier-watch.h"
#include "in-place.h"
#include "path-pattern.h"
#include "place.h"
#include "printable.h"
#include "remember.h"
#include "saved-uidls.h"
#include "subscribe.h"
#include "stopping.h"
#include "target-server.h"

#include <errno.h>
#include <string.h>

bool
mh_haul_expand_maildir(MhHaul *haul, GError **error)
{
    if (haul->maildir == NULL)
        haul->maildir = mh_path_pattern_expand(haul->job->settings->maildir, haul->account, error);
    return haul->maildir != NULL;
}

bool
mh_haul_open_tree(MhHaul *haul, GError **error)
{
    const MhSettings *settings = haul->job->settings;
    MaildirTreeOptions options = {.file_mode = settings->mode,
                                  .dir_mode = settings->mode | (settings->mode & 0444) >> 2,
                                  .sync_batches = settings->sync != MH_SYNC_NONE,
                                  .sync_messages = settings->sync == MH_SYNC_MESSAGE,
                                  .copy_only = settings->transfer == MH_TRANSFER_COPY,
                                  .part = haul->job->part,
                                  .state = settings->server == MH_SERVER_COURIER ? &mh_courier_state
                                                                                 : NULL};
    g_autofree char *trusted = NULL, *rest = NULL;
    if (!mh_haul_expand_maildir(haul, error) ||
        !mh_place_split(settings->maildir, haul->account, &trusted, &rest, error))
        return false;
    options.trusted = trusted;
    haul->tree = haul->dry_run ? maildir_tree_open(haul->maildir, &options, error)
                               : maildir_tree_open_to_write(haul->maildir, &options, error);
    haul->context.tree = haul->tree;
    return haul->tree != NULL && mh_confine_account(haul->job, haul->account, haul->tree->fd,
                                                    !haul->dry_run, haul->findings, error);
}

static void
report_survey(MhHaul *haul)
{
    for (guint i = 0; i < haul->survey->not_mail->len; i++) {
        const MhNotMail *item = haul->survey->not_mail->pdata[i];
        mh_channel_send(haul->fd, MH_RECORD_NOT_MAIL,
                        g_variant_new("(ss)", item->path, item->reason));
    }
}

/* A saved listing of UIDLs is a part of what the INBOX is read from. */
static void
stamp_uidls(const MhHaul *haul)
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

/* A Courier Maildir that is not there looks like an mbox account without mail. */
static bool
check_courier_gone(const MhHaul *haul, GError **error)
{
    const MhMemory *memory = haul->job->memory;
    g_autoptr(GError) failure = NULL;
    bool remembers = memory != NULL && memory->mailboxes->len > 0;
    bool was_courier =
        remembers ? mh_memory_was_courier(memory) : mh_gone_from_courier(haul->tree, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (was_courier)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "mail was carried from a Courier Maildir, which is not there now: is its file "
                    "system mounted? Nothing is done; if the mail is in mbox files from now on, "
                    "'mailhaul undo' takes out what was carried first");
    return !was_courier;
}

/* What was converted where it stands is the only copy: nothing else may be made of it. */
static bool
check_in_place(const MhHaul *haul, GError **error)
{
    const MhAccountSurvey *survey = haul->survey;
    if (survey->in_place && haul->job->settings->server == MH_SERVER_COURIER) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                            "the target is the source, and Courier's already");
        return false;
    }
    bool was_converted;
    if (!mh_in_place_look(haul->tree->fd, &was_converted, error))
        return false;
    if (!survey->in_place && was_converted) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "'%s' was converted where it stands: no other mail is brought there",
                    haul->tree->path);
        return false;
    }
    if (!survey->in_place &&
        !mh_target_server_check(haul->tree, haul->job->settings->server, error))
        return false;
    return strcmp(survey->format, "courier") == 0 || check_courier_gone(haul, error);
}

/* Times that another machine keeps are trusted when they are old enough. */
static void
tell_slow_times(const MhHaul *haul)
{
    const MhWatch *watch = haul->survey->watch;
    const char *path = watch != NULL ? mh_watch_foreign_root(watch) : NULL;
    if (path == NULL)
        return;
    g_autofree char *shown = mh_printable_string(path);
    mh_findings_add(haul->findings, MH_FINDING_FILE_SYSTEM_TIMES, "%s: '%s'",
                    mh_file_system_near(path)->name, shown);
}

/* Who asks for links wants to know where there are none. */
static void
tell_not_linked(const MhHaul *haul)
{
    uint64_t count = haul->tree->not_linked + haul->job->not_linked;
    if (haul->job->settings->transfer == MH_TRANSFER_LINK && count > 0)
        mh_findings_add(haul->findings, MH_FINDING_NOT_LINKED, "%" G_GUINT64_FORMAT " messages",
                        (guint64)count);
}

static bool
survey_account(MhHaul *haul, GError **error)
{
    haul->survey = mh_account_survey(haul->job, haul->account, haul->tree, haul->findings, error);
    if (haul->survey == NULL || !check_in_place(haul, error))
        return false;
    haul->context.in_place = haul->survey->in_place;
    stamp_uidls(haul);
    report_survey(haul);
    tell_slow_times(haul);
    return !haul->survey->in_place || haul->dry_run || haul->job->part != NULL ||
           mh_in_place_rename(haul->tree, haul->survey, error);
}

/* Where the target's list of subscriptions is. @out_root is a directory that is not the user's to
 * change, since the coordinator will look there as root. g_free() both. */
static bool
place_subscriptions(const MhHaul *haul, char **out_root, char **out_path, GError **error)
{
    g_autofree char *rest = NULL;
    if (!mh_place_split(haul->job->settings->maildir, haul->account, out_root, &rest, error))
        return false;
    bool is_courier = haul->job->settings->server == MH_SERVER_COURIER;
    *out_path =
        g_build_filename(rest, is_courier ? "courierimapsubscribed" : "subscriptions", NULL);
    return true;
}

/* Only Courier has access lists that could have gone. */
static bool
tell_access(const MhHaul *haul, GError **error)
{
    g_autofree char *root = NULL, *rest = NULL;
    if (strcmp(haul->survey->format, "courier") != 0 || mh_haul_is_late(haul) ||
        haul->job->settings->server == MH_SERVER_COURIER)
        return true;
    if (!mh_place_split(haul->job->settings->maildir, haul->account, &root, &rest, error))
        return false;
    mh_account_state_tell_access(haul->tree, haul->survey, root, rest, haul->findings);
    return true;
}

/* What the last run left subscribed. Of an older target, from a backup, that says nothing: what it
 * lacks nobody has unsubscribed. */
static bool
recall_subscriptions(const MhHaul *haul, const GPtrArray **out, GError **error)
{
    const MhMemory *memory = haul->job->memory;
    g_autofree char *root = NULL, *path = NULL;
    if (!place_subscriptions(haul, &root, &path, error))
        return false;
    bool is_older =
        memory != NULL && memory->watch != NULL && mh_watch_is_older(memory->watch, root, path);
    *out = memory != NULL && !is_older ? memory->subscriptions : NULL;
    return true;
}

static bool
watch_subscriptions(const MhHaul *haul, GError **error)
{
    g_autofree char *root = NULL, *path = NULL;
    if (haul->dry_run || haul->survey->watch == NULL)
        return true;
    if (!place_subscriptions(haul, &root, &path, error))
        return false;
    mh_watch_look(haul->survey->watch, root, path);
    return true;
}

static bool
subscribe_for_courier(MhHaul *haul, const GPtrArray *carried, GError **error)
{
    return haul->dry_run || mh_courier_subscribe(haul->tree, haul->survey, carried,
                                                 haul->job->settings->mirror, error);
}

static bool
subscribe(MhHaul *haul, GError **error)
{
    const GPtrArray *carried;
    bool changed;
    if (mh_haul_is_late(haul))
        return true;
    if (!recall_subscriptions(haul, &carried, error))
        return false;
    if (haul->job->settings->server == MH_SERVER_COURIER)
        haul->subscribed = subscribe_for_courier(haul, carried, error);
    else
        haul->subscribed =
            mh_subscribe(haul->tree, haul->survey, carried, haul->job->settings->mirror,
                         haul->dry_run, &changed, haul->findings, error);
    return haul->subscribed && watch_subscriptions(haul, error);
}

static bool
write_account_state(MhHaul *haul, GError **error)
{
    return subscribe(haul, error) && tell_access(haul, error) &&
           (mh_haul_is_late(haul) ||
            mh_account_state_write(haul->tree, haul->survey, haul->quota_bytes,
                                   haul->quota_messages, error));
}

/* Is what a mailbox is read from the same in both, to the stamp, from the stamp @first on? */
static bool
is_same_mailbox(const MhSurveyMailbox *a, const MhSurveyMailbox *b, guint first)
{
    bool same = a->stamps->len == b->stamps->len;
    for (guint i = first; same && i < a->stamps->len; i++) {
        MhStamp x = g_array_index(a->stamps, MhStamp, i);
        MhStamp y = g_array_index(b->stamps, MhStamp, i);
        x.device = y.device = 0; /* too young to tell from before, but the two are moments apart */
        same = mh_stamp_equal(&x, &y);
    }
    return same;
}

static const MhSurveyMailbox *
find_mailbox(const MhAccountSurvey *survey, const char *key)
{
    for (guint i = 0; i < survey->mailboxes->len; i++) {
        const MhSurveyMailbox *mailbox = survey->mailboxes->pdata[i];
        if (g_strcmp0(mailbox->key, key) == 0)
            return mailbox;
    }
    return NULL;
}

static void
add_change(GString *changed, const char *what)
{
    g_string_append_printf(changed, "%s%s", changed->len > 0 ? ", " : "", what);
}

static bool
same_names(const GPtrArray *a, const GPtrArray *b)
{
    bool same = a->len == b->len;
    for (guint i = 0; same && i < a->len; i++)
        same = strcmp(a->pdata[i], b->pdata[i]) == 0;
    return same;
}

/* What is not at the source as it was before. In place the directories of messages have changed by
 * our own renaming: there it counts that nothing is left to be done. */
static void
compare_surveys(const MhHaul *haul, const MhAccountSurvey *before, GString *changed)
{
    const MhAccountSurvey *now = haul->survey;
    guint first = now->in_place ? MH_COURIER_MESSAGE_STAMPS : 0;
    for (guint i = 0; i < now->mailboxes->len; i++) {
        const MhSurveyMailbox *mailbox = now->mailboxes->pdata[i];
        const MhSurveyMailbox *was = find_mailbox(before, mailbox->key);
        g_autofree char *what = g_strdup_printf("'%s'", mailbox->path);
        if (was == NULL || !is_same_mailbox(mailbox, was, first) ||
            (now->in_place && !mh_haul_is_settled(haul, mailbox)))
            add_change(changed, what);
    }
    if (changed->len == 0 && now->mailboxes->len != before->mailboxes->len)
        add_change(changed, "a mailbox has gone");
    if (!same_names(now->subscriptions, before->subscriptions))
        add_change(changed, "the subscriptions");
}

/* After the last run: has the source changed under it? A new look tells a mailbox from a file that
 * has nothing to do with mail. */
static bool
is_final(MhHaul *haul, GError **error)
{
    const MhWatch *watch = haul->survey->watch;
    if (watch != NULL && mh_watch_holds(watch, true, NULL))
        return true;
    g_autoptr(MhAccountSurvey) before = g_steal_pointer(&haul->survey);
    g_autoptr(GString) changed = g_string_new(NULL);
    MhFindings *findings = haul->findings;
    haul->findings = NULL; /* they have been told */
    bool good = survey_account(haul, error);
    haul->findings = findings;
    if (!good)
        return false;
    compare_surveys(haul, before, changed);
    if (changed->len > 0)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                    "the source changed during the last run: %s; is the old server stopped? Run "
                    "--final again",
                    changed->str);
    return changed->len == 0;
}

static bool
read_uidls(MhHaul *haul, GError **error)
{
    if (haul->uidls_text != NULL)
        haul->uidls = mh_saved_uidls_parse(haul->uidls_text, error);
    return haul->uidls_text == NULL || haul->uidls != NULL;
}

bool
mh_haul_survey(MhHaul *haul, GError **error)
{
    return read_uidls(haul, error) && survey_account(haul, error) && mh_haul_find_gone(haul, error);
}

/* Is there more than mailboxes that may not be durable? The account is closed now, its parts have
 * left, or the last run of it ended early. */
static bool
is_to_settle(const MhHaul *haul)
{
    const MhMemory *memory = haul->job->memory;
    bool is_cut_short = memory != NULL && memory->mailboxes->len > 0 && memory->watch == NULL;
    return haul->job->settings->final || haul->job->fresh != NULL || is_cut_short;
}

bool
mh_haul_settle(const MhHaul *haul, GError **error)
{
    return haul->dry_run || maildir_tree_sync(haul->tree, error);
}

static bool
carry_account(MhHaul *haul, GError **error)
{
    if (!mh_haul_open_tree(haul, error) || !mh_haul_survey(haul, error))
        return false;
    for (guint i = 0; i < haul->survey->mailboxes->len && !mh_stopping(); i++)
        mh_haul_carry_mailbox(haul, haul->survey->mailboxes->pdata[i]);
    mh_haul_empty_folders(haul);
    mh_haul_flush_last(haul);
    tell_not_linked(haul);
    if (haul->dry_run)
        return mh_stopping() || (subscribe(haul, error) && tell_access(haul, error));
    bool stopping = mh_stopping();
    bool good = stopping || write_account_state(haul, error);
    return maildir_tree_finish(haul->tree, good ? error : NULL) && good &&
           (stopping || !haul->job->settings->final || is_final(haul, error)) &&
           (stopping || !is_to_settle(haul) || mh_haul_settle(haul, error));
}

/* What the next run shall know. */
static void
remember_account(MhHaul *haul, bool good)
{
    const MhMemory *before = haul->job->memory;
    bool complete = good && !haul->failed && !mh_stopping();
    if (haul->dry_run || haul->job->part != NULL)
        return;
    if (haul->job->task == MH_TASK_UNDO) {
        if (complete)
            mh_remember_send_account(haul->fd, mh_memory_new(), false, true, haul->root_left);
        return;
    }
    if (haul->survey == NULL)
        return;
    bool watch = complete && haul->tree->options.sync_batches && !haul->survey->incomplete &&
                 !mh_remember_unreadable(haul->findings);
    MhMemory *memory = mh_remember_account(haul->survey, watch);
    memory->made_root = haul->tree->made_root || (before != NULL && before->made_root);
    if ((!good || mh_haul_is_late(haul)) && before != NULL)
        mh_memory_copy_places(memory, before); /* nothing was found out about new ones */
    if (!haul->subscribed)
        g_clear_pointer(&memory->subscriptions, g_ptr_array_unref);
    if (before != NULL && (!haul->subscribed || haul->survey->subscriptions_unread))
        mh_memory_copy_subscriptions(memory, before);
    mh_remember_send_account(haul->fd, memory, complete && haul->job->settings->final, false,
                             false);
}

static bool
do_account(MhHaul *haul, GError **error)
{
    haul->context = (MhCarryContext){.settings = haul->job->settings,
                                     .fresh_uidvalidity = (uint32_t)haul->job->now,
                                     .dry_run = haul->dry_run,
                                     .told = mh_haul_message_written,
                                     .told_user = haul};
    if (haul->job->part != NULL)
        return mh_haul_carry_part(haul, error);
    if (haul->job->task != MH_TASK_UNDO)
        return carry_account(haul, error);
    haul->of_undo = *haul->job->settings; /* strings stay the settings' */
    haul->of_undo.keep_expunged = haul->of_undo.mirror = haul->of_undo.late = false;
    haul->context.settings = &haul->of_undo;
    return mh_haul_undo(haul, error);
}

void
mh_haul_account(const MhJob *job, const MhAccount *account, GBytes *uidls, int fd)
{
    g_autoptr(GError) error = NULL;
    MhHaul haul = {.job = job, .account = account, .uidls_text = uidls, .fd = fd};
    haul.dry_run = job->task == MH_TASK_CHECK || job->settings->dry_run;
    haul.findings = mh_findings_new();
    haul.pending = g_ptr_array_new_with_free_func(mh_haul_pending_free);
    haul.removed = g_ptr_array_new_with_free_func(g_free);
    bool good = do_account(&haul, &error);
    if (!good) {
        g_autofree char *text = mh_haul_describe(&haul, error);
        mh_channel_send(fd, MH_RECORD_ERROR, g_variant_new("(s)", text));
    }
    mh_channel_send(fd, MH_RECORD_FINDINGS, mh_findings_to_variant(haul.findings));
    remember_account(&haul, good);
    g_ptr_array_unref(haul.pending);
    g_ptr_array_unref(haul.removed);
    g_clear_pointer(&haul.gone, g_ptr_array_unref);
    g_clear_pointer(&haul.uidls, g_ptr_array_unref);
    mh_account_survey_free(haul.survey);
    maildir_tree_free(haul.tree);
    mh_findings_free(haul.findings);
    g_free(haul.maildir);
}
