/* safe-file: open, read, write and put in place below a directory, and nowhere else.
 *
 * Homes belong to their users, and a user may have put a symlink, a FIFO or a device anywhere.
 * So everything is opened relative to a directory descriptor, no link is followed out of (or, on
 * request, inside) the tree, nothing blocks, and what was opened is looked at before it is used.
 *
 * Errors are in G_FILE_ERROR (g_file_error_from_errno()), with a message that names the path as
 * printable text and the cause.
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
bool mh_stamp_equal(const MhStamp *a, const MhStamp *b);

/* Sets @error to G_FILE_ERROR from @errnum: "MESSAGE: strerror". Always returns false. */
bool mh_set_errno(GError **error, int errnum, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Opens a directory by absolute path, following the links that the admin put into it (it comes
 * from the command line). -1 on error. */
int mh_open_root(const char *path, GError **error);
/* Opens a directory below @dirfd; @path is relative, may have several components, and no link in
 * it may lead out of @dirfd ("." opens @dirfd itself anew). -1 on error. */
int mh_open_dir(int dirfd, const char *path, GError **error);
/* Makes the directory @name (one component) below @dirfd with @mode, whatever the umask, unless
 * it is there, and opens it. A symlink in its place is an error. @out_made may be NULL. */
int mh_make_dir(int dirfd, const char *name, mode_t mode, bool *out_made, GError **error);

typedef enum {
    MH_LINKS_REFUSE,  /* no component may be a symlink */
    MH_LINKS_BENEATH, /* links may be followed as long as they stay below the directory */
} MhLinks;

/* Opens a regular file for reading, without blocking; anything else (directory, FIFO, device,
 * socket) is an error that says what it is. @out_stat may be NULL. -1 on error. */
int mh_open_file(int dirfd, const char *path, MhLinks links, struct stat *out_stat, GError **error);

/* Reads a small file whole. NULL with @error; G_FILE_ERROR_NOENT when it is not there, and
 * G_FILE_ERROR_FAILED when it is larger than @max_bytes. @out_stat may be NULL. */
GBytes *mh_read_file(int dirfd, const char *path, uint64_t max_bytes, struct stat *out_stat,
                     GError **error);

/* Writes all of @bytes. */
bool mh_write_all(int fd, MhSpan bytes, GError **error);

/* A file that appears complete or not at all: written under a temporary name in @dirfd, synced,
 * then renamed over @name. Mode and owner are set whatever the umask; (uid_t)-1 leaves the owner
 * alone. The directory is synced too. */
bool mh_replace_file(int dirfd, const char *name, MhSpan bytes, mode_t mode, uid_t uid, gid_t gid,
                     GError **error);

/* Removes what is at @name below @dirfd with everything in it, never following a link. Nothing
 * there is fine. */
bool mh_remove_tree(int dirfd, const char *name, GError **error);

/* The names in a directory except "." and "..", in the order of bytes. Free with
 * g_ptr_array_unref(). NULL on error. */
GPtrArray *mh_list_dir(int dirfd, GError **error);
