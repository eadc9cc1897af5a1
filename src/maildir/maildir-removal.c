#include "maildir-removal.h"

#include "maildir-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What servers keep in a folder beside mail, and what they keep in the root. A name that ends in
 * '*' stands for all that begin so. The UID list is not among them: it goes last. */
static const char *const of_folder[] = {
    "dovecot-keywords", "maildirfolder",       "dovecot.index",  "dovecot.index.*",
    "dovecot-acl",      "dovecot-uidlist.tmp", "mailhaul-tmp.*", NULL,
};
static const char *const of_root[] = {
    "dovecot.list.index",    "dovecot.list.index.*", "dovecot-uidvalidity",
    "dovecot-uidvalidity.*", "dovecot.mailbox.log",  "dovecot.mailbox.log.*",
    "dovecot-acl-list",      "maildirsize",          NULL,
};

static bool
is_among(const char *const *patterns, const char *name)
{
    for (; *patterns != NULL; patterns++) {
        size_t len = strlen(*patterns);
        bool open_end = (*patterns)[len - 1] == '*';
        if (open_end ? strncmp(name, *patterns, len - 1) == 0 : strcmp(name, *patterns) == 0)
            return true;
    }
    return false;
}

bool
maildir_removal_made_here(const MaildirFolder *folder)
{
    MhSpan fields;
    if (folder->uidlist == NULL)
        return false;
    fields = maildir_uidlist_header_other(folder->uidlist);
    while (fields.len > 0) {
        if (mh_span_equal(maildir_uidlist_take_field(&fields),
                          mh_span_from_string(MAILDIR_REMOVAL_MARK)))
            return true;
    }
    return false;
}

/* Is there nothing in the folder but what a server can do without, and @parts (NULL: none)? */
static bool
only_known(const GPtrArray *names, const char *const *parts)
{
    static const char *const last[] = {MAILDIR_UIDLIST_FILE, MAILDIR_UIDLIST_FILE ".lock", NULL};
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (!is_among(of_folder, name) && !is_among(last, name) && !mh_is_held_name(name) &&
            (parts == NULL || !is_among(parts, name)))
            return false;
    }
    return true;
}

static const char *const parts[] = {"tmp", "new", "cur", NULL};

/* Takes away tmp, new and cur. False with errno: they are as before. */
static bool
remove_parts(int fd, mode_t mode)
{
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (unlinkat(fd, parts[i], AT_REMOVEDIR) == 0 || errno == ENOENT)
            continue;
        int errnum = errno;
        while (i-- > 0) {
            int again = mh_make_dir(fd, parts[i], mode, NULL, NULL);
            if (again >= 0)
                close(again);
        }
        errno = errnum;
        return false;
    }
    return true;
}

static bool
remove_files_of_root(int fd, const GPtrArray *names, GError **error)
{
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (!is_among(of_folder, name) && !is_among(of_root, name))
            continue;
        if (unlinkat(fd, name, 0) != 0 && errno != ENOENT)
            return mh_set_errno(error, errno, "cannot remove '%s'", name);
    }
    if (unlinkat(fd, MAILDIR_UIDLIST_FILE, 0) != 0 && errno != ENOENT)
        return mh_set_errno(error, errno, "cannot remove '%s'", MAILDIR_UIDLIST_FILE);
    return true;
}

/* Takes the folder out of the tree, whole, so that no killed run leaves a part of it that nobody
 * knows. Where something has come into it meanwhile it stays. */
static bool
move_out(MaildirTree *tree, const char *name, int fd, bool *out_removed, GError **error)
{
    g_autofree char *aside = NULL;
    int aside_fd = maildir_tree_build(tree, &aside, error);
    if (aside_fd < 0)
        return false;
    close(aside_fd);
    if (renameat(tree->fd, name, tree->build_fd, aside) != 0)
        return mh_set_errno(error, errno, "cannot remove the folder");
    g_autoptr(GPtrArray) names = mh_list_dir(fd, error);
    if (names == NULL) { /* what it holds is not known */
        mh_rename_noreplace(tree->build_fd, aside, tree->fd, name, NULL);
        return false;
    }
    if (!only_known(names, NULL))
        return mh_rename_noreplace(tree->build_fd, aside, tree->fd, name, error);
    *out_removed = true;
    return mh_remove_tree(tree->build_fd, aside, error);
}

/* The folder's lock is held. */
static bool
remove_locked(MaildirTree *tree, const char *name, int fd, bool *out_removed, GError **error)
{
    bool is_root = strcmp(name, ".") == 0;
    g_autoptr(GPtrArray) names = mh_list_dir(fd, error);
    if (names == NULL)
        return false;
    if (!is_root && !only_known(names, parts))
        return true;
    if (!remove_parts(fd, tree->options.dir_mode))
        return errno == ENOTEMPTY || errno == EEXIST ||
               mh_set_errno(error, errno, "cannot remove a directory of the folder");
    return is_root ? (*out_removed = remove_files_of_root(fd, names, error))
                   : move_out(tree, name, fd, out_removed, error);
}

bool
maildir_removal_remove(MaildirTree *tree, const char *name, bool *out_removed, GError **error)
{
    bool removed = false;
    int fd = mh_open_dir_links(tree->fd, name, MH_LINKS_REFUSE, error);
    if (fd < 0)
        return false;
    bool good = maildir_tree_lock(tree, fd, error);
    if (good) {
        good = remove_locked(tree, name, fd, &removed, error);
        good = maildir_lock_release(fd, good ? error : NULL) && good;
    }
    close(fd);
    if (good)
        *out_removed = removed;
    return good;
}
