#include "account-size.h"

#include "place.h"
#include "safe-file.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

/* An account is worth this many looks. */
#define ENTRIES_MAX 2000

/* Adds the sizes of what is in the directory @fd, which is closed; @levels of directories below it
 * are looked into. */
static uint64_t
add_directory(int fd, int levels, unsigned *entries) /* NOLINT(misc-no-recursion) */
{
    uint64_t sum = 0;
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return 0;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL && *entries < ENTRIES_MAX;) {
        struct stat st;
        bool is_dots =
            entry->d_name[0] == '.' &&
            (entry->d_name[1] == '\0' || (entry->d_name[1] == '.' && entry->d_name[2] == '\0'));
        if (is_dots || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        (*entries)++;
        sum += (uint64_t)MAX(st.st_size, 0);
        if (!S_ISDIR(st.st_mode) || levels == 0)
            continue;
        int below = mh_open_dir_links(dirfd(dir), entry->d_name, MH_LINKS_REFUSE, NULL);
        if (below >= 0)
            sum += add_directory(below, levels - 1, entries);
    }
    closedir(dir);
    return sum;
}

uint64_t
mh_account_size(const MhSettings *settings, const MhAccount *account)
{
    uint64_t sum = 0;
    unsigned entries = 0;
    g_autofree char *name = NULL;
    struct stat st;
    int parent =
        settings->inbox != NULL ? mh_place_open_parent(settings->inbox, account, &name, NULL) : -1;
    if (parent >= 0 && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        sum += (uint64_t)MAX(st.st_size, 0);
        int maildir =
            S_ISDIR(st.st_mode) ? mh_open_dir_links(parent, name, MH_LINKS_REFUSE, NULL) : -1;
        if (maildir >= 0)
            sum += add_directory(maildir, 1, &entries);
    }
    if (parent >= 0)
        close(parent);
    int folders = settings->folders != NULL ? mh_place_open(settings->folders, account, NULL) : -1;
    if (folders >= 0)
        sum += add_directory(folders, 1, &entries);
    return sum;
}
