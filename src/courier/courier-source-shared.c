/* The links of courier-source that stand for mail which others share. */
#include "courier-file-name.h"
#include "courier-source-private.h"
#include "keyed-hash.h"
#include "printable.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

char *
courier_source_shared_path(const char *root, MhSpan target)
{
    size_t root_len = strlen(root);
    while (root_len > 0 && root[root_len - 1] == '/')
        root_len--;
    if (target.len >= PATH_MAX || target.len < root_len + 2 ||
        memcmp(target.data, root, root_len) != 0 || target.data[root_len] != '/')
        return NULL;
    return mh_span_dup(mh_span_from(target, root_len + 1));
}

/* What the link says, below the directory that the admin named. g_free(). NULL without @error:
 * elsewhere. */
static char *
path_in_link(const CourierSource *source, const char *name, bool is_new, GError **error)
{
    char target[PATH_MAX];
    ssize_t len = readlinkat(courier_source_directory(source, is_new), name, target, sizeof target);
    if (len < 0) {
        g_autofree char *shown = mh_printable_string(name);
        mh_set_errno(error, errno, "cannot read the link '%s'", shown);
        return NULL;
    }
    return courier_source_shared_path(source->options.shared_path, mh_span(target, (size_t)len));
}

/* The names of the messages in the directory @dir, by their base names. */
static bool
list_shared(CourierSource *source, const char *dir, GError **error)
{
    GError *failure = NULL;
    int fd = mh_open_dir(source->options.shared_fd, dir, &failure);
    g_autoptr(GPtrArray) names = fd >= 0 ? mh_list_dir(fd, &failure) : NULL;
    if (fd >= 0)
        close(fd);
    if (!mh_is_answer(failure, error))
        return false;
    g_clear_pointer(&source->shared_names, g_hash_table_unref);
    source->shared_names = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, g_free);
    g_free(source->shared_dir);
    source->shared_dir = g_strdup(dir);
    for (guint i = 0; names != NULL && i < names->len; i++)
        g_hash_table_insert(
            source->shared_names,
            mh_span_dup(courier_file_name_base(mh_span_from_string(names->pdata[i]))),
            g_strdup(names->pdata[i]));
    return true;
}

/* Somebody has changed the flags of the message, and so its name: Courier would make the link anew
 * at the user's next visit. g_free(). NULL without @error: it is not shared any more. */
static char *
path_by_base(CourierSource *source, const char *path, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *base = mh_span_dup(courier_file_name_base(mh_span_from_string(name)));
    if (g_strcmp0(dir, source->shared_dir) != 0 && !list_shared(source, dir, error))
        return NULL;
    const char *now = g_hash_table_lookup(source->shared_names, base);
    return now != NULL ? g_build_filename(dir, now, NULL) : NULL;
}

/* Where the file of the link is now: @path, or one of another name beside it. It is opened, for the
 * user may have to be told that it cannot be. NULL without @error: it is not shared any more. */
static char *
find_shared(CourierSource *source, const char *path, struct stat *out_stat, GError **error)
{
    GError *failure = NULL;
    g_autofree char *now = g_strdup(path);
    int fd = mh_open_file(source->options.shared_fd, path, MH_LINKS_BENEATH, out_stat, &failure);
    if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_clear_error(&failure);
        g_free(now);
        now = path_by_base(source, path, error);
        if (now == NULL)
            return NULL;
        fd = mh_open_file(source->options.shared_fd, now, MH_LINKS_BENEATH, out_stat, &failure);
    }
    if (fd < 0) {
        g_propagate_error(error, failure);
        return NULL;
    }
    close(fd);
    return g_steal_pointer(&now);
}

bool
courier_source_follow_shared(CourierSource *source, const char *name, bool is_new,
                             struct stat *out_stat, char **out_path, MhFindings *findings,
                             GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *shown = mh_printable_string(name);
    g_autofree char *path = path_in_link(source, name, is_new, &failure);
    *out_path = NULL;
    if (path != NULL)
        *out_path = find_shared(source, path, out_stat, &failure);
    else if (failure == NULL)
        mh_findings_add(findings, MH_FINDING_COURIER_MESSAGE_LINK_OUT, "%s", shown);
    if (failure != NULL && !mh_says_what_is_there(failure)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (failure != NULL)
        mh_findings_add(findings, MH_FINDING_COURIER_SHARED_UNREADABLE, "%s: %s", shown,
                        failure->message);
    return true;
}
