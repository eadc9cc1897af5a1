#include "verify-account.h"

#include "account-format.h"
#include "channel.h"
#include "confine-account.h"
#include "courier/courier-subscribed.h"
#include "maildir/maildir-subscriptions.h"
#include "path-pattern.h"
#include "place.h"
#include "printable.h"
#include "saved-uidls.h"
#include "size-limits.h"
#include "uidl-listing.h"
#include "verify.h"
#include "stopping.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Progress is told this often. */
#define PROGRESS_BYTES    (16u << 20)
#define PROGRESS_MESSAGES 1000

/* A mailbox whose folder is missing: judged when all others have been seen. */
typedef struct {
    const MhSurveyMailbox *mailbox;
    MhMailboxOutcome *outcome;
    MhVerifySource *source;
    MhVerifyTarget *target;
    MhVerifyCourier *courier; /* NULL: the new server is another */
} Pending;

typedef struct {
    const MhJob *job;
    const MhAccount *account;
    GBytes *uidls_text; /* of the INBOX; NULL: none were saved */
    GPtrArray *uidls;
    int fd;
    MaildirTree *tree;
    MhAccountSurvey *survey;
    MhFindings *findings;
    MhVerifyRules rules;
    GPtrArray *missing; /* of Pending */
    bool in_use;        /* a server has opened some folder */
    uint64_t untold_messages, untold_bytes;
} Run;

static void
pending_free(gpointer item)
{
    Pending *pending = item;
    mh_mailbox_outcome_free(pending->outcome);
    mh_verify_source_free(pending->source);
    mh_verify_target_free(pending->target);
    mh_verify_courier_free(pending->courier);
    g_free(pending);
}

/* ---- telling ------------------------------------------------------------------------------ */

static void
tell_progress(Run *run)
{
    if (run->untold_messages > 0)
        mh_channel_send(
            run->fd, MH_RECORD_PROGRESS,
            g_variant_new("(tt)", (guint64)run->untold_messages, (guint64)run->untold_bytes));
    run->untold_messages = run->untold_bytes = 0;
}

static bool
source_read(uint64_t bytes, void *user)
{
    Run *run = user;
    run->untold_messages++;
    run->untold_bytes += bytes;
    if (run->untold_messages >= PROGRESS_MESSAGES || run->untold_bytes >= PROGRESS_BYTES)
        tell_progress(run);
    return !mh_stopping();
}

static bool
target_read(uint64_t bytes, void *user)
{
    (void)bytes;
    (void)user;
    return !mh_stopping();
}

static void
send_differences(const Run *run, const MhDifferences *differences)
{
    for (guint i = 0; i < differences->kept->len; i++)
        mh_channel_send(run->fd, MH_RECORD_DIFFERENCE,
                        mh_difference_to_variant(differences->kept->pdata[i]));
}

static void
send_mailbox(Run *run, const MhMailboxOutcome *outcome)
{
    mh_channel_send(run->fd, MH_RECORD_MAILBOX, mh_mailbox_outcome_to_variant(outcome));
    tell_progress(run);
}

/* ---- mailboxes ---------------------------------------------------------------------------- */

static void
compare(Run *run, const Pending *pending)
{
    g_autoptr(MhDifferences) differences = mh_differences_new();
    MhMailboxOutcome *outcome = pending->outcome;
    const char *acl_text = pending->mailbox->acl;
    g_autoptr(MaildirAcl) acl =
        acl_text != NULL ? maildir_acl_parse(mh_span_from_string(acl_text), NULL) : NULL;
    mh_differences_set_mailbox(differences, outcome->source);
    run->rules.acl = acl;
    run->rules.acl_unread = pending->mailbox->acl_unread;
    run->rules.courier = pending->courier;
    outcome->unchanged =
        mh_verify_mailbox(pending->source, pending->target, &run->rules, differences);
    run->rules.acl = NULL;
    outcome->messages = mh_mailbox_length(pending->source->mailbox);
    for (size_t i = 0; i < outcome->messages; i++)
        outcome->bytes += mh_verify_source_bytes(pending->source, i)->size_bytes;
    outcome->uidvalidity = pending->target->uids.uidvalidity;
    outcome->uidnext = pending->target->uids.uidnext;
    outcome->foreign = pending->target->foreign;
    outcome->done = mh_differences_total(differences) > 0 ? MH_DONE_CHANGED : MH_DONE_UP_TO_DATE;
    send_differences(run, differences);
    send_mailbox(run, outcome);
}

/* The UIDLs that were saved from the old server. */
static bool
give_uidls(MhMailbox *mailbox, MhFindings *findings, void *user, GError **error)
{
    (void)error;
    mh_uidl_listing_apply(user, mailbox, findings);
    return true;
}

/* What Courier has written since is the work of its clients. */
static bool
read_courier(const Run *run, const MhSurveyMailbox *mailbox, Pending *pending, GError **error)
{
    if (!run->rules.for_courier)
        return true;
    pending->courier =
        mh_verify_courier_read(run->tree->fd, mailbox->target, pending->target, error);
    if (pending->courier != NULL)
        pending->target->in_use |= pending->courier->in_use || pending->courier->is_opened;
    return pending->courier != NULL;
}

/* Reads both sides. The source goes first, and is given free before the target is read. */
static bool
read_sides(Run *run, const MhSurveyMailbox *mailbox, Pending *pending, GError **error)
{
    if (mailbox->error != NULL) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, mailbox->error);
        return false;
    }
    MhCarrySource from = {.open = mailbox->open, .open_user = mailbox->data};
    if (strcmp(mailbox->target, ".") == 0 && run->uidls != NULL) {
        from.read = give_uidls;
        from.read_user = run->uidls;
    }
    pending->source =
        mh_verify_source_read(&from, pending->outcome->findings, source_read, run, error);
    if (pending->source == NULL)
        return false;
    pending->target =
        mh_verify_target_read(run->tree->fd, mailbox->target, target_read, run, error);
    bool good = pending->target != NULL && read_courier(run, mailbox, pending, error);
    if (!good)
        g_prefix_error(error, "at the target: ");
    return good;
}

static void
verify_mailbox(Run *run, const MhSurveyMailbox *mailbox)
{
    g_autoptr(GError) error = NULL;
    Pending *pending = g_new0(Pending, 1);
    pending->mailbox = mailbox;
    pending->outcome = mh_mailbox_outcome_new();
    pending->outcome->source = mh_survey_mailbox_name(mailbox);
    pending->outcome->path = g_strdup(mailbox->path);
    pending->outcome->target = mh_printable_string(mailbox->target);
    pending->outcome->format = g_strdup(run->survey->format);
    if (!read_sides(run, mailbox, pending, &error)) {
        pending->outcome->done = MH_DONE_FAILED;
        pending->outcome->error = g_strdup(error->message);
        send_mailbox(run, pending->outcome);
    } else if (!pending->target->exists) {
        g_ptr_array_add(run->missing, pending);
        return;
    } else {
        run->in_use |= pending->target->in_use;
        int64_t carried_ns = pending->target->carried_from.changed_ns;
        int64_t written_ns = MAX(pending->target->written_ns, carried_ns);
        run->rules.tree_written_ns = MAX(run->rules.tree_written_ns, written_ns);
        compare(run, pending);
    }
    pending_free(pending);
}

/* ---- the tree ----------------------------------------------------------------------------- */

static bool
is_expected(const Run *run, const char *directory)
{
    for (guint i = 0; i < run->survey->mailboxes->len; i++) {
        const MhSurveyMailbox *mailbox = run->survey->mailboxes->pdata[i];
        if (strcmp(mailbox->target, directory) == 0)
            return true;
    }
    return false;
}

/* A folder that the source does not have, with carried mail in it: gone at the source, or carried
 * into a place that is not its own; then the right one is missing, and that is told as such. */
static void
look_at_other_folder(Run *run, const char *name, MhDifferences *differences)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *shown = mh_printable_string(name);
    size_t ours = 0;
    g_autoptr(MhVerifyTarget) target =
        mh_verify_target_read(run->tree->fd, name, target_read, run, &error);
    if (target == NULL) {
        mh_findings_add(run->findings, MH_FINDING_SURVEY_UNREADABLE, "%s", error->message);
        return;
    }
    for (guint i = 0; i < target->messages->len; i++)
        ours += mh_verify_target_get(target, i)->ours;
    if (ours > 0)
        mh_differences_add(differences, MH_DIFFERENCE_FOLDER_EXTRA, MH_DIFFERENCE_NEWER, 0, 0,
                           "'%s', with %zu messages that were carried", shown, ours);
}

static void
look_at_tree(Run *run, MhDifferences *differences)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = mh_list_dir(run->tree->fd, &error);
    if (names == NULL)
        mh_findings_add(run->findings, MH_FINDING_SURVEY_UNREADABLE, "%s", error->message);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = names->pdata[i];
        struct stat st;
        int failed = fstatat(run->tree->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ? errno : 0;
        if (failed == ENOENT || (failed == 0 && !S_ISDIR(st.st_mode)))
            continue;
        if (strcmp(name, MAILDIR_BUILD_DIR) == 0)
            mh_differences_add(differences, MH_DIFFERENCE_LEFTOVER, MH_DIFFERENCE_NOTE, 0, 0,
                               "'%s': a run is at work, or has been killed", name);
        else if (name[0] == '.' && run->job->folders == NULL && !is_expected(run, name))
            look_at_other_folder(run, name, differences);
    }
}

/* The names that @text of the new server's list subscribes, as the survey spells them. */
static GPtrArray *
subscribed_names(const Run *run, MhSpan text)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    if (run->rules.for_courier) {
        g_autoptr(GArray) list = courier_subscribed_parse(text, run->findings);
        for (guint i = 0; i < list->len; i++) {
            const CourierSubscribed *entry = &g_array_index(list, CourierSubscribed, i);
            g_ptr_array_add(names,
                            entry->path.len > 0 ? mh_span_dup(entry->path) : g_strdup("INBOX"));
        }
        return names;
    }
    g_autoptr(MaildirSubscriptions) list = maildir_subscriptions_parse(text, run->findings);
    for (guint i = 0; i < list->names->len; i++)
        g_ptr_array_add(names, g_strdup(list->names->pdata[i]));
    return names;
}

static void
look_at_list(Run *run, const char *file, MhDifferences *differences)
{
    MhVerifyFile *owner = mh_verify_file_look(run->tree->fd, file, file);
    if (owner == NULL)
        return;
    owner->is_state = true;
    owner->servers_mode = run->rules.for_courier ? MH_VERIFY_COURIER_MODE : 0;
    mh_verify_file(owner, &run->rules, differences);
    mh_verify_file_free(owner);
}

static bool
compare_subscriptions(Run *run, MhDifferences *differences, GError **error)
{
    const char *file = run->rules.for_courier ? "courierimapsubscribed" : "subscriptions";
    g_autoptr(GError) failure = NULL;
    struct stat st;
    bool newer = false;
    if (!run->survey->has_subscriptions)
        return true;
    g_autoptr(GBytes) text =
        mh_read_file(run->tree->fd, file, MH_LIMIT_SUBSCRIPTIONS_BYTES, &st, &failure);
    if (text == NULL && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (text != NULL) {
        newer = run->survey->subscriptions_changed_ns >= mh_stamp_of(&st).mtime_ns;
        look_at_list(run, file, differences);
    }
    g_autoptr(GPtrArray) names =
        subscribed_names(run, text != NULL ? mh_span_from_bytes(text) : mh_span(NULL, 0));
    mh_verify_subscriptions(run->survey->subscriptions, names, newer, run->in_use, differences);
    return true;
}

/* ---- the account -------------------------------------------------------------------------- */

static bool
open_tree(Run *run, GError **error)
{
    const MhSettings *settings = run->job->settings;
    MaildirTreeOptions options = {0};
    g_autofree char *trusted = NULL, *rest = NULL;
    g_autofree char *path = mh_path_pattern_expand(settings->maildir, run->account, error);
    if (path == NULL || !mh_place_split(settings->maildir, run->account, &trusted, &rest, error))
        return false;
    options.trusted = trusted;
    run->tree = maildir_tree_open(path, &options, error);
    if (run->tree != NULL && run->tree->fd < 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                    "there is no target '%s': it has not been carried yet", run->tree->path);
        return false;
    }
    return run->tree != NULL;
}

/* Dovecot keeps an index of all folders in the root; each session of Courier's writes in tmp/. */
static bool
is_opened(int root_fd, bool for_courier)
{
    if (for_courier)
        return mh_verify_dir_used(root_fd, "tmp");
    return faccessat(root_fd, "dovecot.list.index.log", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           faccessat(root_fd, "dovecot.list.index", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The worker has become whoever the target is to belong to. */
static void
make_rules(Run *run)
{
    const MhSettings *settings = run->job->settings;
    struct stat root;
    bool known = fstat(run->tree->fd, &root) == 0;
    run->rules = (MhVerifyRules){
        .check_owner = true,
        .uid = geteuid(),
        .gid = getegid(),
        .root_gid = known ? root.st_gid : getegid(),
        .file_mode = settings->mode,
        .dir_mode = settings->mode | (settings->mode & 0444) >> 2,
        .keep_expunged = settings->keep_expunged,
        .account_in_use = is_opened(run->tree->fd, settings->server == MH_SERVER_COURIER),
        .for_courier = settings->server == MH_SERVER_COURIER};
}

static bool
verify_rest(Run *run, GError **error)
{
    g_autoptr(MhDifferences) differences = mh_differences_new();
    for (guint i = 0; i < run->missing->len; i++)
        compare(run, run->missing->pdata[i]);
    look_at_tree(run, differences);
    bool good = compare_subscriptions(run, differences, error);
    send_differences(run, differences);
    return good;
}

static bool
verify(Run *run, GError **error)
{
    if (!open_tree(run, error) ||
        !mh_confine_account(run->job, run->account, run->tree->fd, false, run->findings, error))
        return false;
    if (run->uidls_text != NULL &&
        (run->uidls = mh_saved_uidls_parse(run->uidls_text, error)) == NULL)
        return false;
    make_rules(run);
    run->survey = mh_account_survey(run->job, run->account, run->tree, run->findings, error);
    if (run->survey == NULL)
        return false;
    run->rules.in_place = run->survey->in_place;
    for (guint i = 0; i < run->survey->mailboxes->len && !mh_stopping(); i++)
        verify_mailbox(run, run->survey->mailboxes->pdata[i]);
    return mh_stopping() || verify_rest(run, error);
}

void
mh_verify_account(const MhJob *job, const MhAccount *account, GBytes *uidls, int fd)
{
    g_autoptr(GError) error = NULL;
    Run run = {.job = job, .account = account, .uidls_text = uidls, .fd = fd};
    run.findings = mh_findings_new();
    run.missing = g_ptr_array_new_with_free_func(pending_free);
    if (!verify(&run, &error))
        mh_channel_send(fd, MH_RECORD_ERROR, g_variant_new("(s)", error->message));
    mh_channel_send(fd, MH_RECORD_FINDINGS, mh_findings_to_variant(run.findings));
    g_ptr_array_unref(run.missing);
    g_clear_pointer(&run.uidls, g_ptr_array_unref);
    mh_account_survey_free(run.survey);
    maildir_tree_free(run.tree);
    mh_findings_free(run.findings);
}
