#include "haul-private.h"

#include "in-place.h"
#include "place.h"
#include "stopping.h"
#include "subscribe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folders before the INBOX, whose directory holds them all. */
static void
take_out(MhHaul *haul)
{
    for (guint i = haul->gone->len; i > 0 && !mh_stopping(); i--)
        mh_haul_empty_folder(haul, haul->gone->pdata[i - 1]);
    mh_haul_flush(haul);
}

/* Does --inbox name the target? */
static bool
is_source(const MhHaul *haul)
{
    const char *pattern = haul->job->settings->inbox;
    struct stat source, target;
    int fd = pattern != NULL ? mh_place_find(pattern, haul->account) : -1;
    bool other = fd < 0 || (fstat(fd, &source) == 0 && fstat(haul->tree->fd, &target) == 0 &&
                            (source.st_dev != target.st_dev || source.st_ino != target.st_ino));
    if (fd >= 0)
        close(fd);
    return !other;
}

/* Only what mailhaul put into a tree for Dovecot can be taken out again; @out_nothing: of a Courier
 * Maildir there is none, since it was given back, or nothing was ever done to it. */
static bool
may_undo(MhHaul *haul, bool *out_nothing, GError **error)
{
    const char *why = NULL;
    bool has_couriers;
    *out_nothing = false;
    if (!mh_look_for(haul->tree->fd, "courierimapsubscribed", &has_couriers, error))
        return false;
    if (haul->job->settings->server == MH_SERVER_COURIER || has_couriers)
        why = "is a Maildir of Courier's";
    else if (is_source(haul))
        why = "is the source itself";
    haul->gone = mh_gone_find(haul->tree, NULL, haul->findings, error);
    if (haul->gone == NULL)
        return false;
    *out_nothing = why != NULL && haul->gone->len == 0;
    if (why == NULL || *out_nothing)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                "'%s' %s; it cannot be undone, and nothing was done", haul->tree->path, why);
    return false;
}

/* Removes the root, which is empty, if this account may; otherwise it is left for root. */
static void
remove_root(MhHaul *haul)
{
    g_autofree char *name = NULL;
    int parent = mh_place_find_parent(haul->job->settings->maildir, haul->account, &name);
    haul->root_left = parent >= 0 && unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno == EACCES;
    if (parent >= 0)
        close(parent);
}

/* What is left when the mail that was carried is out. */
static bool
take_out_rest(MhHaul *haul, GError **error)
{
    const MhMemory *memory = haul->job->memory;
    if (!mh_unsubscribe(haul->tree, memory != NULL ? memory->subscriptions : NULL, haul->removed,
                        haul->dry_run, error))
        return false;
    if (haul->dry_run)
        return true;
    bool made_root = haul->tree->made_root || (memory != NULL && memory->made_root);
    if (!maildir_tree_finish(haul->tree, error))
        return false;
    if (made_root) {
        unlinkat(haul->tree->fd, MAILDIR_MADE_MARK, 0); /* a first run was killed early */
        remove_root(haul);
    }
    return true;
}

/* There is no Maildir. That is so when it has been undone; when its parent has gone, too, it is
 * more likely looked for in the wrong place, and what is known of the account is still needed. */
static bool
look_for_parent(const MhHaul *haul, GError **error)
{
    const MhMemory *memory = haul->job->memory;
    g_autofree char *parent = g_path_get_dirname(haul->maildir);
    struct stat st;
    if (memory == NULL || memory->mailboxes->len == 0 || lstat(parent, &st) == 0 || errno != ENOENT)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                "there is no directory for the target '%s', though mail was carried",
                haul->maildir);
    return false;
}

bool
mh_haul_undo(MhHaul *haul, GError **error)
{
    struct stat st;
    bool nothing, in_place;
    if (!mh_haul_expand_maildir(haul, error))
        return false;
    if (lstat(haul->maildir, &st) != 0 && errno == ENOENT)
        return look_for_parent(haul, error);
    if (!mh_haul_open_tree(haul, error))
        return false;
    if ((!haul->dry_run && !mh_haul_clear_locks(haul, error)) ||
        !mh_in_place_look(haul->tree->fd, &in_place, error))
        return false;
    if (in_place)
        return mh_haul_restore(haul, error) && mh_haul_settle(haul, error);
    if (!may_undo(haul, &nothing, error))
        return false;
    if (nothing && !haul->dry_run) /* of a conversion that was killed at once */
        mh_replace_file_tidy(haul->tree->fd, MH_IN_PLACE_FILE);
    if (nothing)
        return true;
    take_out(haul);
    return haul->failed || mh_stopping() ||
           (take_out_rest(haul, error) && mh_haul_settle(haul, error));
}
