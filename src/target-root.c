#include "target-root.h"

#include "maildir/maildir-tree.h"
#include "place.h"
#include "safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
mh_is_roots_place(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_uid == 0 &&
           ((st.st_mode & 0022) == 0 || (st.st_mode & S_ISVTX) != 0);
}

/* Others may make something in the directory @fd, too. */
static bool
is_everyones(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (st.st_mode & 0002) != 0;
}

bool
mh_is_roots_alone(int fd)
{
    return mh_is_roots_place(fd) && !is_everyones(fd);
}

bool
mh_is_out_of_reach(const char *path, const MhAccount *account)
{
    g_autofree char *whole = g_canonicalize_filename(path, "/");
    struct stat st;
    if (!account->has_ids || account->uid == 0) /* root's directories are the system's */
        return true;
    for (char *slash = whole; slash != NULL;) {
        slash = strchr(slash + 1, '/');
        g_autofree char *part = slash != NULL ? g_strndup(whole, (gsize)(slash - whole)) : NULL;
        if (lstat(part != NULL ? part : whole, &st) != 0)
            return errno == ENOENT; /* what is not there leads nowhere */
        if (S_ISLNK(st.st_mode) && st.st_uid == account->uid)
            return false;
        if (part != NULL && (stat(part, &st) != 0 || st.st_uid == account->uid))
            return false;
    }
    return true;
}

/* Opens the directory that the admin chose, making what is missing of it. -1 with @error, or
 * without when root may not make it. */
static int
open_trusted(const char *path, GError **error) /* NOLINT(misc-no-recursion): to a parent */
{
    g_autoptr(GError) missing = NULL;
    int fd = mh_open_root(path, &missing);
    if (fd >= 0 || !g_error_matches(missing, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        if (fd < 0)
            g_propagate_error(error, g_steal_pointer(&missing));
        return fd;
    }
    g_autofree char *whole = g_canonicalize_filename(path, "/");
    g_autofree char *parent = g_path_get_dirname(whole), *name = g_path_get_basename(whole);
    int parent_fd = open_trusted(parent, error);
    if (parent_fd < 0)
        return -1;
    if (mh_is_roots_place(parent_fd))
        fd = mh_make_dir(parent_fd, name, 0755, NULL, error);
    close(parent_fd);
    return fd;
}

typedef struct {
    mode_t mode;
    uid_t uid;
    gid_t gid;
} Owner;

/* Makes @name in the directory @parent_fd where root may; -1 with @error, or without. What @owner
 * can make as well is left to them. */
static int
make_component(int parent_fd, const char *name, const Owner *owner, GError **error)
{
    if (owner != NULL ? !mh_is_roots_alone(parent_fd) : !mh_is_roots_place(parent_fd))
        return -1;
    return owner == NULL ? mh_make_dir(parent_fd, name, 0755, NULL, error)
                         : maildir_tree_make_root(parent_fd, name, owner->mode, owner->uid,
                                                  owner->gid, error);
}

/* Is it the machine that failed, rather than something of the account's that is in the way? */
static bool
is_machines(const GError *error)
{
    return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_IO) ||
           g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM) ||
           g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_MFILE) ||
           g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NFILE);
}

/* Goes from @fd, which is closed, along the components of @rest, making what is missing where root
 * may. The last one is @owner's. False with @error only. */
static bool
make_below(int fd, const char *rest, const Owner *owner, GError **error)
{
    g_auto(GStrv) names = g_strsplit(rest, "/", -1);
    g_autoptr(GError) failure = NULL;
    for (size_t i = 0; names[i] != NULL && fd >= 0; i++) {
        g_autoptr(GError) missing = NULL;
        if (*names[i] == '\0' || strcmp(names[i], ".") == 0)
            continue;
        int next = mh_open_dir_links(fd, names[i], MH_LINKS_REFUSE, &missing);
        if (next < 0 && g_error_matches(missing, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            next = make_component(fd, names[i], names[i + 1] == NULL ? owner : NULL, &failure);
        else if (next < 0 && is_machines(missing))
            g_propagate_error(&failure, g_steal_pointer(&missing));
        close(fd);
        fd = next;
    }
    if (fd >= 0)
        close(fd);
    if (failure == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

bool
mh_target_root_prepare(const MhJob *job, const MhAccount *account, uid_t uid, gid_t gid,
                       GError **error)
{
    const MhSettings *settings = job->settings;
    g_autofree char *root = NULL, *rest = NULL;
    g_autoptr(GError) failure = NULL;
    Owner owner = {settings->mode | (settings->mode & 0444) >> 2, uid, gid};
    if (geteuid() != 0 || uid == 0 || job->task != MH_TASK_MIGRATE)
        return true;
    if (!mh_place_split(settings->maildir, account, &root, &rest, error))
        return false;
    if (!mh_is_out_of_reach(root, account))
        return true;
    /* A home is nobody's to make but the system's. */
    int fd = g_str_has_prefix(settings->maildir, "%h") ? mh_open_root(root, &failure)
                                                       : open_trusted(root, &failure);
    if (fd >= 0)
        make_below(fd, rest, &owner, &failure);
    /* Over NFS root is nobody, most often: the account may be let in all the same. */
    if (failure == NULL || g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_ACCES))
        return true;
    g_propagate_prefixed_error(error, g_steal_pointer(&failure), "cannot make the target: ");
    return false;
}

void
mh_target_root_retire(const MhJob *job, const MhAccount *account)
{
    g_autofree char *root = NULL, *rest = NULL, *name = NULL;
    if (!mh_place_split(job->settings->maildir, account, &root, &rest, NULL) ||
        !mh_is_out_of_reach(root, account))
        return;
    int fd = mh_place_open_parent(job->settings->maildir, account, &name, NULL);
    if (fd >= 0 && mh_is_roots_place(fd) && unlinkat(fd, name, AT_REMOVEDIR) == 0)
        mh_sync_dir(fd, NULL); /* what is not empty stays */
    if (fd >= 0)
        close(fd);
}
