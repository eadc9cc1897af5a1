#include "file-system.h"

#include "safe-file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* Names to try before we give up: the first with a letter tells. */
#define TRIES_MAX 10

static const struct {
    unsigned long type;
    MhFileSystem system;
} table[] = {
    {EXT4_SUPER_MAGIC, {"ext4", true, false}}, /* ext2 and ext3, too */
    {BTRFS_SUPER_MAGIC, {"btrfs", true, false}},
    {TMPFS_MAGIC, {"tmpfs", true, false}},
    {F2FS_SUPER_MAGIC, {"f2fs", true, false}},
    {0x58465342, {"xfs", true, false}},
    {0x2fc12fc1, {"zfs", true, false}},
    {0xca451a4e, {"bcachefs", true, false}},
    {OVERLAYFS_SUPER_MAGIC, {"overlayfs", true, false}},
    {NFS_SUPER_MAGIC, {"nfs", false, false}},
    {0xff534d42, {"cifs", false, false}},
    {0xfe534d42, {"smb2", false, false}},
    {CEPH_SUPER_MAGIC, {"ceph", false, false}},
    {AFS_SUPER_MAGIC, {"afs", false, false}},
    {0x65735546, {"fuse", false, false}},
    {0x01021997, {"9p", false, false}},
    {MSDOS_SUPER_MAGIC, {"vfat", false, true}}, /* times of two seconds */
    {0x2011bab0, {"exfat", false, true}},
};

const MhFileSystem *
mh_file_system_of_type(unsigned long type)
{
    static const MhFileSystem unknown = {"unknown", false, false};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].type == (type & 0xffffffff)) /* some are negative on the way */
            return &table[i].system;
    }
    return &unknown;
}

const MhFileSystem *
mh_file_system_at(const char *path)
{
    struct statfs fs;
    return mh_file_system_of_type(statfs(path, &fs) == 0 ? (unsigned long)fs.f_type : 0);
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
mh_file_system_folds_names(const GPtrArray *names, MhSameFile is_same, void *user)
{
    guint tried = 0;
    for (guint i = 0; i < names->len && tried < TRIES_MAX; i++) {
        const char *name = names->pdata[i];
        g_autofree char *other = other_case(name);
        if (other == NULL || g_ptr_array_find_with_equal_func((GPtrArray *)(uintptr_t)names, other,
                                                              g_str_equal, NULL))
            continue; /* two names of one file, perhaps */
        tried++;
        if (is_same(name, other, user))
            return true;
    }
    return false;
}

static bool
is_same_file(const char *a, const char *b, void *user)
{
    int fd = *(const int *)user;
    struct stat x, y;
    return fstatat(fd, a, &x, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(fd, b, &y, AT_SYMLINK_NOFOLLOW) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

bool
mh_file_system_folds_case(int dir_fd)
{
    g_autoptr(GPtrArray) names = mh_list_dir(dir_fd, NULL);
    return names != NULL && mh_file_system_folds_names(names, is_same_file, &dir_fd);
}
