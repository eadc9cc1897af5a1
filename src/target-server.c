#include "target-server.h"

#include "maildir/maildir-removal.h"

#include <unistd.h>

#define SUBSCRIBED_FILE "courierimapsubscribed"
#define UIDDB_FILE      "courierimapuiddb"

/* Does the list of the folder, which we have put in place last, say that mail was carried? */
static bool
has_carried(const MaildirFolder *folder)
{
    for (guint i = 0; i < folder->index.messages->len; i++) {
        if (mh_target_index_get(&folder->index, i)->has_carried)
            return true;
    }
    return false;
}

/* Was mail carried into the folder for the other server? */
static bool
is_others(const MaildirTree *tree, const char *name, bool is_couriers, bool *out_is, GError **error)
{
    bool has_uiddb = false;
    *out_is = false;
    int fd = mh_open_dir_links(tree->fd, name, MH_LINKS_REFUSE, NULL);
    if (fd < 0)
        return true; /* told where it is carried */
    bool looked = mh_look_for(fd, UIDDB_FILE, &has_uiddb, error);
    close(fd);
    if (!looked || has_uiddb != is_couriers)
        return looked;
    g_autoptr(MaildirFolder) folder = maildir_folder_read(tree, name, NULL, error);
    if (folder == NULL)
        return false;
    *out_is = folder->exists && has_carried(folder) &&
              (!is_couriers || maildir_removal_made_here(folder));
    return true;
}

/* Courier's list of subscriptions is there only where something is subscribed. */
static bool
look_for_courier(const MaildirTree *tree, bool *out_is, GError **error)
{
    bool subscribed, numbered;
    if (!mh_look_for(tree->fd, SUBSCRIBED_FILE, &subscribed, error) ||
        !mh_look_for(tree->fd, UIDDB_FILE, &numbered, error))
        return false;
    *out_is = subscribed || numbered;
    return true;
}

bool
mh_target_server_check(const MaildirTree *tree, MhServer server, GError **error)
{
    bool is_couriers, is_other = false;
    if (!look_for_courier(tree, &is_couriers, error))
        return false;
    if (tree->fd < 0 || is_couriers == (server == MH_SERVER_COURIER))
        return true;
    g_autoptr(GPtrArray) names = maildir_tree_folders(tree, error);
    for (guint i = 0; names != NULL && i < names->len && !is_other; i++) {
        if (!is_others(tree, names->pdata[i], is_couriers, &is_other, error))
            return false;
    }
    if (is_other && is_couriers)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "mail was carried to '%s' for Courier: use another --maildir, or --server "
                    "courier again",
                    tree->path);
    else if (is_other)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "mail was carried to '%s' for Dovecot: use another --maildir, or take it back "
                    "with 'mailhaul undo' first",
                    tree->path);
    return names != NULL && !is_other;
}
