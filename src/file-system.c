#include "file-system.h"

#include "safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define EXT_ENTRIES 6000000

/* Names to try before we give up: nearly always the first with a letter tells. */
#define TRIES_MAX 10

static const struct {
    unsigned long type;
    MhFileSystem system;
} table[] = {
    {EXT4_SUPER_MAGIC, {.name = "ext4", .local = true, .entries = EXT_ENTRIES}},
    {BTRFS_SUPER_MAGIC, {.name = "btrfs", .local = true}},
    {TMPFS_MAGIC, {.name = "tmpfs", .local = true}},
    {F2FS_SUPER_MAGIC, {.name = "f2fs", .local = true}},
    {0x58465342, {.name = "xfs", .local = true}},
    {0x2fc12fc1, {.name = "zfs", .local = true}},
    {0xca451a4e, {.name = "bcachefs", .local = true}},
    {OVERLAYFS_SUPER_MAGIC, {.name = "overlayfs", .local = true}},
    {REISERFS_SUPER_MAGIC, {.name = "reiserfs", .subdirectories = 64533}},
    {NILFS_SUPER_MAGIC, {.name = "nilfs2", .subdirectories = 31998}},
    {0x00011954, {.name = "ufs", .subdirectories = 31998}},
    {0x3153464a, {.name = "jfs", .subdirectories = 65533}},
    {NFS_SUPER_MAGIC, {.name = "nfs"}},
    {0xff534d42, {.name = "cifs", .no_syncfs = true}},
    {0xfe534d42, {.name = "smb2", .no_syncfs = true}},
    {CEPH_SUPER_MAGIC, {.name = "ceph"}},
    {AFS_SUPER_MAGIC, {.name = "afs"}},
    {0x65735546, {.name = "fuse", .no_syncfs = true}},
    {0x01021997, {.name = "9p", .no_syncfs = true}},
    {MSDOS_SUPER_MAGIC, {.name = "vfat", .no_colons = true}}, /* times of two seconds */
    {0x2011bab0, {.name = "exfat", .no_colons = true}},
};

const MhFileSystem *
mh_file_system_of_type(unsigned long type)
{
    static const MhFileSystem unknown = {.name = "unknown"};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].type == (type & 0xffffffff)) /* some are negative on the way */
            return &table[i].system;
    }
    return &unknown;
}

const MhFileSystem *
mh_file_system_of(int fd)
{
    struct statfs fs;
    return mh_file_system_of_type(fstatfs(fd, &fs) == 0 ? (unsigned long)fs.f_type : 0);
}

const MhFileSystem *
mh_file_system_at(const char *path)
{
    struct statfs fs;
    return mh_file_system_of_type(statfs(path, &fs) == 0 ? (unsigned long)fs.f_type : 0);
}

const MhFileSystem *
mh_file_system_near(const char *path)
{
    g_autofree char *at = g_strdup(path);
    struct statfs fs;
    while (statfs(at, &fs) != 0) {
        char *above = g_path_get_dirname(at);
        bool is_top = errno != ENOENT || strcmp(above, at) == 0;
        g_free(at);
        at = above;
        if (is_top)
            return mh_file_system_of_type(0);
    }
    return mh_file_system_of_type((unsigned long)fs.f_type);
}

const MhFileSystem *
mh_file_system_of_mount(unsigned long type, const char *kind, long link_max)
{
    static const MhFileSystem systems[] = {
        {.name = "ext3", .local = true, .subdirectories = 31998, .entries = EXT_ENTRIES},
        {.name = "ext3", .local = true, .subdirectories = 64998, .entries = EXT_ENTRIES}};
    bool old = g_strcmp0(kind, "ext3") == 0 || g_strcmp0(kind, "ext2") == 0;
    return type == EXT4_SUPER_MAGIC && old ? &systems[link_max >= 65000]
                                           : mh_file_system_of_type(type);
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - KIND SOURCE OPTIONS */
char *
mh_file_system_kind(const char *mounts, dev_t device)
{
    g_autofree char *wanted = g_strdup_printf("%u:%u", major(device), minor(device));
    g_auto(GStrv) lines = g_strsplit(mounts, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", 4);
        const char *kind = strstr(*line, " - ");
        if (kind != NULL && g_strv_length(words) == 4 && strcmp(words[2], wanted) == 0)
            return g_strndup(kind + 3, strcspn(kind + 3, " "));
    }
    return NULL;
}

const MhFileSystem *
mh_file_system_mounted_at(const char *path)
{
    struct statfs fs;
    struct stat st;
    g_autofree char *mounts = NULL, *kind = NULL;
    if (statfs(path, &fs) != 0)
        return mh_file_system_of_type(0);
    if (stat(path, &st) == 0 && g_file_get_contents("/proc/self/mountinfo", &mounts, NULL, NULL))
        kind = mh_file_system_kind(mounts, st.st_dev);
    return mh_file_system_of_mount((unsigned long)fs.f_type, kind, pathconf(path, _PC_LINK_MAX));
}

/* @name with its first letter in the other case; NULL when it has none. */
static char *
other_case(const char *name)
{
    char *other = g_strdup(name);
    for (char *c = other; *c != '\0'; c++) {
        if (g_ascii_isalpha(*c)) {
            *c = g_ascii_isupper(*c) ? g_ascii_tolower(*c) : g_ascii_toupper(*c);
            return other;
        }
    }
    g_free(other);
    return NULL;
}

bool
mh_file_system_folds_names(const GPtrArray *names, MhCompareFiles compare, void *user)
{
    guint tried = 0;
    for (guint i = 0; i < names->len && tried < TRIES_MAX; i++) {
        const char *name = names->pdata[i];
        g_autofree char *other = other_case(name);
        if (other == NULL || g_ptr_array_find_with_equal_func((GPtrArray *)(uintptr_t)names, other,
                                                              g_str_equal, NULL))
            continue; /* two names of one file, perhaps */
        tried++;
        MhSameFile same = compare(name, other, user);
        if (same != MH_FILE_UNKNOWN)
            return same == MH_SAME_FILE;
    }
    return false;
}

/* The file that has been listed as @a may have gone. */
static MhSameFile
compare_files(const char *a, const char *b, void *user)
{
    int fd = *(const int *)user;
    struct stat x, y;
    if (fstatat(fd, a, &x, AT_SYMLINK_NOFOLLOW) != 0)
        return MH_FILE_UNKNOWN;
    if (fstatat(fd, b, &y, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? MH_OTHER_FILE : MH_FILE_UNKNOWN;
    return x.st_dev == y.st_dev && x.st_ino == y.st_ino ? MH_SAME_FILE : MH_OTHER_FILE;
}

bool
mh_file_system_folds_case(int dir_fd)
{
    g_autoptr(GPtrArray) names = mh_list_dir(dir_fd, NULL);
    return names != NULL && mh_file_system_folds_names(names, compare_files, &dir_fd);
}
