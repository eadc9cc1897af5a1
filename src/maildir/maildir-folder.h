/* maildir-folder: what one folder of a target tree holds now: its files, its UID list, its
 * keywords. Reads only. */
#pragma once

#include "mailbox.h"
#include "maildir-keywords.h"
#include "maildir-tree.h"
#include "maildir-uidlist.h"
#include "safe-file.h"
#include "target-index.h"

/* State files of a folder, by their name on disk. */
#define MAILDIR_UIDLIST_FILE  "dovecot-uidlist"
#define MAILDIR_KEYWORDS_FILE "dovecot-keywords"

/* So many files of another server than Dovecot may tell that it has been at work. */
#define MAILDIR_SERVER_STAMPS 2

/* A message whose file name is not what its line and its flags make of it, or that has no line. */
typedef struct {
    uint32_t name; /* where it is in the folder's names */
    uint32_t line; /* where its line is in the list; 0: none */
} MaildirNamed;

typedef struct {
    char *name;         /* the directory below the root: ".A.B"; "." is the INBOX */
    bool exists;        /* it has a cur directory */
    int fd;             /* the folder; -1 when there is no such directory */
    int cur_fd, new_fd; /* -1 when they do not exist */
    MhStamp list_stamp, keywords_stamp, cur_stamp, new_stamp; /* when it was read */
    MhStamp server_stamps[MAILDIR_SERVER_STAMPS]; /* likewise, of another server's own files */

    MhTargetIndex index;
    /* MhTargetMessage: files in new/ that a killed run has put there before it came to cur/; only
     * where the folder does not exist. They are not in the index. */
    GArray *leftovers;
    size_t stale; /* lines of ours whose file has gone: a run was killed before it wrote the list */
    GArray *told; /* in place, of MhMessage: those that told_names tells; else NULL */
    MhNames *told_names;       /* they tell file names, so that these are not held */
    GByteArray *names;         /* file names that nothing tells; NUL-terminated */
    GArray *named;             /* of MaildirNamed, the messages that have such a name */
    GString *derived;          /* room for a name that it tells */
    MaildirUidlist *uidlist;   /* never NULL when exists; empty when there is no usable file */
    MaildirKeywords *keywords; /* never NULL */
} MaildirFolder;

/* Reads the folder @name of @tree. Names and identities of listed files are read from the list
 * again when they are asked for: see maildir_uidlist_check(). That it is not there is no error. */
MaildirFolder *maildir_folder_read(const MaildirTree *tree, const char *name, MhFindings *findings,
                                   GError **error);
/* The same of a folder that @mailbox was just read from, and that it is to be carried to. Where its
 * names can tell its files, these are all that the folder has, and it is not listed again: whether
 * that was right the source must be asked afterwards. */
MaildirFolder *maildir_folder_read_in_place(const MaildirTree *tree, const char *name,
                                            const MhMailbox *mailbox, MhFindings *findings,
                                            GError **error);
void maildir_folder_free(MaildirFolder *folder); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MaildirFolder, maildir_folder_free)

/* The folder's GUID, MAILDIR_GUID_DIGITS, from its list as it stands there now. NULL: it has none.
 * g_free(). */
char *maildir_folder_guid(const MaildirTree *tree, const char *name);

/* Is everything still as it was when it was read? */
bool maildir_folder_unchanged(const MaildirTree *tree, const MaildirFolder *folder);

/* The file's name in cur/ (or new/, see is_new). Borrowed until the next call. */
const char *maildir_folder_file(const MaildirFolder *folder, const MhTargetMessage *message);

/* In place: the message of the mailbox whose file this is; NULL: that is not known. */
const MhMessage *maildir_folder_told(const MaildirFolder *folder, const MhTargetMessage *message);

/* What another server than Dovecot has written down of its keywords, whatever its name says. */
void maildir_folder_set_letters(MaildirFolder *folder, MhTargetMessage *message, uint32_t letters);

/* Where its line is in the UID list; 0: it has none. */
uint32_t maildir_folder_line(const MaildirFolder *folder, const MhTargetMessage *message);
