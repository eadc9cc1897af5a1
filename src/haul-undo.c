#include "haul-private.h"

#include "in-place.h"
#include "place.h"
#include "subscribe.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folders before the INBOX, whose directory holds them all. */
static void
take_out(MhHaul *haul)
{
    for (guint i = haul->gone->len; i > 0 && !mh_worker_stopping(); i--)
        mh_haul_empty_folder(haul, haul->gone->pdata[i - 1]);
    mh_haul_flush(haul);
}

/* Does --inbox name the target? */
static bool
is_source(const MhHaul *haul)
{
    const char *pattern = haul->job->settings->inbox;
    struct stat source, target;
    int fd = pattern != NULL ? mh_place_find(pattern, haul->account, NULL) : -1;
    bool same = fd >= 0 && fstat(fd, &source) == 0 && fstat(haul->tree->fd, &target) == 0 &&
                source.st_dev == target.st_dev && source.st_ino == target.st_ino;
    if (fd >= 0)
        close(fd);
    return same;
}

/* Only what mailhaul put into a tree for Dovecot can be taken out again. */
static bool
may_undo(const MhHaul *haul, GError **error)
{
    const char *why = NULL;
    struct stat st;
    if (mh_in_place_is(haul->tree->fd))
        why = "was converted where it stands: its mail is the only copy";
    else if (haul->job->settings->server == MH_SERVER_COURIER ||
             fstatat(haul->tree->fd, "courierimapsubscribed", &st, AT_SYMLINK_NOFOLLOW) == 0)
        why = "is a Maildir of Courier's";
    else if (is_source(haul))
        why = "is the source itself";
    if (why != NULL)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "'%s' %s; it cannot be undone, and nothing was done", haul->tree->path, why);
    return why == NULL;
}

/* Removes the root, which is empty, if this account may; otherwise it is left for root. */
static void
remove_root(MhHaul *haul)
{
    g_autofree char *name = NULL;
    int parent = mh_place_find_parent(haul->job->settings->maildir, haul->account, &name, NULL);
    haul->root_left = parent >= 0 && unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno == EACCES;
    if (parent >= 0)
        close(parent);
}

bool
mh_haul_undo(MhHaul *haul, GError **error)
{
    const MhMemory *memory = haul->job->memory;
    struct stat st;
    if (!mh_haul_expand_maildir(haul, error))
        return false;
    if (lstat(haul->maildir, &st) != 0 && errno == ENOENT)
        return true;
    if (!mh_haul_open_tree(haul, error) || !may_undo(haul, error))
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
    bool made_root = haul->tree->made_root || (memory != NULL && memory->made_root);
    if (!maildir_tree_finish(haul->tree, error))
        return false;
    if (made_root) /* a first run was killed before it came to the INBOX */
        unlinkat(haul->tree->fd, MAILDIR_MADE_MARK, 0);
    if (made_root)
        remove_root(haul);
    return true;
}
