#include "courier-shared.h"

#include "courier/courier-folder-name.h"
#include "courier/courier-source.h"
#include "safe-file.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* The names in @dir, sorted; none where it is no directory. NULL with @error when that cannot be
 * said. */
static GPtrArray *
list(const MhCourierWatch *courier, const char *dir, GError **error)
{
    GError *failure = NULL;
    mh_courier_watch_place(courier, dir);
    int fd = mh_open_dir_links(courier->root_fd, dir, MH_LINKS_REFUSE, &failure);
    if (fd < 0)
        return mh_is_answer(failure, error) ? g_ptr_array_new() : NULL;
    GPtrArray *names = mh_list_dir(fd, error);
    close(fd);
    return names;
}

/* Is @path/cur a directory? False with @error when that cannot be said. */
static bool
look_for_cur(int fd, const char *path, MhLinks links, bool *out_there, GError **error)
{
    g_autofree char *cur = g_build_filename(path, "cur", NULL);
    GError *failure = NULL;
    struct stat st;
    *out_there = mh_stat(fd, cur, links, &st, &failure) && S_ISDIR(st.st_mode);
    return mh_is_answer(failure, error);
}

/* Adds the folders in "shared-folders/NAME". */
static bool
list_folders(const MhCourierWatch *courier, const char *name, GPtrArray *found, GError **error)
{
    g_autofree char *top = g_build_filename(MH_COURIER_SHARED_DIR, name, NULL);
    g_autoptr(GPtrArray) folders = list(courier, top, error);
    for (guint i = 0; folders != NULL && i < folders->len; i++) {
        g_autofree char *dir = g_build_filename(top, folders->pdata[i], NULL);
        bool is_maildir;
        if (!courier_folder_path_valid(mh_span_from_string(folders->pdata[i])))
            continue;
        if (!look_for_cur(courier->root_fd, dir, MH_LINKS_REFUSE, &is_maildir, error))
            return false;
        if (is_maildir)
            g_ptr_array_add(found, g_steal_pointer(&dir));
    }
    return folders != NULL;
}

GPtrArray *
mh_courier_shared_list(const MhCourierWatch *courier, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) names = list(courier, MH_COURIER_SHARED_DIR, error);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        if (courier_folder_path_valid(mh_span_from_string(names->pdata[i])) &&
            !list_folders(courier, names->pdata[i], found, error))
            return NULL;
    }
    return names != NULL ? g_steal_pointer(&found) : NULL;
}

MhCourierShared
mh_courier_shared_find(const MhCourierWatch *courier, const char *dir, const char *root,
                       int shared_fd, GError **error)
{
    int fd = mh_open_dir_links(courier->root_fd, dir, MH_LINKS_REFUSE, NULL);
    char target[PATH_MAX];
    ssize_t len = fd >= 0 ? readlinkat(fd, "shared", target, sizeof target) : -1;
    if (fd >= 0)
        close(fd);
    if (len < 0) /* without it the links to messages are all there is */
        return MH_COURIER_SHARED_THERE;
    g_autofree char *path = courier_source_shared_path(root, mh_span(target, (size_t)len));
    if (path == NULL)
        return MH_COURIER_SHARED_AWAY;
    g_autofree char *maildir = g_path_get_dirname(path);
    bool is_there, maildir_is_there;
    if (!look_for_cur(shared_fd, path, MH_LINKS_BENEATH, &is_there, error) ||
        !look_for_cur(shared_fd, maildir, MH_LINKS_BENEATH, &maildir_is_there, error))
        return MH_COURIER_SHARED_AWAY;
    if (is_there)
        return MH_COURIER_SHARED_THERE;
    return maildir_is_there ? MH_COURIER_SHARED_GONE : MH_COURIER_SHARED_AWAY;
}

const char *
mh_courier_shared_obstacle(const MhAccount *account, bool in_place)
{
    if (in_place)
        return "a conversion in place makes no copies";
    /* Otherwise it may read what the user may not (privileges.h). */
    if (!account->has_ids || account->uid != geteuid())
        return "mail of others is read with the user's own rights only, and the target is not his";
    return NULL;
}
