/* memory: what the last runs left about one account, so that the next can tell what has changed.
 *
 * It is kept in the state directory, and it may be lost, or older than the target: nothing is
 * taken from it that the stamps of both sides do not confirm. Names in it are bytes of the disk.
 *
 * - of the account: every place that the survey looked at (watch.h), the subscriptions that were
 *   carried last, and which directories the mail lay in;
 * - of each mailbox: the stamps of what it was read from and of what was written, what was done,
 *   and what had been carried (for late mail).
 */
#pragma once

#include "mailbox.h"
#include "not-mail.h"
#include "watch.h"

/* Of a folder at the target: its UID list, keywords, cur and new. */
#define MH_TARGET_STAMPS 4

typedef struct {
    char *key;         /* the mailbox at the source, unique in the account; "" is the INBOX */
    char *directory;   /* of the target tree; "." is the INBOX */
    char *settings;    /* digest of the settings under which it was carried */
    GArray *source;    /* of MhStamp: what it was read from; empty: not known */
    GArray *target;    /* of MhStamp, MH_TARGET_STAMPS of them */
    GVariant *outcome; /* as mh_mailbox_outcome_to_variant(); NULL on its way from a worker */
    GVariant *carried; /* MH_CARRIED_TYPE; NULL: not known */
    bool same;         /* nothing has changed since it was written down */
} MhMailboxMemory;

/* Where mail was: a directory by its name for people and its identity. */
typedef struct {
    char *path; /* printable */
    uint64_t device, inode;
} MhMemoryPlace;

typedef struct MhMemory {
    MhWatch *watch;           /* NULL: not everything was done, or it cannot be watched */
    GPtrArray *subscriptions; /* of char *: what the source subscribed; NULL: not known */
    GArray *places;           /* of MhMemoryPlace */
    GPtrArray *mailboxes;     /* of MhMailboxMemory */
    GHashTable *by_key;       /* of the same */
    GVariant *findings;       /* about the account; NULL on its way from a worker */
    GPtrArray *not_mail;      /* of MhNotMail */
    char *settings;           /* digest, as above */
    bool made_root;           /* mailhaul made the target's root directory */
    int64_t closed;           /* by a final run, seconds since 1970; 0: it is not */
    bool known;               /* there was a run that came to its end */
} MhMemory;

MhMailboxMemory *mh_mailbox_memory_new(const char *key, const char *directory);
void mh_mailbox_memory_free(MhMailboxMemory *mailbox); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhMailboxMemory, mh_mailbox_memory_free)

MhMemory *mh_memory_new(void);
void mh_memory_free(MhMemory *memory); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhMemory, mh_memory_free)
/* Takes @mailbox; one of the same key must not be there. */
void mh_memory_add(MhMemory *memory, MhMailboxMemory *mailbox);
/* NULL when there is none, or @memory or @key is NULL. */
const MhMailboxMemory *mh_memory_find(const MhMemory *memory, const char *key);
/* Makes the places of @from those of @memory. */
void mh_memory_copy_places(MhMemory *memory, const MhMemory *from);
/* Adds the subscriptions of @from that @memory does not have. */
void mh_memory_copy_subscriptions(MhMemory *memory, const MhMemory *from);
/* Was there mail in the place of this name? */
bool mh_memory_has_place(const MhMemory *memory, const char *path);
void mh_memory_add_place(MhMemory *memory, const char *path, uint64_t device, uint64_t inode);

/* Was mail of the account carried from a Courier Maildir? @memory may be NULL. */
bool mh_memory_was_courier(const MhMemory *memory);

/* The stamps of the folder that is open as @fd (O_PATH will do); inode 0 for what is not there. */
void mh_memory_look_at_target(int fd, MhStamp out_stamps[MH_TARGET_STAMPS]);

/* Are these the stamps of @a, and none of them too young to tell? */
bool mh_stamps_equal(const GArray *a, const GArray *b);
GArray *mh_stamps_new(void);

/* The stored forms. The account's has no mailboxes; "carried" travels beside the mailbox. */
#define MH_MAILBOX_MEMORY_TYPE "(ayaybatat)"
GVariant *mh_mailbox_memory_to_variant(const MhMailboxMemory *mailbox);
MhMailboxMemory *mh_mailbox_memory_from_variant(GVariant *variant);
GVariant *mh_memory_to_variant(const MhMemory *memory);
const char *mh_memory_type(void);
/* Fills in what the account's form holds. False when it is none: @memory is then as it was. */
bool mh_memory_from_variant(MhMemory *memory, GVariant *variant);

/* ---- what was carried --------------------------------------------------------------------- */

/* What of a mailbox has been carried, in few bytes: UIDVALIDITY and the UID up to which all was
 * (0, 0: none had a UID), and of messages without a UID, or with one that the old server had not
 * given yet, the first 8 bytes of their identities, ascending. */
#define MH_CARRIED_TYPE "(uuat)"
GVariant *mh_carried_new(const MhMailbox *mailbox);
/* Per message of @mailbox: was it carried before? g_free(). NULL when that cannot be known, since
 * the source numbers its messages anew. */
bool *mh_carried_before(GVariant *carried, const MhMailbox *mailbox);
