#include "maildir-restore.h"

#include "maildir-index.h"
#include "size-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ACL_FILE "dovecot-acl"

/* A list of ours, and what keeps the one that was there before. */
static const struct {
    const char *name, *before, *aside;
} lists[] = {
    {MAILDIR_KEYWORDS_FILE, "mailhaul." MAILDIR_KEYWORDS_FILE,
     "mailhaul-tmp." MAILDIR_KEYWORDS_FILE},
    {MAILDIR_UIDLIST_FILE, "mailhaul." MAILDIR_UIDLIST_FILE, "mailhaul-tmp." MAILDIR_UIDLIST_FILE},
};

static bool
remove_file(int dirfd, const char *name, GError **error)
{
    return unlinkat(dirfd, name, 0) == 0 || errno == ENOENT ||
           mh_set_errno(error, errno, "cannot remove '%s'", name);
}

bool
maildir_restore_keep(int folder_fd, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (!remove_file(folder_fd, lists[i].before, error))
            return false;
        if (linkat(folder_fd, lists[i].name, folder_fd, lists[i].before, 0) != 0 && errno != ENOENT)
            return mh_set_errno(error, errno, "cannot keep '%s'", lists[i].name);
    }
    return true;
}

bool
maildir_restore_has_new_list(int folder_fd)
{
    struct stat record, list, before;
    return fstatat(folder_fd, MAILDIR_OLD_NAMES_FILE, &record, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(folder_fd, MAILDIR_UIDLIST_FILE, &list, AT_SYMLINK_NOFOLLOW) == 0 &&
           (fstatat(folder_fd, "mailhaul." MAILDIR_UIDLIST_FILE, &before, AT_SYMLINK_NOFOLLOW) !=
                0 ||
            before.st_ino != list.st_ino);
}

/* ---- names -------------------------------------------------------------------------------- */

static int
directory_of(const MaildirFolder *folder, const char *path)
{
    return g_str_has_prefix(path, "new/") ? folder->new_fd : folder->cur_fd;
}

/* Gone meanwhile is fine. */
static bool
give_back(const MaildirFolder *folder, const char *from, const char *to, GError **error)
{
    g_autoptr(GError) failure = NULL;
    if (mh_rename_in_sight(directory_of(folder, from), from + 4, directory_of(folder, to), to + 4,
                           &failure) ||
        g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                               "cannot give a message its old name: ");
    return false;
}

bool
maildir_restore_names(const MaildirFolder *folder, const MaildirOldNames *names, bool dry_run,
                      size_t *out_count, GError **error)
{
    *out_count = 0;
    for (guint i = 0; i < folder->index.messages->len; i++) {
        const MhTargetMessage *message = mh_target_index_get(&folder->index, i);
        g_autofree char *path = g_strconcat(message->is_new ? "new/" : "cur/",
                                            maildir_folder_file(folder, message), NULL);
        g_autofree char *old = maildir_old_names_restore(names, path);
        if (old == NULL)
            continue;
        if (!dry_run && !give_back(folder, path, old, error))
            return false;
        (*out_count)++;
    }
    if (dry_run || *out_count == 0)
        return true;
    return mh_sync_dir(folder->cur_fd, error) &&
           (folder->new_fd < 0 || mh_sync_dir(folder->new_fd, error));
}

/* ---- state -------------------------------------------------------------------------------- */

/* The list that was there before comes into place again, and stays aside until all is done. */
static bool
restore_list(int folder_fd, size_t i, GError **error)
{
    if (!remove_file(folder_fd, lists[i].aside, error))
        return false;
    if (linkat(folder_fd, lists[i].before, folder_fd, lists[i].aside, 0) != 0)
        return errno == ENOENT ? remove_file(folder_fd, lists[i].name, error)
                               : mh_set_errno(error, errno, "cannot restore '%s'", lists[i].name);
    return renameat(folder_fd, lists[i].aside, folder_fd, lists[i].name) == 0 ||
           mh_set_errno(error, errno, "cannot restore '%s'", lists[i].name);
}

static bool
remove_acl(int folder_fd, const char *acl, GError **error)
{
    struct stat st;
    if (acl == NULL)
        return true;
    if (fstatat(folder_fd, ACL_FILE, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || mh_set_errno(error, errno, "cannot look at '%s'", ACL_FILE);
    if (!S_ISREG(st.st_mode) || (size_t)st.st_size != strlen(acl))
        return true;
    g_autoptr(GBytes) text =
        mh_read_file(folder_fd, ACL_FILE, MH_LIMIT_STATE_FILE_BYTES, NULL, error);
    if (text == NULL)
        return false;
    if (!mh_span_equal(mh_span_from_bytes(text), mh_span_from_string(acl)))
        return true;
    return remove_file(folder_fd, ACL_FILE, error);
}

/* Files whose names begin so. */
static bool
remove_all(int dirfd, const char *const *beginnings, GError **error)
{
    g_autoptr(GPtrArray) names = mh_list_dir(dirfd, error);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        for (const char *const *start = beginnings; *start != NULL; start++) {
            if (g_str_has_prefix(names->pdata[i], *start) &&
                !remove_file(dirfd, names->pdata[i], error))
                return false;
        }
    }
    return names != NULL;
}

static void
tidy(int folder_fd)
{
    mh_replace_file_tidy(folder_fd, MAILDIR_OLD_NAMES_FILE);
    mh_replace_file_tidy(folder_fd, ACL_FILE);
    maildir_index_tidy(folder_fd);
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        unlinkat(folder_fd, lists[i].before, 0);
        unlinkat(folder_fd, lists[i].aside, 0);
    }
}

bool
maildir_restore_rest(int folder_fd, const char *acl, GError **error)
{
    tidy(folder_fd);
    return remove_acl(folder_fd, acl, error);
}

bool
maildir_restore_state(int folder_fd, const char *acl, GError **error)
{
    static const char *const of_server[] = {"dovecot.index", MAILDIR_UIDLIST_FILE ".tmp", NULL};
    if (!remove_acl(folder_fd, acl, error) || !remove_all(folder_fd, of_server, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (!restore_list(folder_fd, i, error))
            return false;
    }
    if (!mh_sync_dir(folder_fd, error) || !remove_file(folder_fd, MAILDIR_OLD_NAMES_FILE, error))
        return false;
    tidy(folder_fd);
    return true;
}

bool
maildir_restore_root(int root_fd, GError **error)
{
    static const char *const of_server[] = {"dovecot.list.index", "dovecot-uidvalidity",
                                            "dovecot.mailbox.log", "dovecot-acl-list", NULL};
    return remove_all(root_fd, of_server, error);
}
