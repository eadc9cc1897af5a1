/* file-system: what of a file system matters to us.
 *
 * That a file has not changed is told by its times. A file system that this machine does not keep
 * itself may have coarse ones, or those of another clock, and so may one that is not known here.
 *
 * Where upper and lower case are the same, two folders that differ in nothing else would become
 * one. That can be a property of a single directory (ext4, f2fs), so it is tried, by looking only.
 *
 * How many subdirectories and entries a directory may have is a fact of the file system, and is
 * known here by its kind: pathconf(_PC_LINK_MAX) of the C library goes by a table of its own, which
 * says 127 for all that it does not know.
 *
 * Source: linux/magic.h, statfs(2), proc_pid_mountinfo(5); linux fs/fat/namei_vfat.c and
 * fs/exfat/nls.c on names. Of the limits: ext2 and ext3 count links up to 32,000, or up to 65,000
 * where the driver of ext4 serves them, as it does on most machines since Linux 4.3 (pathconf()
 * knows which); two of them are the directory's own. ext4 stops counting (dir_nlink). Its index of
 * a directory has two levels of 511 blocks of 4 KiB, which names of 60 bytes fill at some 6 million
 * entries, unless large_dir adds a level. reiserfs, nilfs2, ufs: their headers. Of syncfs(2): linux
 * fs/sync.c asks the sync_fs() of a file system, which smb's client and 9p do not have, and which
 * fs/fuse has for virtiofs alone (their f_type is one); NFS asks its server for each file.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    const char *name;
    bool local;     /* this machine keeps its times, to a tick of its clock */
    bool no_colons; /* names with ':' cannot be had, and every message of a Maildir has one */
    bool no_syncfs; /* what is behind it does not hear of syncfs(2) */
    uint32_t subdirectories; /* of one directory; 0: no limit that matters, or none that we know */
    uint32_t entries;        /* the same for entries of any kind */
} MhFileSystem;

/* By statfs's f_type. Never NULL; what is not known is not local. */
const MhFileSystem *mh_file_system_of_type(unsigned long type);
/* Of what is open as @fd. */
const MhFileSystem *mh_file_system_of(int fd);
/* Of what is at @path. ext2, ext3 and ext4 have one type, and are ext4 here. */
const MhFileSystem *mh_file_system_at(const char *path);
/* Of the nearest directory above @path when there is nothing at @path. */
const MhFileSystem *mh_file_system_near(const char *path);
/* As mh_file_system_of_type(), of one that is mounted as @kind, as in "ext3"; NULL: not known.
 * @link_max is what pathconf(_PC_LINK_MAX) says there. */
const MhFileSystem *mh_file_system_of_mount(unsigned long type, const char *kind, long link_max);
/* As what is @device mounted? @mounts is the text of /proc/self/mountinfo. g_free(); NULL. */
char *mh_file_system_kind(const char *mounts, dev_t device);
/* Of what is at @path, as it is mounted; for who may read /proc. */
const MhFileSystem *mh_file_system_mounted_at(const char *path);

/* Does the directory take upper and lower case for the same? Known as soon as something with a
 * letter in its name is there. */
bool mh_file_system_folds_case(int dir_fd);

/* Do two names lead to one file? */
typedef enum { MH_SAME_FILE, MH_OTHER_FILE, MH_FILE_UNKNOWN } MhSameFile;
typedef MhSameFile (*MhCompareFiles)(const char *a, const char *b, void *user);
/* The same for a directory that holds @names: the first of them that can be told decides. */
bool mh_file_system_folds_names(const GPtrArray *names, MhCompareFiles compare, void *user);
