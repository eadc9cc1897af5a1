#include "place.h"

#include "path-pattern.h"
#include "safe-file.h"

#include <string.h>
#include <unistd.h>

/* How much of @pattern, in bytes, the admin alone decided: up to the last '/' before the first
 * thing that comes from the user. */
static size_t
trusted_part(const char *pattern)
{
    const char *percent = pattern;
    while ((percent = strchr(percent, '%')) != NULL && percent[1] == '%')
        percent += 2;
    const char *end = percent != NULL ? percent : pattern + strlen(pattern);
    while (end > pattern && end[-1] != '/')
        end--;
    return (size_t)(end - pattern);
}

bool
mh_place_split(const char *pattern, const MhAccount *account, char **out_root, char **out_rest,
               GError **error)
{
    g_autofree char *path = mh_path_pattern_expand(pattern, account, error);
    if (path == NULL)
        return false;
    g_autofree char *root = NULL;
    if (g_str_has_prefix(pattern, "%h")) {
        root = g_strdup(account->home);
    } else {
        g_autofree char *head = g_strndup(pattern, trusted_part(pattern));
        root = mh_path_pattern_expand(*head != '\0' ? head : "/", account, error);
        if (root == NULL)
            return false;
    }
    size_t skip = strlen(root);
    while (path[skip] == '/')
        skip++;
    *out_rest = g_strdup(path[skip] != '\0' ? path + skip : ".");
    *out_root = g_steal_pointer(&root);
    return true;
}

int
mh_place_open(const char *pattern, const MhAccount *account, GError **error)
{
    g_autofree char *root = NULL, *rest = NULL;
    if (!mh_place_split(pattern, account, &root, &rest, error))
        return -1;
    int root_fd = mh_open_root(root, error);
    if (root_fd < 0)
        return -1;
    int fd = mh_open_dir(root_fd, rest, error);
    close(root_fd);
    return fd;
}

int
mh_place_open_parent(const char *pattern, const MhAccount *account, char **out_name, GError **error)
{
    g_autofree char *root = NULL, *rest = NULL;
    if (!mh_place_split(pattern, account, &root, &rest, error))
        return -1;
    int root_fd = mh_open_root(root, error);
    if (root_fd < 0)
        return -1;
    g_autofree char *parent = g_path_get_dirname(rest);
    int fd = mh_open_dir(root_fd, parent, error);
    close(root_fd);
    if (fd >= 0)
        *out_name = g_path_get_basename(rest);
    return fd;
}
