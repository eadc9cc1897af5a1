#include "place.h"

#include "path-pattern.h"
#include "safe-path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* How much of @pattern, in bytes, is not the user's to change: what lies in a directory of the
 * user's name is. So it ends behind the last component, other than the final one, that names the
 * user; without such a one, before the final component. */
static size_t
trusted_part(const char *pattern)
{
    size_t trusted = 0;
    bool here = false, above = false; /* the user is named in this component, in one above */
    for (const char *c = pattern; *c != '\0'; c++) {
        if (*c == '%' && *++c != '%')
            here = true;
        if (*c == '\0')
            break;
        if (*c != '/')
            continue;
        if (here || !above)
            trusted = (size_t)(c + 1 - pattern);
        above = above || here;
        here = false;
    }
    return trusted;
}

bool
mh_place_split(const char *pattern, const MhAccount *account, char **out_root, char **out_rest,
               GError **error)
{
    size_t len = strlen(pattern);
    while (len > 1 && pattern[len - 1] == '/')
        len--;
    g_autofree char *whole = g_strndup(pattern, len);
    g_autofree char *path = mh_path_pattern_expand(whole, account, error);
    if (path == NULL)
        return false;
    g_autofree char *root = NULL;
    if (g_str_has_prefix(whole, "%h")) {
        root = g_strdup(account->home);
    } else {
        g_autofree char *head = g_strndup(whole, trusted_part(whole));
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

/* Finds @path below the directory @root; -errno when it cannot. */
static int
find_below(const char *root, const char *path)
{
    int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0)
        return -errno;
    int fd = mh_safe_path_find(root_fd, path, MH_LINKS_BENEATH);
    close(root_fd);
    return fd;
}

int
mh_place_find(const char *pattern, const MhAccount *account)
{
    g_autofree char *root = NULL, *rest = NULL;
    return mh_place_split(pattern, account, &root, &rest, NULL) ? find_below(root, rest) : -ENOENT;
}

int
mh_place_find_parent(const char *pattern, const MhAccount *account, char **out_name)
{
    g_autofree char *root = NULL, *rest = NULL;
    if (!mh_place_split(pattern, account, &root, &rest, NULL))
        return -ENOENT;
    g_autofree char *parent = g_path_get_dirname(rest);
    int fd = find_below(root, parent);
    if (fd >= 0)
        *out_name = g_path_get_basename(rest);
    return fd;
}

int
mh_place_open(const char *pattern, const MhAccount *account, GError **error)
{
    g_autofree char *root = NULL, *rest = NULL;
    if (!mh_place_split(pattern, account, &root, &rest, error))
        return -1;
    int root_fd = mh_find_root(root, error);
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
    int root_fd = mh_find_root(root, error);
    if (root_fd < 0)
        return -1;
    g_autofree char *parent = g_path_get_dirname(rest);
    int fd = mh_open_dir(root_fd, parent, error);
    close(root_fd);
    if (fd >= 0)
        *out_name = g_path_get_basename(rest);
    return fd;
}
