#include "account-size.h"

#include "look-as.h"
#include "place.h"
#include "safe-file.h"
#include "size-limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* An account is worth this many looks. */
#define ENTRIES_MAX 2000
#define GLANCES_MAX 200
/* A message makes a directory grow by about 90 bytes, and has 25 kB. */
#define BYTES_PER_DIRECTORY_BYTE 280

/* Where the account's rights do not suffice nothing is known, which costs a good order at most. */
static void
look_as(const MhAccount *account)
{
    if (account->has_ids)
        mh_look_as(account->uid, account->gid);
}

/* Adds the sizes of what is in the directory @fd, which is closed; @levels of directories below it
 * are looked into. */
static uint64_t
add_directory(int fd, int levels, unsigned most, unsigned *entries) /* NOLINT(misc-no-recursion) */
{
    uint64_t sum = 0;
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return 0;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL && *entries < most;) {
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
            sum += add_directory(below, levels - 1, most, entries);
    }
    closedir(dir);
    return sum;
}

/* The folder directory of mbox files. */
static uint64_t
add_folders(const MhSettings *settings, const MhAccount *account, unsigned most, unsigned *entries)
{
    int fd = settings->folders != NULL ? mh_place_open(settings->folders, account, NULL) : -1;
    return fd >= 0 ? add_directory(fd, 1, most, entries) : 0;
}

/* The INBOX: the size of a file; a Maildir is left open in @out_maildir, which is -1 otherwise. */
static uint64_t
look_at_inbox(const MhSettings *settings, const MhAccount *account, int *out_maildir)
{
    uint64_t size = 0;
    g_autofree char *name = NULL;
    struct stat st;
    int parent =
        settings->inbox != NULL ? mh_place_open_parent(settings->inbox, account, &name, NULL) : -1;
    *out_maildir = -1;
    if (parent >= 0 && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        size = (uint64_t)MAX(st.st_size, 0);
        if (S_ISDIR(st.st_mode))
            *out_maildir = mh_open_dir_links(parent, name, MH_LINKS_REFUSE, NULL);
    }
    if (parent >= 0)
        close(parent);
    return size;
}

uint64_t
mh_account_size(const MhSettings *settings, const MhAccount *account)
{
    unsigned entries = 0;
    int maildir;
    look_as(account);
    uint64_t sum = look_at_inbox(settings, account, &maildir);
    if (maildir >= 0)
        sum += add_directory(maildir, 1, ENTRIES_MAX, &entries);
    sum += add_folders(settings, account, ENTRIES_MAX, &entries);
    mh_look_as_before();
    return sum;
}

/* ---- at a glance -------------------------------------------------------------------------- */

/* The bytes that Courier has counted: the first number of each line but the first. */
static bool
read_counted(int maildir, uint64_t *out_bytes)
{
    g_autoptr(GBytes) text = mh_read_file(maildir, "maildirsize", MH_LIMIT_QUOTA_BYTES, NULL, NULL);
    if (text == NULL)
        return false;
    MhSpan rest = mh_span_from_bytes(text), line, word;
    uint64_t bytes, gone = 0, sum = 0;
    mh_span_take_line(&rest, &line, NULL);
    while (mh_span_take_line(&rest, &line, NULL)) {
        line = mh_span_trim_blanks(line);
        bool less = line.len > 0 && line.data[0] == '-';
        word = mh_span(line.data + less, line.len - less);
        size_t len = 0;
        while (len < word.len && word.data[len] >= '0' && word.data[len] <= '9')
            len++;
        if (mh_span_to_u64(mh_span(word.data, len), INT64_MAX / 2, &bytes))
            *(less ? &gone : &sum) += bytes;
    }
    *out_bytes = sum - MIN(sum, gone);
    return true;
}

static uint64_t
guess_folder(int maildir, const char *folder)
{
    struct stat st;
    g_autofree char *path = g_build_filename(folder, "cur", NULL);
    bool known = fstatat(maildir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
    return known ? (uint64_t)MAX(st.st_size, 0) * BYTES_PER_DIRECTORY_BYTE : 0;
}

/* Of the Maildir @fd, which is closed. */
static uint64_t
glance_at_maildir(int fd, unsigned *entries)
{
    uint64_t sum = 0;
    if (read_counted(fd, &sum)) {
        close(fd);
        return sum;
    }
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return 0;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL && *entries < GLANCES_MAX;) {
        if (entry->d_name[0] != '.' || strcmp(entry->d_name, "..") == 0)
            continue;
        (*entries)++;
        sum += guess_folder(dirfd(dir), entry->d_name);
    }
    closedir(dir);
    return sum;
}

uint64_t
mh_account_glance(const MhSettings *settings, const MhAccount *account)
{
    unsigned entries = 0;
    int maildir;
    look_as(account);
    uint64_t sum = look_at_inbox(settings, account, &maildir);
    if (maildir >= 0)
        sum += glance_at_maildir(maildir, &entries);
    sum += add_folders(settings, account, GLANCES_MAX, &entries);
    mh_look_as_before();
    return sum;
}
