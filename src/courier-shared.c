#include "courier-shared.h"

#include "courier/courier-folder-name.h"
#include "courier/courier-source.h"
#include "safe-file.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* The names of directories in @dir, sorted. NULL: it is no directory. */
static GPtrArray *
list(const MhCourierWatch *courier, const char *dir)
{
    mh_courier_watch_place(courier, dir);
    int fd = mh_open_dir_links(courier->root_fd, dir, MH_LINKS_REFUSE, NULL);
    GPtrArray *names = fd >= 0 ? mh_list_dir(fd, NULL) : NULL;
    if (fd >= 0)
        close(fd);
    return names;
}

static bool
is_maildir(const MhCourierWatch *courier, const char *dir)
{
    g_autofree char *cur = g_build_filename(dir, "cur", NULL);
    struct stat st;
    return mh_stat(courier->root_fd, cur, MH_LINKS_REFUSE, &st, NULL) && S_ISDIR(st.st_mode);
}

GPtrArray *
mh_courier_shared_list(const MhCourierWatch *courier)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) names = list(courier, MH_COURIER_SHARED_DIR);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *top = g_build_filename(MH_COURIER_SHARED_DIR, names->pdata[i], NULL);
        g_autoptr(GPtrArray) folders = list(courier, top);
        for (guint k = 0; folders != NULL && k < folders->len; k++) {
            g_autofree char *dir = g_build_filename(top, folders->pdata[k], NULL);
            if (courier_folder_path_valid(mh_span_from_string(names->pdata[i])) &&
                courier_folder_path_valid(mh_span_from_string(folders->pdata[k])) &&
                is_maildir(courier, dir))
                g_ptr_array_add(found, g_steal_pointer(&dir));
        }
    }
    return found;
}

static bool
is_directory(int fd, const char *path, const char *below)
{
    g_autofree char *full = g_build_filename(path, below, NULL);
    struct stat st;
    return mh_stat(fd, full, MH_LINKS_BENEATH, &st, NULL) && S_ISDIR(st.st_mode);
}

MhCourierShared
mh_courier_shared_find(const MhCourierWatch *courier, const char *dir, const char *root,
                       int shared_fd)
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
    if (is_directory(shared_fd, path, "cur"))
        return MH_COURIER_SHARED_THERE;
    g_autofree char *maildir = g_path_get_dirname(path);
    return is_directory(shared_fd, maildir, "cur") ? MH_COURIER_SHARED_GONE
                                                   : MH_COURIER_SHARED_AWAY;
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
