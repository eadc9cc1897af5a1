/* mailbox: one folder as a list of messages with their state, wherever it is from.
 *
 * A mailbox of a million messages is one array of small structs, and chunks of strings that are
 * freed with it. Nothing here knows a format or opens a file.
 */
#pragma once

#include "digest.h"
#include "finding.h"
#include "message-flags.h"
#include "uid-state.h"

/* A string held by the mailbox; 0 is "none". */
typedef uint32_t MhText;

/* In an order without gaps: a large mailbox is a million of them. */
typedef struct {
    MhDigest id;           /* equal messages have equal identities: see source.h */
    uint32_t uid;          /* 0: none that may be carried; the target gives one */
    uint32_t keywords;     /* a keyword set of the mailbox; 0 is the empty one */
    uint32_t internaldate; /* seconds since 1970; servers keep no more bits of it */
    MhText name;           /* Courier: the base name; mbox: none */
    MhText uidl;           /* POP3 UIDL to be written down; none: the server makes it */
    uint32_t pop3_order;   /* 1 is first; 0: after those that have one, by UID */
    MhFlags flags;         /* MH_FLAG_... */
    bool is_new;           /* no client has seen it yet: belongs into new/ */
    bool size_listed;      /* virtual_size is what a list of the old server says: not counted */
    bool size_read;        /* its file was read just now, only to count its line ends */
    uint64_t size_bytes;   /* as delivered to the target */
    uint64_t virtual_size; /* the same with every line ending in CRLF */
    uint64_t where;        /* private to the source: an offset, an index */
    uint64_t where_len;    /* private to the source */
} MhMessage;

typedef struct {
    MhUidState uids;
    const char *dialect; /* whose view of the format it was read in; NULL: there is but one */
    GArray *messages;    /* of MhMessage, in mailbox order */
    char *unread;        /* why there are more that could not be read; NULL: they are all */

    /* private */
    GPtrArray *keyword_names;    /* of char *, index is the keyword's number */
    GHashTable *keyword_numbers; /* name in lower case -> number + 1 */
    GArray *set_starts;          /* set number -> start in set_members */
    GArray *set_members;         /* of uint16_t, ascending within a set */
    GHashTable *set_numbers;     /* members as GBytes -> set number */
    GByteArray *texts;           /* NUL-terminated strings, MhText is the offset */
} MhMailbox;

MhMailbox *mh_mailbox_new(void);
void mh_mailbox_free(MhMailbox *mailbox); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhMailbox, mh_mailbox_free)

/* Appends an empty message and returns it; valid until the next call. */
MhMessage *mh_mailbox_add(MhMailbox *mailbox);
MhMessage *mh_mailbox_get(const MhMailbox *mailbox, size_t index);
size_t mh_mailbox_length(const MhMailbox *mailbox);

/* The number of keyword @name (compared without case, the first spelling stays), made when it is
 * new. False past MH_LIMIT_KEYWORDS or MH_LIMIT_KEYWORD_BYTES, and for a name that is empty or
 * holds NUL. */
bool mh_mailbox_keyword(MhMailbox *mailbox, MhSpan name, uint16_t *out_number);
size_t mh_mailbox_keyword_count(const MhMailbox *mailbox);
const char *mh_mailbox_keyword_name(const MhMailbox *mailbox, uint16_t number);

/* The number of the set with these members, in any order, repeats allowed. @members is sorted in
 * place. */
uint32_t mh_mailbox_keyword_set(MhMailbox *mailbox, uint16_t *members, size_t count);
/* How many sets there are; their numbers are below it. */
size_t mh_mailbox_keyword_sets(const MhMailbox *mailbox);
/* The members of a set, ascending. Borrowed until the next set is made. */
const uint16_t *mh_mailbox_keyword_members(const MhMailbox *mailbox, uint32_t set,
                                           size_t *out_count);

/* Keeps a copy of @bytes (which must not hold NUL). */
MhText mh_mailbox_text(MhMailbox *mailbox, MhSpan bytes);
/* NULL for none. Borrowed until the next text is kept. */
const char *mh_mailbox_get_text(const MhMailbox *mailbox, MhText text);
