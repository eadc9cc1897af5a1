/* verify-courier: what Courier's own files say of a folder of the target (--server courier).
 *
 * dovecot-uidlist is the record of what was carried, and is compared with the source wherever mail
 * was brought. Courier does not read it: it goes by courierimapuiddb, courierpop3dsizelist,
 * courierimapkeywords and by the names of files. Here these are read as Courier reads them, and
 * held against the source and that record.
 *
 * Independent of the code that writes them: of that, only the parsers of the formats are used here.
 */
#pragma once

#include "verify-target.h"

#include "difference.h"

/* Of the lists that Courier writes anew, under its usual umask. A later list of ours may be newer,
 * so that the times do not tell who wrote them. */
#define MH_VERIFY_COURIER_MODE 0644

/* What Courier knows of one message. */
typedef struct {
    uint32_t uid;        /* 0: it is not in the UID list */
    char *uidl;          /* NULL: it is not in the POP3 list */
    uint64_t size_bytes; /* ... with this size */
    GPtrArray *keywords; /* of char *, as clients see them */
} MhVerifyCourierMessage;

typedef struct {
    char *list_error;     /* why there is no UID list; NULL: there is one */
    MhUidState uids;      /* of it */
    MhFindings *findings; /* about it */
    bool is_inbox;
    bool has_sizelist;
    bool in_use;      /* Courier has written here since the last run */
    bool is_opened;   /* it has opened the folder, whenever that was */
    GArray *messages; /* of MhVerifyCourierMessage, as those of the target */
    GPtrArray *files; /* of MhVerifyFile */
} MhVerifyCourier;

/* Reads the files of the folder @name ("." is the INBOX) below @tree_fd, for the messages of
 * @target. */
MhVerifyCourier *mh_verify_courier_read(int tree_fd, const char *name, const MhVerifyTarget *target,
                                        GError **error);
void mh_verify_courier_free(MhVerifyCourier *courier); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhVerifyCourier, mh_verify_courier_free)

static inline const MhVerifyCourierMessage *
mh_verify_courier_get(const MhVerifyCourier *courier, size_t index)
{
    return &g_array_index(courier->messages, MhVerifyCourierMessage, index);
}
