/* maildir-state: what a server other than Dovecot wants beside the messages of a folder.
 *
 * dovecot-uidlist and dovecot-keywords are written whatever the server is: they are the record of
 * what was carried. Another server's files are made from the same lines, before that record says
 * that all is done; and where that server has given out UIDs since, they are the truth.
 */
#pragma once

#include "maildir-folder.h"
#include "mailbox.h"
#include "safe-file.h"

/* One message that the folder shall hold, by ascending UID. */
typedef struct {
    uint32_t uid;
    uint32_t letters;         /* keyword letters, bit 0 is a */
    char *base;               /* of its file */
    const MhMessage *message; /* NULL: only the target has it */
    bool changed;             /* it is new to the folder, or its keywords may have changed */
} MaildirStateLine;

typedef struct {
    const MhMailbox *mailbox;
    const MaildirKeywords *keywords;
    const MaildirKeywords *before; /* the table when the folder was read */
    const uint32_t *set_letters;
    MhUidState uids;
    const GArray *lines; /* of MaildirStateLine */
    int dirfd;           /* the folder, or what will be the folder */
    bool is_inbox;
    mode_t file_mode, dir_mode;
    const MhStamp *stamps; /* of the server's own files when they were read, as in MaildirState */
} MaildirStateWork;

static inline const MaildirStateLine *
maildir_state_line(const MaildirStateWork *work, size_t i)
{
    return &g_array_index(work->lines, MaildirStateLine, i);
}

/* Writes the file @name in @dirfd: see mh_replace_file(). */
static inline bool
maildir_state_replace(const MaildirStateWork *work, int dirfd, const char *name, MhSpan bytes,
                      GError **error)
{
    return mh_replace_file(dirfd, name, bytes, work->file_mode, (uid_t)-1, (gid_t)-1, error);
}

/* The same of a file that the server writes at any time, which was @stamp when it was read. */
static inline bool
maildir_state_replace_unchanged(const MaildirStateWork *work, const char *name, MhSpan bytes,
                                const MhStamp *stamp, GError **error)
{
    return mh_replace_unchanged(work->dirfd, name, bytes, work->file_mode, (uid_t)-1, (gid_t)-1,
                                stamp, error);
}

struct MaildirState {
    /* What it writes while it serves the folder, as a list that ends in NULL: not more than
     * MAILDIR_SERVER_STAMPS, and what of mail comes and goes is in cur/ and new/. */
    const char *const *files;
    bool counts_by_name; /* POP3 clients see mail in the order of the files' names */
    /* Corrects the index by what the server knows. */
    bool (*read)(MaildirFolder *folder, GError **error);
    bool (*write)(const MaildirStateWork *work, GError **error);
};
