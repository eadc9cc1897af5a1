/* file-system: what of a file system matters to us.
 *
 * That a file has not changed is told by its times. A file system that this machine does not keep
 * itself may have coarse ones, or those of another clock, and so may one that is not known here.
 *
 * Where upper and lower case are the same, two folders that differ in nothing else would become
 * one. That can be a property of a single directory (ext4, f2fs), so it is tried, by looking only.
 *
 * Source: linux/magic.h, statfs(2); linux fs/fat/namei_vfat.c and fs/exfat/nls.c on names.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    const char *name;
    bool local;     /* this machine keeps its times, to a tick of its clock */
    bool no_colons; /* names with ':' cannot be had, and every message of a Maildir has one */
} MhFileSystem;

/* By statfs's f_type. Never NULL; what is not known is not local. */
const MhFileSystem *mh_file_system_of_type(unsigned long type);
/* Of what is at @path. */
const MhFileSystem *mh_file_system_at(const char *path);

/* Does the directory take upper and lower case for the same? Known as soon as something with a
 * letter in its name is there. */
bool mh_file_system_folds_case(int dir_fd);

/* Do two names lead to one file? */
typedef bool (*MhSameFile)(const char *a, const char *b, void *user);
/* The same for a directory that holds @names. */
bool mh_file_system_folds_names(const GPtrArray *names, MhSameFile is_same, void *user);
