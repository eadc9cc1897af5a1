/* safe-file: open, read, write and put in place below a directory, and nowhere else.
 *
 * Homes belong to their users, and a user may have put a symlink, a FIFO or a device anywhere.
 * So everything is opened relative to a directory descriptor, no link is followed out of (or, on
 * request, inside) the tree, nothing blocks, and what was opened is looked at before it is used.
 *
 * Errors are in G_FILE_ERROR (g_file_error_from_errno()), with a message that names the path as
 * printable text and the cause. What is not a regular file is G_FILE_ERROR_ISDIR for a directory
 * and G_FILE_ERROR_INVAL for the rest; a symlink that may not be followed is G_FILE_ERROR_LOOP, one
 * that leads out of the tree G_FILE_ERROR_PERM.
 *
 * Source: openat2(2), path_resolution(7). Where the kernel lacks openat2(2), or a sandbox forbids
 * it, paths are walked one component at a time, with the same results.
 */
#pragma once

#include "bytes.h"

#include <sys/stat.h>

/* Identity and times of a file as one stat() saw them: equal stamps mean that nothing has
 * happened to it, to the grain of the file system's clock. */
typedef struct {
    uint64_t device, inode;
    uint64_t size_bytes;
    int64_t mtime_ns, ctime_ns; /* since the epoch */
} MhStamp;

MhStamp mh_stamp_of(const struct stat *st);
/* Of what has that name, a link too; without an inode: nothing that could be looked at. */
MhStamp mh_stamp_at(int dirfd, const char *name);
/* Also when the file system has been mounted anew meanwhile. */
bool mh_stamp_equal(const MhStamp *a, const MhStamp *b);
/* @device as it will be after another mount, or 0: what has no device of its own (NFS, FUSE, btrfs)
 * is numbered anew each time, and an automounter mounts homes every night. */
uint64_t mh_lasting_device(uint64_t device);

/* Sets @error to G_FILE_ERROR from @errnum: "MESSAGE: strerror". Always returns false. */
bool mh_set_errno(GError **error, int errnum, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Does the failure to open or look at something say what is there, or that nothing is, so that it
 * will be the same the next time? After another one it is not known, and nothing follows. */
bool mh_says_what_is_there(const GError *error);
/* The same of @failure, which is taken; NULL is an answer, too. False with @failure as @error when
 * it is none. */
bool mh_is_answer(GError *failure, GError **error);

typedef enum {
    MH_LINKS_REFUSE,  /* no component may be a symlink */
    MH_LINKS_BENEATH, /* links may be followed as long as they stay below the directory */
} MhLinks;

/* Opens a directory by absolute path, following the links that the admin put into it (it comes
 * from the command line). -1 on error. */
int mh_open_root(const char *path, GError **error);
/* The same to find things below it, not to list it (O_PATH): who cannot read a directory that he
 * shares with others may well have his own below it. */
int mh_find_root(const char *path, GError **error);
/* Opens a directory below @dirfd; @path is relative, may have several components, and no link in
 * it may lead out of @dirfd ("." opens @dirfd itself anew). -1 on error. */
int mh_open_dir(int dirfd, const char *path, GError **error);
/* The same; @links says whether links may be followed at all. */
int mh_open_dir_links(int dirfd, const char *path, MhLinks links, GError **error);
/* Makes the directory @name (one component) below @dirfd with @mode, whatever the umask, unless
 * it is there, and opens it. A symlink in its place is an error. @out_made may be NULL. */
int mh_make_dir(int dirfd, const char *name, mode_t mode, bool *out_made, GError **error);

/* What is at @path, with the links followed that @links allows; nothing is opened for reading, so
 * no permission on the file itself is needed. */
bool mh_stat(int dirfd, const char *path, MhLinks links, struct stat *out_stat, GError **error);
/* The same of what need not be there: @out_there says whether it is. */
bool mh_stat_if_there(int dirfd, const char *path, MhLinks links, struct stat *out_stat,
                      bool *out_there, GError **error);
/* Has anything the name @name, one component, be it a link that leads nowhere? A failure to look is
 * an @error and no answer. Nothing is there where there is no directory: @dirfd -1. */
bool mh_look_for(int dirfd, const char *name, bool *out_there, GError **error);
/* "a regular file", "a FIFO", ... of st_mode. */
const char *mh_file_kind(mode_t mode);

/* Opens a regular file for reading, without blocking; anything else (directory, FIFO, device,
 * socket) is an error that says what it is. @out_stat may be NULL. -1 on error. */
int mh_open_file(int dirfd, const char *path, MhLinks links, struct stat *out_stat, GError **error);

/* The same of a file that need not be there: -1 without @error when it is not. */
int mh_open_file_if_there(int dirfd, const char *path, MhLinks links, struct stat *out_stat,
                          GError **error);

/* Opens for reading what fstatat() showed to be the regular file @name, one component, @device and
 * @inode. G_FILE_ERROR_AGAIN when that is not there now. -1 on error. */
int mh_open_seen_file(int dirfd, const char *name, uint64_t device, uint64_t inode,
                      struct stat *out_stat, GError **error);

/* Reads a small file whole, following links below @dirfd. NULL with @error; G_FILE_ERROR_NOENT when
 * it is not there, and G_FILE_ERROR_FAILED when it is larger than @max_bytes. @out_stat may be
 * NULL. */
GBytes *mh_read_file(int dirfd, const char *path, uint64_t max_bytes, struct stat *out_stat,
                     GError **error);

/* The same of a file that need not be there: NULL without @error when it is not. */
GBytes *mh_read_file_if_there(int dirfd, const char *path, uint64_t max_bytes,
                              struct stat *out_stat, GError **error);

/* Reads to the end of @fd, which seems to have @size bytes: a pipe may have 0. 0 with @out_bytes,
 * or -errno; -EFBIG when there are more than @max. */
int mh_read_to_end(int fd, uint64_t size, uint64_t max, GBytes **out_bytes);

/* The same for a file of the admin's, along whatever links; a pipe will do. "-" is standard input.
 * NULL with @error, whose message is the reason alone; G_FILE_ERROR_NOENT when it is not there. */
GBytes *mh_read_trusted(const char *path, uint64_t max, GError **error);

/* Writes all of @bytes. */
bool mh_write_all(int fd, MhSpan bytes, GError **error);
/* Sets the time of the last change. That of the last access becomes now: there are file systems
 * that take no notice of one time alone, and say nothing of it (FUSE with libfuse 2). 0 or an
 * errno. */
int mh_set_mtime(int fd, struct timespec mtime);

/* Makes the names in a directory durable. */
bool mh_sync_dir(int dirfd, GError **error);

/* Moves @old_name below @old_dirfd to @new_name below @new_dirfd (one component each), never over
 * something: G_FILE_ERROR_EXIST. On file systems that cannot promise this (NFS) a file is linked
 * and unlinked, and for a directory the place is looked at first. Neither directory is synced. */
bool mh_rename_noreplace(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name,
                         GError **error);

/* The same where others see both names, as those of a message: they never see it twice, or not at
 * all. On the file systems named above the place is only looked at first, so the new name must be
 * one that nobody else gives. */
bool mh_rename_in_sight(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name,
                        GError **error);

/* A file that appears complete or not at all: written as "mailhaul-tmp.NAME" in @dirfd (a leftover
 * of that name from a killed run is replaced), synced, then renamed over @name. Mode and owner are
 * set whatever the umask; (uid_t)-1 leaves the owner alone. The directory is synced too. */
bool mh_replace_file(int dirfd, const char *name, MhSpan bytes, mode_t mode, uid_t uid, gid_t gid,
                     GError **error);

/* The same where others write that file, too: only if it is still what @stamp says, without an
 * inode not there. G_FILE_ERROR_AGAIN: it is another. They have no more time to be overlooked than
 * one call takes. */
bool mh_replace_unchanged(int dirfd, const char *name, MhSpan bytes, mode_t mode, uid_t uid,
                          gid_t gid, const MhStamp *stamp, GError **error);

/* Removes what a killed mh_replace_file() of @name has left. */
void mh_replace_file_tidy(int dirfd, const char *name);

/* Is it the name that NFS or FUSE gives a file which was removed while a program of this machine
 * has it open? It goes by itself when it is closed. */
bool mh_is_held_name(const char *name);

/* Removes what is at @name below @dirfd with everything in it, never following a link and never
 * entering another file system mounted there (an error). However deep the tree, two descriptors
 * are enough. Nothing there is fine; and so is what cannot go yet (mh_is_held_name()), which stays
 * with the directories that it is in. */
bool mh_remove_tree(int dirfd, const char *name, GError **error);

/* The names in a directory except "." and "..", in the order of bytes. Free with
 * g_ptr_array_unref(). NULL with @error and errno. */
GPtrArray *mh_list_dir(int dirfd, GError **error);
/* The same for large directories: @take has each name as it comes, in no order. */
typedef void (*MhTakeName)(const char *name, void *user);
bool mh_list_dir_each(int dirfd, MhTakeName take, void *user, GError **error);
/* Appends the names to @names, each with its NUL. */
bool mh_list_dir_bytes(int dirfd, GByteArray *names, GError **error);

/* For tests: as if the kernel had no openat2(2). */
void mh_safe_file_forget_openat2(bool forget);
