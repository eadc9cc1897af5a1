/* safe-path: finds what a path below a directory stands for, and opens it without side effects.
 *
 * The lower half of safe-file, which is what callers use. Everything is looked at before it is
 * opened, without waiting, and again afterwards: so a FIFO is never waited for, and no device is
 * touched but one that somebody who can make devices puts there in that very moment. A path of
 * several names, or one that is a link, is found with O_PATH, and opened through that descriptor.
 *
 * All functions return a descriptor or -errno. A link that may not be followed is -ELOOP; a path
 * that leads out of the directory is -EXDEV.
 */
#pragma once

#include "safe-file.h"

/* Is it one component, neither empty nor "." or ".."? */
bool mh_safe_path_is_name(const char *path);

/* What is at @path, with the links followed that @links allows. 0 or -errno. */
int mh_safe_path_stat(int dirfd, const char *path, MhLinks links, struct stat *out_stat);

/* An O_PATH descriptor of anything. */
int mh_safe_path_find(int dirfd, const char *path, MhLinks links);

/* A descriptor for reading of what has @kind (S_IFREG or S_IFDIR). -EMEDIUMTYPE when it is
 * something else: then @out_stat says what. */
int mh_safe_path_open(int dirfd, const char *path, MhLinks links, mode_t kind,
                      struct stat *out_stat);

/* A descriptor for reading of the regular file @name, one component, which fstatat() showed to be
 * one, @device and @inode: in two system calls instead of five. -ESTALE when it is another now. */
int mh_safe_path_reopen(int dirfd, const char *name, uint64_t device, uint64_t inode,
                        struct stat *out_stat);

/* The directory @name, one component, on the file system of @dirfd; -EXDEV when another one is
 * mounted there. */
int mh_safe_path_enter(int dirfd, const char *name);

/* A directory that keeps its own owner out gets mode 0700. 0 or -errno; a mode that cannot be set
 * is no failure here, what needs it will fail. */
int mh_safe_path_let_owner_in(int dirfd, const char *name);

/* From here on a file that has more than one name, and belongs to neither of these two users, is
 * -EPERM: anybody may have linked it to where it was found. */
void mh_safe_path_own(uid_t first, uid_t second);

/* For tests: are we to do without system calls that older kernels lack? */
bool mh_safe_path_no_openat2(void);
