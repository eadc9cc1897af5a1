#include "carry.h"

#include "carry-plan.h"
#include "courier-target.h"
#include "maildir/maildir-commit.h"
#include "maildir/maildir-lock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* How often a source that keeps changing is read before we give up on it for this run. */
#define READS_MAX 5

void
mh_carry_free(MhCarry *carry)
{
    if (carry == NULL)
        return;
    mh_carry_plan_forget(carry);
    mh_mailbox_free(carry->mailbox);
    maildir_delivery_free(carry->delivery);
    g_free(carry->before);
    g_free(carry->folder_name);
    g_free(carry);
}

/* Where there was a directory of the folder's name: is @fd it? */
static bool
is_same_place(const MaildirFolder *folder, int fd)
{
    struct stat was, is;
    return folder->fd < 0 || (fstat(folder->fd, &was) == 0 && fstat(fd, &is) == 0 &&
                              was.st_ino == is.st_ino && was.st_dev == is.st_dev);
}

static void
count_message(const char *name, void *count)
{
    *(size_t *)count += name[0] != '.';
}

/* Does the folder hold as many messages as the plan has lines? A client may have removed some while
 * they were put there. */
static bool
is_all_there(const MhCarry *carry, int folder_fd)
{
    static const char *const directories[] = {"cur", "new"};
    size_t count = 0;
    bool good = true;
    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
        int fd = mh_open_dir_links(folder_fd, directories[i], MH_LINKS_REFUSE, NULL);
        good = fd >= 0 && mh_list_dir_each(fd, count_message, &count, NULL) && good;
        if (fd >= 0)
            close(fd);
    }
    return good && count == carry->plan->lines->len;
}

/* How we have left it; the next run looks again at what is not all there. What a server changes in
 * the same tick of the clock is not seen before it changes the folder again: none of it is mail of
 * the source. False with @error: what we have left is not under that name any more, so that there
 * is nothing to compare with the next time. */
static bool
look_at_folder(MhCarry *carry, GError **error)
{
    const MaildirTree *tree = carry->context->tree;
    int fd = mh_open_dir_links(tree->fd, carry->folder_name, MH_LINKS_REFUSE, NULL);
    memset(carry->left, 0, sizeof carry->left);
    bool there = fd >= 0 && is_same_place(carry->folder, fd);
    if (there)
        mh_memory_look_at_target(fd, carry->left);
    if (there && !is_all_there(carry, fd))
        carry->left[0].device = MH_STAMP_UNSURE;
    if (!there)
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                            "the folder was renamed or removed at the target meanwhile; run again");
    if (fd >= 0)
        close(fd);
    return there;
}

/* What the list shall say of the source. As before, where not all of it was followed; in place the
 * source is what is written to. */
static MaildirUidlistSource
source_of(const MhCarry *carry)
{
    const MaildirFolder *folder = carry->folder;
    bool is_followed =
        carry->mailbox->unread == NULL && !(carry->context->settings->late && folder->exists);
    if (is_followed && !carry->context->in_place && carry->source_changed_ns > 0)
        return (MaildirUidlistSource){.changed_ns = carry->source_changed_ns,
                                      .uidnext = carry->mailbox->uids.uidnext,
                                      .reordered = carry->plan->reordered};
    if (is_followed || folder->uidlist == NULL)
        return (MaildirUidlistSource){0};
    MaildirUidlistSource before = maildir_uidlist_source(folder->uidlist);
    before.reordered |= before.changed_ns != 0 && carry->plan->reordered;
    return before;
}

static MaildirWork
work_of(const MhCarry *carry)
{
    return (MaildirWork){.source = source_of(carry),
                         .folder = carry->folder,
                         .mailbox = carry->mailbox,
                         .plan = carry->plan,
                         .set_letters = carry->keywords->set_letters,
                         .keywords = carry->keywords->keywords,
                         .in_place = carry->context->in_place};
}

/* "mbox uw". */
static void
report_format(const MhCarry *carry)
{
    MhMailboxOutcome *outcome = carry->outcome;
    g_autofree char *format = outcome->format;
    const char *dialect = carry->mailbox->dialect;
    outcome->format = format != NULL && dialect != NULL ? g_strconcat(format, " ", dialect, NULL)
                                                        : g_strdup(format);
}

static void
add_sizes(const MhMessage *message, MhMailboxOutcome *outcome)
{
    outcome->bytes += message->size_bytes;
    outcome->sizes_listed += message->size_listed;
    outcome->sizes_read += message->size_read;
    outcome->sizes_read_bytes += message->size_read ? message->size_bytes : 0;
}

/* When it is done: the new server may give out UIDs until then. */
static void
tell_lost_uids(const MhCarry *carry)
{
    if (carry->plan->uids_lost > 0)
        mh_findings_add(carry->outcome->findings, MH_FINDING_UID_TAKEN, "%zu messages",
                        carry->plan->uids_lost);
}

/* The plan in numbers, and what it costs. */
static void
report_plan(MhCarry *carry)
{
    MhMailboxOutcome *outcome = carry->outcome;
    const MhSyncPlan *plan = carry->plan;
    outcome->uidvalidity = plan->uids.uidvalidity;
    outcome->uidnext = plan->uids.uidnext;
    outcome->messages = mh_mailbox_length(carry->mailbox);
    outcome->bytes = outcome->delivered_bytes = 0;
    outcome->sizes_read = outcome->sizes_read_bytes = outcome->sizes_listed = 0;
    for (size_t i = 0; i < outcome->messages; i++)
        add_sizes(mh_mailbox_get(carry->mailbox, i), outcome);
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (line->target == 0)
            outcome->delivered_bytes +=
                mh_mailbox_get(carry->mailbox, line->source - 1)->size_bytes;
    }
    outcome->delivered = plan->delivered;
    outcome->retagged = plan->retagged;
    outcome->expunged = plan->expunged;
    outcome->unchanged = plan->unchanged + plan->renumbered;
    outcome->foreign = plan->foreign;
    outcome->kept_gone = plan->kept_gone;
    bool is_new = !carry->folder->exists && !mh_carry_plan_stays_deleted(carry);
    bool changed = carry->folder->exists && (plan->list_changed || plan->retagged > 0);
    outcome->done = is_new || changed ? MH_DONE_CHANGED : MH_DONE_UP_TO_DATE;
    if (plan->deleted > 0)
        mh_findings_add(outcome->findings, MH_FINDING_LATE_DELETED, "%zu messages", plan->deleted);
    if (plan->kept_gone > 0 && carry->context->settings->keep_expunged)
        mh_findings_add(outcome->findings, MH_FINDING_KEPT_GONE, "%zu messages", plan->kept_gone);
    if (carry->context->dry_run)
        tell_lost_uids(carry);
}

/* Late: what of the mailbox had been carried? */
static bool
recall_carried(MhCarry *carry, GError **error)
{
    GVariant *carried = carry->context->carried;
    g_clear_pointer(&carry->before, g_free);
    if (carried == NULL || !carry->context->settings->late)
        return true;
    carry->before = mh_carried_before(carried, carry->mailbox);
    if (carry->before == NULL)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "the source has renumbered its messages since they were carried: what is late "
                    "cannot be told from what was deleted");
    return carry->before != NULL;
}

/* Late: is the folder the one that the last run left? What an older one lacks, from a backup,
 * nobody has deleted. A folder that is not there has been, but for the INBOX. */
static bool
check_age(const MhCarry *carry, GError **error)
{
    const MhUidState *left = &carry->context->left, *now = &carry->folder->index.uids;
    bool is_older = now->uidvalidity == left->uidvalidity && now->uidnext < left->uidnext;
    bool is_other = strcmp(carry->folder_name, ".") == 0 && !carry->folder->exists;
    if (!carry->context->settings->late || left->uidvalidity == 0 || (!is_older && !is_other))
        return true;
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                        is_other
                            ? "the target is not the one into which mail was carried: late mail "
                              "cannot be told from what was deleted since"
                            : "the target is older than the last run, from a backup perhaps: late "
                              "mail cannot be told from what was deleted since; --reopen with "
                              "--keep-expunged brings all that is missing");
    return false;
}

static bool
count_staged(uint64_t bytes, void *user)
{
    MhCarry *carry = user;
    carry->staged++;
    return carry->context->told == NULL || carry->context->told(bytes, carry->context->told_user);
}

static bool
stage(MhCarry *carry, MhSource *source, GError **error)
{
    MaildirWork work = work_of(carry);
    g_clear_pointer(&carry->delivery, maildir_delivery_free);
    carry->delivery = maildir_delivery_new(carry->context->tree);
    carry->staged = 0;
    if (mh_carry_plan_stays_deleted(carry))
        return true;
    if (!maildir_stage(carry->delivery, &work, source, count_staged, carry, error))
        return false;
    if (carry->staged == carry->plan->delivered)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                "%" G_GUINT64_FORMAT " messages were written and %zu were due; this is a mistake "
                "of mailhaul",
                (guint64)carry->staged, carry->plan->delivered);
    return false;
}

/* What the new server's files cannot say. UIDLs that Dovecot made of UIDs are none of Courier's. */
static void
tell_lost_uidls(const MhCarry *carry, MhFindings *findings)
{
    const MhSettings *settings = carry->context->settings;
    if (strcmp(carry->folder_name, ".") != 0 || settings->server != MH_SERVER_COURIER)
        return;
    size_t lost = settings->pop3_uidl == MH_UIDL_IMAP ? mh_mailbox_length(carry->mailbox)
                                                      : mh_courier_uidls_lost(carry->mailbox);
    if (lost > 0)
        mh_findings_add(findings, MH_FINDING_UIDL_UNSAYABLE, "%zu messages", lost);
}

/* Do the settings say that the new server makes the UIDLs? What is only not known says nothing of
 * those that an earlier run has written down; nor does a run after the cutover. */
static bool
server_makes_uidls(const MhSettings *settings)
{
    bool is_said = settings->pop3_uidl == MH_UIDL_IMAP || settings->pop3_uidl == MH_UIDL_NONE;
    return is_said && !settings->late;
}

/* Reads the source once, plans and stages. G_FILE_ERROR_AGAIN: it has changed meanwhile. */
static bool
attempt(MhCarry *carry, const MhCarrySource *from, MhFindings *findings, GError **error)
{
    g_autoptr(MhSource) source = from->open(from->open_user, findings, error);
    if (source == NULL)
        return false;
    g_clear_pointer(&carry->mailbox, mh_mailbox_free);
    carry->mailbox = mh_mailbox_new();
    source->careful = carry->careful;
    carry->source_changed_ns = source->stamp.ctime_ns;
    if (!source->class->index(source, carry->mailbox, findings, error))
        return false;
    carry->mailbox->has_no_uidls = server_makes_uidls(carry->context->settings);
    if ((from->read != NULL && !from->read(carry->mailbox, findings, from->read_user, error)) ||
        !recall_carried(carry, error) || !mh_carry_plan_make(carry, findings, error) ||
        !check_age(carry, error))
        return false;
    tell_lost_uidls(carry, findings);
    if (!carry->context->dry_run && !stage(carry, source, error))
        return false;
    return source->class->check(source, error);
}

MhCarry *
mh_carry_begin(const MhCarryContext *context, const char *folder, const MhCarrySource *source,
               MhMailboxOutcome *outcome, GError **error)
{
    g_autoptr(MhCarry) carry = g_new0(MhCarry, 1);
    carry->context = context;
    carry->folder_name = g_strdup(folder);
    carry->outcome = outcome;
    carry->from = *source;
    for (int reads = 1;; reads++) {
        g_autoptr(GError) failure = NULL;
        g_autoptr(MhFindings) findings = mh_findings_new();
        if (attempt(carry, source, findings, &failure)) {
            mh_findings_merge(outcome->findings, findings);
            break;
        }
        bool fails = g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_IO) && !carry->careful;
        carry->careful |= fails; /* to find what of the source can be read */
        if ((!fails && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_AGAIN)) ||
            reads == READS_MAX) {
            mh_findings_merge(outcome->findings, findings);
            g_propagate_error(error, g_steal_pointer(&failure));
            return NULL;
        }
        if (carry->delivery != NULL)
            maildir_delivery_discard(carry->delivery);
    }
    report_format(carry);
    report_plan(carry);
    return g_steal_pointer(&carry);
}

static bool
commit(MhCarry *carry, GError **error)
{
    MaildirWork work = work_of(carry);
    size_t left_out;
    if (!maildir_commit(carry->delivery, &work, &left_out, error))
        return false;
    if (left_out > 0)
        mh_findings_add(carry->outcome->findings, MH_FINDING_TARGET_CHANGED, "%zu messages",
                        left_out);
    bool there = look_at_folder(carry, left_out == 0 ? error : NULL);
    if (left_out == 0)
        return there;
    carry->outcome->delivered -= MIN(left_out, carry->outcome->delivered);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                "the target changed meanwhile and %zu messages had to wait; run again", left_out);
    return false;
}

void
mh_carry_rest(MhCarry *carry)
{
    mh_carry_plan_forget(carry);
}

void
mh_carry_target(const MhCarry *carry, GArray *out_stamps)
{
    g_array_append_vals(out_stamps, carry->left, MH_TARGET_STAMPS);
}

GVariant *
mh_carry_carried(const MhCarry *carry)
{
    return mh_carried_new(carry->mailbox);
}

/* The target has changed since the plan was made; in place the source has, too. */
static bool
plan_again(MhCarry *carry, GError **error)
{
    if (!carry->context->in_place)
        return mh_carry_plan_again(carry, NULL, error);
    for (int reads = 1;; reads++) {
        g_autoptr(GError) failure = NULL;
        if (attempt(carry, &carry->from, NULL, &failure))
            return true;
        if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_AGAIN) && reads < READS_MAX)
            continue;
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
}

bool
mh_carry_is_whole(const MhCarry *carry, GError **error)
{
    const MhMailbox *mailbox = carry->mailbox;
    if (mailbox->unread == NULL)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO,
                "%s; %zu messages could be read, and nothing is removed at the target",
                mailbox->unread, mh_mailbox_length(mailbox));
    return false;
}

bool
mh_carry_has_work(const MhCarry *carry)
{
    MaildirWork work = work_of(carry);
    return carry->outcome->done != MH_DONE_UP_TO_DATE ||
           (carry->folder->exists && maildir_work_is_dated(&work));
}

bool
mh_carry_is_staged(const MhCarry *carry)
{
    return carry->delivery != NULL && maildir_delivery_is_begun(carry->delivery);
}

static bool
put_in_place(MhCarry *carry, GError **error)
{
    if (!carry->folder->exists)
        return commit(carry, error);
    if (!mh_carry_has_work(carry))
        return true;
    int folder_fd = dup(carry->folder->fd); /* outlives a new look at the folder */
    if (folder_fd < 0)
        return mh_set_errno(error, errno, "cannot lock the folder");
    bool good = maildir_tree_lock(carry->context->tree, folder_fd, error);
    if (good) {
        good = (maildir_folder_unchanged(carry->context->tree, carry->folder) ||
                plan_again(carry, error)) &&
               commit(carry, error);
        good = maildir_lock_release(folder_fd, good ? error : NULL) && good;
    }
    close(folder_fd);
    return good;
}

bool
mh_carry_commit(MhCarry *carry, GError **error)
{
    if (!put_in_place(carry, error))
        return false;
    tell_lost_uids(carry);
    return mh_carry_is_whole(carry, error);
}

void
mh_carry_late_keywords(const MhCarry *carry, MhLateKeyword told, void *user)
{
    mh_late_keywords(carry->mailbox, carry->plan, carry->keywords->keywords, told, user);
}
