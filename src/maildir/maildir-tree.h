/* maildir-tree: a Maildir++ tree that mail is carried into.
 *
 * The tree's root is the INBOX; a folder is a directory ".A.B" in it. What is being made stands in
 * the directory "mailhaul.build" of the root, which no server shows since its name has no dot in
 * front, and is put in place by renames: a leftover of a killed run is removed by the next.
 *
 * One run at a time works on a tree: it holds a lock (flock) on the root directory. Its processes
 * may share it: maildir-part.h.
 */
#pragma once

#include "finding.h"
#include "maildir-ahead.h"
#include "maildir-error.h"

#include <sys/types.h>

#define MAILDIR_BUILD_DIR "mailhaul.build"
/* A file in a root that mailhaul has made, from its first moment until the INBOX's list says so. */
#define MAILDIR_MADE_MARK "mailhaul-made"

/* One of several processes of a run that share a tree: see maildir-part.h. */
typedef struct {
    uint64_t run;    /* names the run: no two have the same */
    unsigned number; /* of the process; 0 comes first, and the others when it is there */
} MaildirPart;

typedef struct {
    mode_t file_mode; /* of message files and state files, whatever the umask */
    mode_t dir_mode;
    /* The part of the path that the admin chose: no link below it may lead out of it. NULL: links
     * are followed wherever they lead. */
    const char *trusted;
    bool sync_batches;  /* make a batch durable before it is put in place */
    bool sync_messages; /* make every message and list durable when it is written, and do not rely
                           on syncfs(2) alone; with sync_batches also where that does not reach the
                           disk, as a tree that is opened to write finds out */
    const struct MaildirState
        *state;     /* of another server: maildir-state.h; NULL: Dovecot's alone */
    bool copy_only; /* message files of the source are not linked: see maildir-transfer.h */
    const MaildirPart *part; /* NULL: the process has the tree for itself */
} MaildirTreeOptions;

typedef struct {
    int fd;       /* the root; -1 when the tree is not there (yet) */
    int build_fd; /* mailhaul.build, or a part's own directory; -1 until something is built */
    int part_fd;  /* of a part: the directory of its run; -1 otherwise */
    unsigned builds;
    bool made_root;     /* mailhaul has made the root directory, and no INBOX in it yet */
    bool root_unsynced; /* it has a new entry: maildir_tree_settle_root() */
    char *path;         /* printable */
    bool no_reflinks, no_hard_links; /* the file systems do not offer them */
    uint64_t not_linked;             /* messages that were copied though they might be linked */
    uid_t owner;                     /* whose the files are that the process makes */
    unsigned lock_wait_ms;           /* what is left of the time to wait for folders' locks */
    MaildirAhead *ahead;             /* NULL where batches are not made durable */
    MaildirTreeOptions options;
} MaildirTree;

/* Opens the tree at @path for reading (check). A tree that is not there is no error: fd is -1.
 * What is there and is no directory is. */
MaildirTree *maildir_tree_open(const char *path, const MaildirTreeOptions *options, GError **error);
/* Opens it for writing: makes the root when its parent allows it, locks the tree, and removes what
 * a killed run left behind. G_FILE_ERROR_AGAIN: another run has it. */
MaildirTree *maildir_tree_open_to_write(const char *path, const MaildirTreeOptions *options,
                                        GError **error);
/* Makes the directory @name below @parent_fd a root, marked as made by mailhaul and, unless they
 * are -1, given to @uid and @gid; it is seen when it is all that, or not at all. A descriptor, -1
 * on error. */
int maildir_tree_make_root(int parent_fd, const char *name, mode_t mode, uid_t uid, gid_t gid,
                           GError **error);
/* Takes the lock for this process alone, and removes what a killed run left behind. */
bool maildir_tree_lock_whole(MaildirTree *tree, GError **error);
void maildir_tree_free(MaildirTree *tree); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MaildirTree, maildir_tree_free)

/* Makes a new numbered directory below build_fd and opens it; @out_name (g_free()) is its name
 * there. -1 on error. */
int maildir_tree_build(MaildirTree *tree, char **out_name, GError **error);

/* The directories that are folders of the tree, of char *, its root "." first; none where it is not
 * there. NULL with @error. */
GPtrArray *maildir_tree_folders(const MaildirTree *tree, GError **error);

/* Seconds that all folders of a tree together wait for servers that hold their locks: longer than
 * a lock can be stale (maildir-lock.h). After that each is tried once, so that whoever locks many
 * folders for good cannot stop a run for hours. */
#define MAILDIR_TREE_LOCK_S 150
/* Takes the lock of the folder that is open as @folder_fd, as maildir_lock_take() does. */
bool maildir_tree_lock(MaildirTree *tree, int folder_fd, GError **error);

/* Everything written to the tree's file system so far is durable, if batches are to be. */
bool maildir_tree_sync(MaildirTree *tree, GError **error);

/* What was made in the root is durable, where something was since the last time. It costs little
 * when another file of the file system has just been synced. */
bool maildir_tree_settle_root(MaildirTree *tree, GError **error);

/* Removes what is there only while a run is at work: what is synced after it stays behind without
 * that. More may be built afterwards. */
bool maildir_tree_tidy(MaildirTree *tree, GError **error);

/* The run has come to its end: nothing stays in mailhaul.build. */
bool maildir_tree_finish(MaildirTree *tree, GError **error);
