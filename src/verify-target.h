/* verify-target: a folder of the target, read as the server will read it.
 *
 * Independent of the code that writes targets: of that, only the parsers of the formats are used
 * here. Every message file is read to its end.
 */
#pragma once

#include "maildir/maildir-acl.h"
#include "maildir/maildir-carried.h"
#include "maildir/maildir-keywords.h"
#include "maildir/maildir-uidlist.h"
#include "verify-bytes.h"
#include "verify-source.h"

/* Who owns something and who may use it. */
typedef struct {
    char *name; /* below the tree's root, printable */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    bool is_state;     /* a state file of Dovecot's, so that somebody has made it for the target */
    bool mode_is_open; /* a link to a file of the source, or the tree's root, which the admin may
                        * have made: it need only be readable */
    mode_t servers_mode; /* what it has when its server has written it anew; 0: none does */
} MhVerifyFile;

typedef struct {
    MhVerifyBytes bytes;
    char *file; /* "cur/NAME", as it is on disk */
    MhVerifyFile owner;
    bool is_file;       /* a regular file; its bytes are not known otherwise */
    char *error;        /* why it cannot be read; NULL otherwise */
    bool servable;      /* its name is one of a message */
    MaildirFileName of; /* the parts of NAME, borrowed from file */
    bool is_new;
    bool ours;        /* mailhaul put it there */
    bool has_carried; /* with this at the source: */
    MaildirCarried carried;
    int64_t internaldate;
    int64_t born_ns;        /* when the file was made; 0: not known */
    int64_t there_since_ns; /* the same, or where that is not known a time at which it was there */

    /* Its line in the UID list. */
    uint32_t uid;          /* 0: it has none */
    uint32_t pop3_order;   /* 0: none */
    uint64_t list_virtual; /* W; 0: none */
    bool has_list_size;
    uint64_t list_size; /* S */
    char *uidl;         /* P; NULL: none. An empty one means the base name */
} MhVerifyMessage;

typedef struct {
    bool exists;   /* there is such a directory, with a cur in it */
    bool in_use;   /* a server has opened it, or it holds mail of its own */
    bool has_list; /* a UID list that can be read */
    char *list_error;
    MhUidState uids;
    uint64_t list_stopped_at;          /* line at which the list's reading ended; 0: its end */
    MhFindings *findings;              /* about the list and the keywords */
    MaildirUidlistSource carried_from; /* what the list says of the source as it was carried */
    int64_t list_mtime_ns;
    int64_t list_ctime_ns; /* when it was put in place */
    int64_t written_ns; /* a time at which mailhaul wrote here, after it had read the source: what
                         * has not changed since is carried. 0: not known */
    MaildirKeywords *keywords;
    MaildirAcl *acl; /* NULL: none, or it cannot be read */
    char *acl_error;
    GPtrArray *messages;  /* of MhVerifyMessage: by UID, then those without */
    GPtrArray *files;     /* of MhVerifyFile: directories and state files */
    GPtrArray *leftovers; /* of char *: names in tmp, printable */
    size_t foreign;       /* messages that are not ours */
    GPtrArray *gone;      /* of char *: base names, printable, that are listed as carried and have
                           * no file */
} MhVerifyTarget;

/* Reads the folder @name ("." is the INBOX) below @tree_fd, which may be -1: nothing is there. That
 * the folder is not there is no error. A folder that changes meanwhile is read again. */
MhVerifyTarget *mh_verify_target_read(int tree_fd, const char *name, MhVerifyTold told, void *user,
                                      GError **error);
void mh_verify_target_free(MhVerifyTarget *target); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhVerifyTarget, mh_verify_target_free)

static inline MhVerifyMessage *
mh_verify_target_get(const MhVerifyTarget *target, size_t index)
{
    return target->messages->pdata[index];
}

/* Has anything come or gone in the directory since it was made? False where that is not known. */
bool mh_verify_dir_used(int dirfd, const char *name);

/* Looks at @name below @dirfd. NULL when it is not there. */
MhVerifyFile *mh_verify_file_look(int dirfd, const char *name, const char *shown);
void mh_verify_file_free(gpointer data);
