/* mailbox: one folder as a list of messages with their state, wherever it is from.
 *
 * A mailbox of a million messages is one array of small structs, 56 bytes each; what few sources
 * know of a message stands beside it, for those messages that have it. Nothing here knows a format
 * or opens a file.
 */
#pragma once

#include "digest.h"
#include "finding.h"
#include "message-flags.h"
#include "uid-state.h"

/* A string held by the mailbox; 0 is "none". */
typedef uint32_t MhText;

/* Bits of the number of a keyword set: see MH_LIMIT_KEYWORD_SETS. */
#define MH_KEYWORD_SET_BITS 23
#define MH_KEYWORD_SET_MASK ((UINT32_C(1) << MH_KEYWORD_SET_BITS) - 1)

/* Bits of a size or a place: see MH_LIMIT_MESSAGE_BYTES. */
#define MH_MESSAGE_SIZE_BITS 40
#define MH_MESSAGE_SIZE_MAX  ((UINT64_C(1) << MH_MESSAGE_SIZE_BITS) - 1)

/* Without gaps, and numbers of as few bits as they can need. */
typedef struct {
    MhDigest id;           /* equal messages have equal identities: see source.h */
    uint32_t uid;          /* 0: none that may be carried; the target gives one */
    uint32_t internaldate; /* seconds since 1970; servers keep no more bits of it */
    uint32_t extra;        /* private to mailbox: what else it has; 0: nothing */
    uint32_t keywords : MH_KEYWORD_SET_BITS; /* a keyword set of the mailbox; 0 is the empty one */
    uint32_t flags : 5;                      /* MH_FLAG_... */
    uint32_t is_new : 1;                     /* no client has seen it yet: belongs into new/ */
    uint32_t has_uw_uidl : 1;                /* its UIDL is ipop3d's: see mh_mailbox_uidl() */
    uint32_t size_listed : 1; /* virtual_size is what a list of the old server says: not counted */
    uint32_t size_read : 1;   /* its file was read just now, only to count its line ends */
    uint64_t size_bytes : MH_MESSAGE_SIZE_BITS;   /* as delivered to the target */
    uint64_t virtual_size : MH_MESSAGE_SIZE_BITS; /* the same with every line ending in CRLF */
    uint64_t where : MH_MESSAGE_SIZE_BITS;        /* private to the source: an offset, an index */
    uint64_t where_len : MH_MESSAGE_SIZE_BITS;    /* private to the source */
} __attribute__((packed, aligned(4))) MhMessage;

/* Base names that a source can tell, so that they need not be held. It outlives the source. */
typedef struct MhNames MhNames;
struct MhNames {
    unsigned refs;
    /* The base name of @message; borrowed until the next call. NULL with a failure that lasts, when
     * it cannot be told any more. */
    const char *(*tell)(MhNames *names, const MhMessage *message);
    /* The same of the name of its file, in new/ or in cur/. */
    const char *(*tell_file)(MhNames *names, const MhMessage *message, bool *out_is_new);
    /* False with @error when at some time a name could not be told. */
    bool (*check)(const MhNames *names, GError **error);
    void (*free)(MhNames *names);
};

MhNames *mh_names_ref(MhNames *names);
void mh_names_unref(MhNames *names); /* NULL is fine */

/* What a message of Courier, or one with a listed UIDL, has besides. */
typedef struct {
    MhText name;         /* the base name at the source */
    MhText uidl;         /* POP3 UIDL to be written down; none: the server makes it */
    uint32_t pop3_order; /* 1 is first; 0: after those that have one, by UID */
} MhMessageExtra;

typedef struct {
    MhUidState uids;
    uint32_t foretold; /* UIDs from here on the old server has not given yet: they are what it would
                          give now, and may be others tomorrow; 0: it has given all */
    uint64_t pop3_foretold; /* POP3 UIDLs of this number on the old server has not given yet either;
                               0: it has given all */
    const char *dialect;    /* whose view of the format it was read in; NULL: there is but one */
    GArray *messages;       /* of MhMessage, in mailbox order */
    char *unread;           /* why there are more that could not be read; NULL: they are all */
    bool has_no_uidls;      /* the new server makes them: what an earlier run wrote down goes */
    bool uidls_unfit;       /* a saved listing of them does not fit: what was written down stays */
    bool uidls_saved;       /* they are from such a listing */

    /* private */
    GPtrArray *keyword_names;    /* of char *, index is the keyword's number */
    GHashTable *keyword_numbers; /* name in lower case -> number + 1 */
    GArray *set_starts;          /* set number -> start in set_members */
    GArray *set_members;         /* of uint16_t, ascending within a set */
    GHashTable *set_numbers;     /* members as GBytes -> set number */
    GByteArray *texts;           /* NUL-terminated strings, MhText is the offset */
    GArray *extras;              /* of MhMessageExtra; the first is that of messages with none */
    GArray *uidl_validities;     /* of uint32_t, of UIDLs that are held as numbers */
    char *uidl_room;             /* room for one that is told from numbers */
    MhNames *names;              /* of messages without a name of their own; NULL: they have none */
    GArray *pop3_runs;           /* of what is in one order in the mailbox and at the POP3 server,
                                    by mailbox order; NULL: each message has its own place */
} MhMailbox;

MhMailbox *mh_mailbox_new(void);
void mh_mailbox_free(MhMailbox *mailbox); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhMailbox, mh_mailbox_free)

/* Its messages were not what they seemed: it has none again, nor what is said of all of them. */
void mh_mailbox_forget_messages(MhMailbox *mailbox);

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
 * place. 0, the empty set, for others as well when there are MH_LIMIT_KEYWORD_SETS of them. */
uint32_t mh_mailbox_keyword_set(MhMailbox *mailbox, uint16_t *members, size_t count);
/* How many sets there are; their numbers are below it. */
size_t mh_mailbox_keyword_sets(const MhMailbox *mailbox);
/* The members of a set, ascending. Borrowed until the next set is made. */
const uint16_t *mh_mailbox_keyword_members(const MhMailbox *mailbox, uint32_t set,
                                           size_t *out_count);

/* The base name that the message has at the source; NULL for none. Borrowed until the next text is
 * kept. */
const char *mh_mailbox_name(const MhMailbox *mailbox, const MhMessage *message);
/* The UIDL to be written down; NULL for none. Borrowed until the next call or text. */
const char *mh_mailbox_uidl(const MhMailbox *mailbox, const MhMessage *message);
uint32_t mh_mailbox_pop3_order(const MhMailbox *mailbox, const MhMessage *message);

/* Takes over @texts, which begins with a NUL, before any text is kept: strings by where they begin.
 * The caller may keep a reference; more are appended to it. */
void mh_mailbox_hold_texts(MhMailbox *mailbox, GByteArray *texts);
/* A name that is in these texts already. */
void mh_mailbox_set_held_name(MhMailbox *mailbox, MhMessage *message, MhText name);

/* The names of messages that are given none; refers to @names. */
void mh_mailbox_set_names(MhMailbox *mailbox, MhNames *names);
/* False with @error when at some time a name could not be told: what was made of it is not to be
 * put in place. */
bool mh_mailbox_check_names(const MhMailbox *mailbox, GError **error);
/* The mh_mailbox_pop3_order() of all messages that mh_mailbox_get() gives, in mailbox order, which
 * is nearly that of the POP3 server; NULL: it is just that. Copied. */
void mh_mailbox_set_pop3_orders(MhMailbox *mailbox, const uint32_t *orders);

/* Keep a copy of the bytes, which must not hold NUL; empty is none. */
void mh_mailbox_set_name(MhMailbox *mailbox, MhMessage *message, MhSpan name);
void mh_mailbox_set_uidl(MhMailbox *mailbox, MhMessage *message, MhSpan uidl);
/* "UID" @number "-" @validity. */
void mh_mailbox_set_numbered_uidl(MhMailbox *mailbox, MhMessage *message, uint64_t number,
                                  uint64_t validity);
void mh_mailbox_set_pop3_order(MhMailbox *mailbox, MhMessage *message, uint32_t order);
/* The UIDL is the UIDVALIDITY and the UID of now, as UW's ipop3d writes them: 8 + 8 hexadecimal
 * digits in lower case. */
void mh_mailbox_set_uw_uidl(MhMessage *message);
