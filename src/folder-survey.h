/* folder-survey: what is in the directory that holds an account's mbox folders?
 *
 * Every name below the directory is looked at, at any depth, in the order of bytes, and nothing is
 * followed out of it. libmagic suggests, the parser decides. What the layouts in the wild ask for:
 *
 * - UW-IMAP, Pine, Dovecot, Mutt: a file is a folder, a directory holds more of them. A file of no
 *   bytes is an empty folder (that is how UW, Pine and Dovecot make one), unless its name says
 *   that it is something else (a lock), or begins with a dot.
 * - The home itself as the folder directory (UW's default): a file is a folder only if it has mail
 *   in it, or is empty and subscribed. Names with a leading dot are passed over, as are files
 *   without mail; mail in other formats is reported.
 * - Thunderbird: "a" and the folders below it in "a.sbd/": the path of "a.sbd/b" is a, b.
 * - Apple Mail: "Name.mbox/mbox" is the folder Name, if nothing but Apple's own files is beside it.
 * - A symlink to a mailbox, or a directory, of the same tree is an alias; the tree is never left.
 *
 * Sources: c-client imap-2007f (dummy, unix and env_unix), Dovecot 2.3 (list-fs), files of the
 * others.
 */
#pragma once

#include "finding.h"
#include "safe-file.h"

typedef enum {
    MH_FOUND_MAILBOX,    /* an mbox */
    MH_FOUND_INBOX,      /* the account's INBOX, which lies in the folder directory */
    MH_FOUND_ALIAS,      /* a second name of @alias_of */
    MH_FOUND_OTHER_MAIL, /* mail, but in a format that is not read from here */
    MH_FOUND_NO_MAIL,    /* something else */
    MH_FOUND_ERROR,      /* cannot be read */
} MhFoundKind;

typedef struct {
    MhFoundKind kind;
    char *path;        /* below the directory, bytes of the disk; '/' between components */
    char **components; /* the folder's name as the old server showed it, bytes of the disk */
    MhStamp stamp;     /* of what the path leads to; all 0 where that was not looked at */
    bool empty;        /* a mailbox without a message */
    bool linked;       /* the path is a symlink: open @alias_of with MH_LINKS_BENEATH instead */
    char *alias_of;    /* with MH_FOUND_ALIAS: the path of the other, "" is the folder directory
                          itself; of a linked mailbox: the path to open; else NULL */
    char *reason;      /* why it is no mailbox, printable; NULL with the first three kinds */
} MhFound;

typedef struct {
    bool is_home;          /* the directory is the home itself */
    const char *root_path; /* its path as users write it in links; NULL: only its real one */
    const MhStamp *inbox;  /* the file that is the INBOX, by device and inode; NULL: none here */
    const MhStamp *target; /* the directory being written, which is passed over; NULL: elsewhere */

    /* Is a file of @size_bytes that starts with @head a mailbox? NULL: mbox_head_judge() says. */
    bool (*is_mbox)(MhSpan head, uint64_t size_bytes, void *data);
    /* Was this very file found to be a mailbox with mail before? Then it is not opened. May be
     * NULL. */
    bool (*is_known)(const char *path, const MhStamp *stamp, void *data);
    /* Is the folder of this path subscribed? May be NULL. */
    bool (*is_subscribed)(const char *path, void *data);
    /* Told of every name that counts, before it is judged: @stamp as lstat() has it, or with
     * @follow that of where a link leads. @names are those in a directory, NULL for all else. May
     * be NULL. */
    void (*seen)(const char *path, bool follow, const MhStamp *stamp, const GPtrArray *names,
                 void *data);
    void *data;
} MhFolderSurveyOptions;

typedef struct {
    GPtrArray *found; /* of MhFound, in the order of the bytes of their paths */
    size_t mailboxes; /* how many of them are MH_FOUND_MAILBOX */
    bool incomplete;  /* something could not be looked into: there may be more */
} MhFolderSurvey;

/* Looks through the directory @dirfd. What cannot be read is a finding and an entry of its own;
 * NULL with @error only when the directory itself cannot be listed. */
MhFolderSurvey *mh_folder_survey(int dirfd, const MhFolderSurveyOptions *options,
                                 MhFindings *findings, GError **error);
void mh_folder_survey_free(MhFolderSurvey *survey); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhFolderSurvey, mh_folder_survey_free)

/* ~/mbox: where it exists and is an mbox, empty or not, UW's c-client takes it for the INBOX and
 * moves new mail into it from the spool. Then @out_there, and @out_stamp is set. @homefd is the
 * home. False with @error when it cannot be known: what was carried from it has not gone then. */
bool mh_folder_survey_home_inbox(int homefd, const MhFolderSurveyOptions *options,
                                 MhStamp *out_stamp, bool *out_there, GError **error);
