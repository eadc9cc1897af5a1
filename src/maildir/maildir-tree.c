#include "maildir-tree.h"

#include "file-system.h"
#include "maildir-lock.h"
#include "maildir-part.h"
#include "printable.h"
#include "safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char made_mark[] = MAILDIR_MADE_MARK;
static const char sync_file[] = "mailhaul-tmp.sync";

static MaildirTree *
tree_new(const char *path, const MaildirTreeOptions *options)
{
    MaildirTree *tree = g_new0(MaildirTree, 1);
    tree->fd = -1;
    tree->build_fd = tree->part_fd = -1;
    tree->owner = geteuid();
    tree->lock_wait_ms = MAILDIR_TREE_LOCK_S * 1000;
    tree->path = mh_printable_string(path);
    tree->options = *options;
    tree->options.trusted = NULL; /* the caller's */
    return tree;
}

/* Opens the directory @path with no link below @trusted leading out of it. */
static int
open_directory(const char *path, const char *trusted, GError **error)
{
    if (trusted == NULL || !g_str_has_prefix(path, trusted))
        return mh_open_root(path, error);
    const char *rest = path + strlen(trusted);
    rest += strspn(rest, "/");
    int trusted_fd = mh_find_root(trusted, error);
    if (trusted_fd < 0)
        return -1;
    int fd = mh_open_dir(trusted_fd, *rest != '\0' ? rest : ".", error);
    close(trusted_fd);
    return fd;
}

MaildirTree *
maildir_tree_open(const char *path, const MaildirTreeOptions *options, GError **error)
{
    g_autoptr(MaildirTree) tree = tree_new(path, options);
    g_autoptr(GError) failure = NULL;
    tree->fd = open_directory(path, options->trusted, &failure);
    if (tree->fd < 0 && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    return g_steal_pointer(&tree);
}

static bool
put_mark(int fd, uid_t uid, gid_t gid, GError **error)
{
    int mark = openat(fd, made_mark, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool made = mark >= 0 && fchown(mark, uid, gid) == 0;
    int errnum = errno;
    if (mark >= 0)
        close(mark);
    errno = errnum;
    return made || (mark < 0 && errno == EEXIST) ||
           mh_set_errno(error, errno, "cannot write '%s'", made_mark);
}

/* What mh_make_dir() has found or made aside becomes a root. Another's directory of that name
 * (others may write to a sticky directory) is not touched. */
static bool
furnish_root(int fd, uid_t uid, gid_t gid, GError **error)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || (st.st_uid != geteuid() && st.st_uid != uid))
        return mh_set_errno(error, EEXIST, "cannot make the directory");
    if (!put_mark(fd, uid, gid, error))
        return false;
    return (uid == (uid_t)-1 && gid == (gid_t)-1) || fchown(fd, uid, gid) == 0 ||
           mh_set_errno(error, errno, "cannot give the directory to user %u", (unsigned)uid);
}

int
maildir_tree_make_root(int parent_fd, const char *name, mode_t mode, uid_t uid, gid_t gid,
                       GError **error)
{
    g_autofree char *aside = g_strconcat("mailhaul-tmp.", name, NULL);
    int fd = mh_make_dir(parent_fd, aside, mode, NULL, error);
    if (fd < 0)
        return -1;
    if (furnish_root(fd, uid, gid, error) &&
        mh_rename_noreplace(parent_fd, aside, parent_fd, name, error) &&
        mh_sync_dir(parent_fd, error))
        return fd;
    close(fd);
    return -1;
}

/* Says what is left to do where neither root nor the account may make @path. */
static void
advise(const char *path, GError **error)
{
    if (!g_error_matches(*error, G_FILE_ERROR, G_FILE_ERROR_ACCES))
        return;
    g_autofree char *why = (*error)->message;
    g_autofree char *shown = mh_printable_string(path);
    (*error)->message = g_strdup_printf("%s; make '%s' as root, on its server where it is on NFS, "
                                        "and give it to user %u",
                                        why, shown, (unsigned)geteuid());
}

static int
make_root(const char *path, const MaildirTreeOptions *options, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    int parent_fd = open_directory(parent, options->trusted, error);
    if (parent_fd < 0)
        return -1;
    int fd =
        maildir_tree_make_root(parent_fd, name, options->dir_mode, (uid_t)-1, (gid_t)-1, error);
    close(parent_fd);
    return fd;
}

bool
maildir_tree_lock_whole(MaildirTree *tree, GError **error)
{
    if (flock(tree->fd, LOCK_EX | LOCK_NB) != 0)
        return mh_set_errno(error, errno,
                            errno == EWOULDBLOCK
                                ? "another run is at work on '%s'; try again when it has ended"
                                : "cannot lock '%s'",
                            tree->path);
    if (!mh_remove_tree(tree->fd, MAILDIR_BUILD_DIR, error)) {
        g_prefix_error(error, "cannot remove what a killed run left in '%s': ", tree->path);
        return false;
    }
    mh_replace_file_tidy(tree->fd, "subscriptions");
    unlinkat(tree->fd, sync_file, 0);
    return true;
}

MaildirTree *
maildir_tree_open_to_write(const char *path, const MaildirTreeOptions *options, GError **error)
{
    g_autoptr(MaildirTree) tree = maildir_tree_open(path, options, error);
    if (tree == NULL)
        return NULL;
    if (tree->fd < 0)
        tree->fd = make_root(path, options, error);
    if (tree->fd < 0) {
        g_prefix_error(error, "cannot make the target: ");
        advise(path, error);
        return NULL;
    }
    if (options->part != NULL ? !maildir_part_enter(tree, error)
                              : !maildir_tree_lock_whole(tree, error))
        return NULL;
    if (options->sync_batches && mh_file_system_of(tree->fd)->no_syncfs)
        tree->options.sync_messages = true;
    if (options->sync_batches && !tree->options.sync_messages)
        tree->ahead = maildir_ahead_new(tree->fd, MAILDIR_AHEAD_BYTES);
    return mh_look_for(tree->fd, made_mark, &tree->made_root, error) ? g_steal_pointer(&tree)
                                                                     : NULL;
}

void
maildir_tree_free(MaildirTree *tree)
{
    if (tree == NULL)
        return;
    maildir_ahead_free(tree->ahead);
    if (tree->build_fd >= 0)
        close(tree->build_fd);
    if (tree->part_fd >= 0)
        close(tree->part_fd);
    if (tree->fd >= 0)
        close(tree->fd);
    g_free(tree->path);
    g_free(tree);
}

/* Some file systems (vfat, shares of other systems) cannot hold the names of messages: that is told
 * before the first of them is written. */
static bool
try_names(int fd, const char *shown, GError **error)
{
    static const char name[] = "name:2,S";
    if (unlinkat(fd, name, 0) == 0) /* a killed run has made one */
        return true;
    int file = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0 && errno == EINVAL)
        return mh_set_errno(error, EINVAL,
                            "the file system of '%s' cannot hold ':' in file names, which Maildir "
                            "needs",
                            shown);
    if (file < 0)
        return mh_set_errno(error, errno, "cannot make a file in '%s'", shown);
    close(file);
    return unlinkat(fd, name, 0) == 0 || errno == ENOENT ||
           mh_set_errno(error, errno, "cannot remove a file in '%s'", shown);
}

static bool
begin_build(MaildirTree *tree, GError **error)
{
    const MaildirPart *part = tree->options.part;
    g_autofree char *name = part != NULL ? g_strdup_printf("%u", part->number) : NULL;
    int fd =
        mh_make_dir(part != NULL ? tree->part_fd : tree->fd,
                    part != NULL ? name : MAILDIR_BUILD_DIR, tree->options.dir_mode, NULL, error);
    if (fd < 0)
        return false;
    if (!try_names(fd, tree->path, error)) {
        close(fd);
        return false;
    }
    tree->build_fd = fd;
    return true;
}

int
maildir_tree_build(MaildirTree *tree, char **out_name, GError **error)
{
    if (tree->build_fd < 0 && !begin_build(tree, error))
        return -1;
    for (;;) { /* what could not be removed yet has a number, too */
        g_autofree char *name = g_strdup_printf("%u", ++tree->builds);
        bool made = false;
        int fd = mh_make_dir(tree->build_fd, name, tree->options.dir_mode, &made, error);
        if (fd < 0 || made) {
            *out_name = g_steal_pointer(&name);
            return fd;
        }
        close(fd);
    }
}

GPtrArray *
maildir_tree_folders(const MaildirTree *tree, GError **error)
{
    g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);
    if (tree->fd < 0)
        return g_steal_pointer(&folders);
    g_autoptr(GPtrArray) names = mh_list_dir(tree->fd, error);
    if (names == NULL)
        return NULL;
    g_ptr_array_add(folders, g_strdup("."));
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        struct stat st;
        if (name[0] != '.')
            continue;
        bool there = fstatat(tree->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
        if (!there && errno != ENOENT) {
            mh_set_errno(error, errno, "cannot look at '%s' in '%s'", name, tree->path);
            return NULL;
        }
        if (there && S_ISDIR(st.st_mode))
            g_ptr_array_add(folders, g_strdup(name));
    }
    return g_steal_pointer(&folders);
}

bool
maildir_tree_lock(MaildirTree *tree, int folder_fd, GError **error)
{
    int64_t since = g_get_monotonic_time();
    bool taken = maildir_lock_take(folder_fd, tree->lock_wait_ms, error);
    int64_t waited_ms = (g_get_monotonic_time() - since) / 1000;
    tree->lock_wait_ms -= (unsigned)MIN(waited_ms, (int64_t)tree->lock_wait_ms);
    return taken;
}

/* Where syncfs(2) does not reach the disk: a file that is synced takes along what came before it,
 * where there is a journal; and a directory, where its own sync is handed on. */
static bool
sync_by_file(const MaildirTree *tree, GError **error)
{
    int fd = openat(tree->fd, sync_file, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == ENOENT || /* the root has been removed */
               mh_set_errno(error, errno, "cannot make a file in '%s'", tree->path);
    bool good = mh_write_all(fd, MH_SPAN_LITERAL("\n"), error);
    if (good && fsync(fd) != 0)
        good = mh_set_errno(error, errno, "cannot sync a file in '%s'", tree->path);
    close(fd);
    unlinkat(tree->fd, sync_file, 0);
    return good && mh_sync_dir(tree->fd, error);
}

bool
maildir_tree_sync(MaildirTree *tree, GError **error)
{
    if (!tree->options.sync_batches)
        return true;
    if (syncfs(tree->fd) != 0)
        return mh_set_errno(error, errno, "cannot sync the file system of '%s'", tree->path);
    return !tree->options.sync_messages || sync_by_file(tree, error);
}

bool
maildir_tree_settle_root(MaildirTree *tree, GError **error)
{
    if (!tree->root_unsynced)
        return true;
    tree->root_unsynced = false;
    return mh_sync_dir(tree->fd, error);
}

static void
close_build(MaildirTree *tree)
{
    if (tree->build_fd >= 0)
        close(tree->build_fd);
    tree->build_fd = -1;
}

bool
maildir_tree_tidy(MaildirTree *tree, GError **error)
{
    close_build(tree);
    /* An INBOX in place says itself that its root is ours. */
    bool has_inbox = false;
    if (tree->made_root && !mh_look_for(tree->fd, "cur", &has_inbox, error))
        return false;
    if (has_inbox && unlinkat(tree->fd, made_mark, 0) != 0 && errno != ENOENT)
        return mh_set_errno(error, errno, "cannot remove '%s' in '%s'", made_mark, tree->path);
    return mh_remove_tree(tree->fd, MAILDIR_BUILD_DIR, error);
}

bool
maildir_tree_finish(MaildirTree *tree, GError **error)
{
    if (tree->options.part == NULL)
        return maildir_tree_settle_root(tree, error) && maildir_tree_tidy(tree, error);
    close_build(tree);
    return maildir_part_leave(tree, error);
}
