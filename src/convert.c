#include "convert.h"

#include "carry.h"
#include "confine.h"
#include "coordinator.h"
#include "mbox-options.h"
#include "pace.h"
#include "printable.h"
#include "safe-path.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- an mbox ------------------------------------------------------------------------------ */

typedef struct {
    int dirfd;
    char *name;
    MboxSourceOptions options;
} Place;

static MhSource *
open_source(void *user, MhFindings *findings, GError **error)
{
    const Place *place = user;
    return mbox_source_open(place->dirfd, place->name, &place->options, findings, error);
}

static bool
carry_mbox(const MhCarryContext *context, Place *place, MhMailboxOutcome *outcome, GError **error)
{
    MhCarrySource source = {.open = open_source, .open_user = place};
    g_autoptr(MhCarry) carry = mh_carry_begin(context, ".", &source, outcome, error);
    if (carry == NULL)
        return false;
    if (outcome->done == MH_DONE_UP_TO_DATE)
        return mh_carry_is_whole(carry, error) && maildir_tree_sync(context->tree, error);
    return maildir_tree_sync(context->tree, error) && mh_carry_commit(carry, error) &&
           maildir_tree_sync(context->tree, error);
}

static bool
message_written(uint64_t bytes, void *user)
{
    mh_pace_spend(user, bytes);
    return true;
}

/* Nothing of the source has been read yet: from here on it is all that can be, and the target all
 * that can be written. */
static void
confine(const Place *place, const MaildirTree *tree, MhFindings *findings)
{
    g_autoptr(MhConfinement) confinement = mh_confinement_new();
    int file = mh_safe_path_find(place->dirfd, place->name, MH_LINKS_REFUSE);
    mh_confinement_allow(confinement, file, MH_CONFINE_READ);
    mh_confinement_allow(confinement, place->dirfd,
                         place->options.locks & MBOX_LOCK_DOTLOCK ? MH_CONFINE_LOCKS
                                                                  : MH_CONFINE_LIST);
    mh_confinement_allow(confinement, tree->fd, MH_CONFINE_WRITE);
    mh_confinement_enter(confinement, findings);
    if (file >= 0)
        close(file);
}

static bool
write_mbox(const MhSettings *settings, Place *place, const char *maildir, MhMailboxOutcome *outcome,
           GError **error)
{
    MaildirTreeOptions options = {.file_mode = settings->mode,
                                  .dir_mode = settings->mode | (settings->mode & 0444) >> 2,
                                  .sync_batches = settings->sync != MH_SYNC_NONE,
                                  .sync_messages = settings->sync == MH_SYNC_MESSAGE,
                                  .copy_only = settings->transfer == MH_TRANSFER_COPY};
    g_autoptr(MaildirTree) tree = maildir_tree_open_to_write(maildir, &options, error);
    if (tree == NULL)
        return false;
    MhCarryContext context = {
        .tree = tree,
        .settings = settings,
        .fresh_uidvalidity = (uint32_t)(g_get_real_time() / G_USEC_PER_SEC),
        .told = message_written,
        .told_user = mh_pace_new(settings->max_rate * UINT64_C(1000000)),
    };
    if (settings->nice)
        mh_pace_give_way();
    confine(place, tree, outcome->findings);
    bool good = carry_mbox(&context, place, outcome, error);
    mh_pace_free(context.told_user);
    return maildir_tree_finish(tree, good ? error : NULL) && good;
}

static MhAccountOutcome *
convert_mbox(const MhSettings *settings, const char *source, const char *maildir, GError **error)
{
    g_autoptr(MhMailboxOutcome) outcome = mh_mailbox_outcome_new();
    g_autofree char *directory = g_path_get_dirname(source);
    g_autofree char *name = g_path_get_basename(source);
    Place place = {.name = name};
    outcome->source = g_strdup("INBOX");
    outcome->path = mh_printable_string(source);
    outcome->target = mh_printable_string(maildir);
    outcome->format = g_strdup("mbox");
    if (!mh_mbox_options_from_settings(settings, &place.options, error))
        return NULL;
    place.dirfd = mh_open_root(directory, error);
    bool good = place.dirfd >= 0 && write_mbox(settings, &place, maildir, outcome, error);
    if (place.dirfd >= 0)
        close(place.dirfd);
    g_time_zone_unref(place.options.local);
    if (!good)
        return NULL;
    MhAccountOutcome *account = mh_account_outcome_new(outcome->path);
    g_ptr_array_add(account->mailboxes, g_steal_pointer(&outcome));
    return account;
}

/* ---- a Courier Maildir -------------------------------------------------------------------- */

/* The pattern that stands for just this path. g_free(). */
static char *
pattern_of(const char *path)
{
    g_autofree char *whole = g_canonicalize_filename(path, NULL);
    g_auto(GStrv) parts = g_strsplit(whole, "%", -1);
    return g_strjoinv("%%", parts);
}

static void
keep_outcome(const MhAccountOutcome *outcome, void *user)
{
    MhAccountOutcome *kept = user;
    kept->error = g_strdup(outcome->error);
    kept->elapsed_us = outcome->elapsed_us;
    mh_findings_merge(kept->findings, outcome->findings);
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        GVariant *copy =
            g_variant_ref_sink(mh_mailbox_outcome_to_variant(outcome->mailboxes->pdata[i]));
        g_ptr_array_add(kept->mailboxes, mh_mailbox_outcome_from_variant(copy));
        g_variant_unref(copy);
    }
    for (guint i = 0; i < outcome->not_mail->len; i++) {
        const MhNotMail *item = outcome->not_mail->pdata[i];
        g_ptr_array_add(kept->not_mail, mh_not_mail_new(item->path, item->reason));
    }
}

/* A site of one account, which belongs to whoever owns the Maildir, and is carried by a worker that
 * has become that user. */
static MhAccountOutcome *
convert_courier(const MhSettings *settings, const char *source, const char *maildir,
                const struct stat *st, GError **error)
{
    MhSettings here = *settings; /* strings stay the settings' */
    g_autofree char *cur = g_build_filename(source, "cur", NULL);
    g_autofree char *inbox = pattern_of(source), *target = pattern_of(maildir);
    g_autofree char *shown = mh_printable_string(source);
    g_autoptr(MhAccountOutcome) outcome = mh_account_outcome_new(shown);
    g_autoptr(MhAccount) account = mh_account_new("convert");
    g_autoptr(GPtrArray) accounts = g_ptr_array_new();
    g_autoptr(MhNameMap) names = mh_name_map_new();
    MhJob job = {.settings = &here, .task = MH_TASK_MIGRATE, .names = names};
    MhCoordinatorEvents events = {.account_done = keep_outcome, .user = outcome};
    if (!g_file_test(cur, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR,
                    "'%s' is a directory and no Maildir: there is no cur in it", shown);
        return NULL;
    }
    here.inbox = inbox;
    here.maildir = target;
    here.source_format = MH_FORMAT_COURIER;
    job.now = g_get_real_time() / G_USEC_PER_SEC;
    account->has_ids = true;
    account->uid = st->st_uid;
    account->gid = st->st_gid;
    if (settings->owner != NULL &&
        !mh_account_parse_owner(settings->owner, &job.owner_uid, &job.owner_gid, error))
        return NULL;
    job.has_owner = settings->owner != NULL;
    job.pace = mh_pace_new(settings->max_rate * UINT64_C(1000000));
    g_ptr_array_add(accounts, account);
    mh_coordinate(&job, accounts, 1, &events);
    mh_pace_free(job.pace);
    return g_steal_pointer(&outcome);
}

/* ---- either ------------------------------------------------------------------------------- */

MhAccountOutcome *
mh_convert(const MhSettings *settings, const char *source, const char *maildir, GError **error)
{
    struct stat st;
    bool is_dir = stat(source, &st) == 0 && S_ISDIR(st.st_mode);
    return is_dir && settings->source_format != MH_FORMAT_MBOX
               ? convert_courier(settings, source, maildir, &st, error)
               : convert_mbox(settings, source, maildir, error);
}
