#include "courier-watch.h"

#include "safe-path.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static char *
path_below_place(const MhCourierWatch *courier, const char *path)
{
    if (strcmp(courier->rest, ".") == 0)
        return g_strdup(path);
    return strcmp(path, ".") == 0 ? g_strdup(courier->rest)
                                  : g_build_filename(courier->rest, path, NULL);
}

/* What is at @path of the Maildir; a link counts as what it leads to. False: nothing, or it cannot
 * be said what. */
static bool
look(const MhCourierWatch *courier, const char *path, bool *out_follow, MhStamp *out_stamp)
{
    struct stat st;
    int failed = mh_safe_path_stat(courier->root_fd, path, MH_LINKS_REFUSE, &st);
    *out_follow = failed == -ELOOP;
    if (*out_follow)
        failed = mh_safe_path_stat(courier->root_fd, path, MH_LINKS_BENEATH, &st);
    if (failed != 0)
        return false;
    *out_stamp = mh_stamp_of(&st);
    return true;
}

/* The stamp is zero when nothing is there. */
static MhStamp
watch_place(const MhCourierWatch *courier, const char *path)
{
    bool follow;
    MhStamp stamp = {0};
    bool there = look(courier, path, &follow, &stamp);
    g_autofree char *full = path_below_place(courier, path);
    mh_watch_add(courier->watch, courier->place, full, follow, there ? &stamp : NULL);
    return mh_watch_settle(courier->watch, courier->place, &stamp);
}

void
mh_courier_watch_place(const MhCourierWatch *courier, const char *path)
{
    watch_place(courier, path);
}

void
mh_courier_watch_root(const MhCourierWatch *courier)
{
    static const char *const files[] = {"courierimapsubscribed", "maildirsize",
                                        "courierimaphieracl"};
    struct stat st;
    g_autofree char *full = path_below_place(courier, ".");
    bool known = fstat(courier->root_fd, &st) == 0;
    g_autoptr(GPtrArray) names = known ? mh_list_dir(courier->root_fd, NULL) : NULL;
    if (names != NULL) {
        MhStamp stamp = mh_stamp_of(&st);
        mh_watch_add_dir(courier->watch, courier->place, full, &stamp, names);
    } else { /* what is there next time is something else then */
        mh_watch_add(courier->watch, courier->place, full, false, NULL);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        watch_place(courier, files[i]);
}

void
mh_courier_watch_folder(const MhCourierWatch *courier, const char *dir, GArray *stamps)
{
    static const char *const places[] = {"cur",
                                         "new",
                                         "courierimapuiddb",
                                         "courierimapkeywords",
                                         "courierimapacl",
                                         "courierpop3dsizelist",
                                         "courierimapkeywords/:list"};
    bool is_inbox = strcmp(dir, ".") == 0;
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        if (!is_inbox && strcmp(places[i], "courierpop3dsizelist") == 0)
            continue;
        g_autofree char *path =
            is_inbox ? g_strdup(places[i]) : g_build_filename(dir, places[i], NULL);
        MhStamp stamp = watch_place(courier, path);
        g_array_append_val(stamps, stamp);
    }
}
