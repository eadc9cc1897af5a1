#include "convert.h"

#include "carry.h"
#include "confine.h"
#include "mbox-options.h"
#include "pace.h"
#include "printable.h"
#include "safe-path.h"

#include <sys/stat.h>
#include <unistd.h>

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
carry(const MhCarryContext *context, Place *place, MhMailboxOutcome *outcome, GError **error)
{
    MhCarrySource source = {.open = open_source, .open_user = place};
    g_autoptr(MhCarry) carry = mh_carry_begin(context, ".", &source, outcome, error);
    if (carry == NULL)
        return false;
    if (context->dry_run || outcome->done == MH_DONE_UP_TO_DATE)
        return true;
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
confine(const Place *place, const MaildirTree *tree, bool dry_run, MhFindings *findings)
{
    g_autoptr(MhConfinement) confinement = mh_confinement_new();
    int file = mh_safe_path_find(place->dirfd, place->name, MH_LINKS_REFUSE);
    mh_confinement_allow(confinement, file, MH_CONFINE_READ);
    mh_confinement_allow(confinement, place->dirfd,
                         place->options.locks & MBOX_LOCK_DOTLOCK ? MH_CONFINE_LOCKS
                                                                  : MH_CONFINE_LIST);
    mh_confinement_allow(confinement, tree->fd, dry_run ? MH_CONFINE_READ : MH_CONFINE_WRITE);
    mh_confinement_enter(confinement, findings);
    if (file >= 0)
        close(file);
}

static bool
convert(const MhSettings *settings, Place *place, const char *maildir, bool dry_run,
        MhMailboxOutcome *outcome, GError **error)
{
    MaildirTreeOptions options = {.file_mode = settings->mode,
                                  .dir_mode = settings->mode | (settings->mode & 0444) >> 2,
                                  .sync_batches = settings->sync != MH_SYNC_NONE,
                                  .sync_messages = settings->sync == MH_SYNC_MESSAGE,
                                  .copy_only = settings->transfer == MH_TRANSFER_COPY};
    g_autoptr(MaildirTree) tree = dry_run ? maildir_tree_open(maildir, &options, error)
                                          : maildir_tree_open_to_write(maildir, &options, error);
    if (tree == NULL)
        return false;
    MhCarryContext context = {
        .tree = tree,
        .settings = settings,
        .fresh_uidvalidity = (uint32_t)(g_get_real_time() / G_USEC_PER_SEC),
        .dry_run = dry_run,
        .told = message_written,
        .told_user = mh_pace_new(settings->max_rate * UINT64_C(1000000)),
    };
    if (settings->nice)
        mh_pace_give_way();
    confine(place, tree, dry_run, outcome->findings);
    bool good = carry(&context, place, outcome, error);
    mh_pace_free(context.told_user);
    return (dry_run || maildir_tree_finish(tree, good ? error : NULL)) && good;
}

MhMailboxOutcome *
mh_convert(const MhSettings *settings, const char *source, const char *maildir, bool dry_run,
           GError **error)
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
    bool good = place.dirfd >= 0 && convert(settings, &place, maildir, dry_run, outcome, error);
    if (place.dirfd >= 0)
        close(place.dirfd);
    g_time_zone_unref(place.options.local);
    return good ? g_steal_pointer(&outcome) : NULL;
}
