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
    MhSpan fields, field;
    if (folder->uidlist == NULL)
        return false;
    fields = maildir_uidlist_header_other(folder->uidlist);
    while (mh_span_take_word(&fields, &field)) {
        if (mh_span_equal(field, mh_span_from_string(MAILDIR_REMOVAL_MARK)))
            return true;
    }
    return false;
}

/* Is there nothing but what a server can do without? */
static bool
only_known(const GPtrArray *names, bool is_root)
{
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        bool part = strcmp(name, MAILDIR_UIDLIST_FILE ".lock") == 0 || strcmp(name, "cur") == 0 ||
                    strcmp(name, "new") == 0 || strcmp(name, "tmp") == 0 ||
                    strcmp(name, MAILDIR_UIDLIST_FILE) == 0;
        if (!part && !is_root && !is_among(of_folder, name))
            return false;
    }
    return true;
}

/* Takes away tmp, new and cur. False with errno: they are as before. */
static bool
remove_parts(int fd, mode_t mode)
{
    static const char *const parts[] = {"tmp", "new", "cur"};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
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
remove_files(int fd, const GPtrArray *names, bool is_root, GError **error)
{
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (!is_among(of_folder, name) && !(is_root && is_among(of_root, name)))
            continue;
        if (unlinkat(fd, name, 0) != 0 && errno != ENOENT)
            return mh_set_errno(error, errno, "cannot remove '%s'", name);
    }
    if (unlinkat(fd, MAILDIR_UIDLIST_FILE, 0) != 0 && errno != ENOENT)
        return mh_set_errno(error, errno, "cannot remove '%s'", MAILDIR_UIDLIST_FILE);
    return true;
}

/* The folder's lock is held. */
static bool
remove_locked(MaildirTree *tree, int fd, bool is_root, bool *out_removed, GError **error)
{
    g_autoptr(GPtrArray) names = mh_list_dir(fd, error);
    if (names == NULL)
        return false;
    if (!only_known(names, is_root))
        return true;
    if (!remove_parts(fd, tree->options.dir_mode))
        return errno == ENOTEMPTY || errno == EEXIST ||
               mh_set_errno(error, errno, "cannot remove a directory of the folder");
    *out_removed = true;
    return remove_files(fd, names, is_root, error);
}

bool
maildir_removal_remove(MaildirTree *tree, const char *name, bool *out_removed, GError **error)
{
    bool is_root = strcmp(name, ".") == 0, removed = false;
    int fd = mh_open_dir_links(tree->fd, name, MH_LINKS_REFUSE, error);
    if (fd < 0)
        return false;
    bool good = maildir_tree_lock(tree, fd, error);
    if (good) {
        good = remove_locked(tree, fd, is_root, &removed, error);
        good = maildir_lock_release(fd, good ? error : NULL) && good;
    }
    if (good && removed && !is_root && unlinkat(tree->fd, name, AT_REMOVEDIR) != 0 &&
        errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
        good = mh_set_errno(error, errno, "cannot remove the directory '%s'", name);
    close(fd);
    if (good)
        *out_removed = removed;
    return good;
}
