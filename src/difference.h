/* difference: how a target differs from its source, one record a thing.
 *
 * What verify finds. A difference is named by its code, weighed by its class, and told in words.
 */
#pragma once

#include "bytes.h"

/* Where a difference comes from, as far as both sides show it; the worst is last. */
typedef enum {
    MH_DIFFERENCE_NOTE,   /* nothing is wrong */
    MH_DIFFERENCE_TARGET, /* changed at the target, where a client has been at work */
    MH_DIFFERENCE_NEWER,  /* the source has changed since: the next run carries it */
    MH_DIFFERENCE_LOSS,   /* cannot be carried, and the migration said so */
    MH_DIFFERENCE_DAMAGE, /* none of these explains it */
    MH_DIFFERENCE_CLASSES
} MhDifferenceClass;

/* The one table of differences: code, and what it says. The code's lower-case name with '-' for
 * '_' is what JSON shows. */
#define MH_DIFFERENCE_TABLE(X)                                                                     \
    /* messages */                                                                                 \
    X(MESSAGE_MISSING, "a message is missing at the target")                                       \
    X(MESSAGE_EXTRA, "a message at the target is not at the source")                               \
    X(MESSAGE_GONE, "the file of a carried message is not there any more")                         \
    X(MESSAGE_TWICE, "a message is at the target more often than at the source")                   \
    X(MESSAGE_UNLISTED, "a message is not in the UID list")                                        \
    X(MESSAGE_NAME, "a message has a name that a server cannot serve")                             \
    X(BYTES, "the bytes of a message differ")                                                      \
    X(ORDER, "messages stand in another order")                                                    \
    X(FLAGS, "flags differ")                                                                       \
    X(KEYWORDS, "keywords differ")                                                                 \
    X(PLACE, "a message is not as new as at the source")                                           \
    X(INTERNALDATE, "the date of arrival differs")                                                 \
    X(SIZE, "a size is stated that is not the message's")                                          \
    X(SIZE_UNSTATED, "a size is not stated: the server will have to read the message")             \
    X(SOURCE_SIZE, "the source gives other bytes than it announced")                               \
    /* numbers */                                                                                  \
    X(UID, "a UID differs")                                                                        \
    X(UIDVALIDITY, "the UIDVALIDITY differs")                                                      \
    X(UIDNEXT, "the next UID is not right")                                                        \
    X(UID_LIST, "the UID list is damaged")                                                         \
    X(UIDL, "a POP3 UIDL differs")                                                                 \
    X(POP3_ORDER, "the POP3 order differs")                                                        \
    /* folders and what belongs to them */                                                         \
    X(FOLDER_MISSING, "a folder is missing at the target")                                         \
    X(FOLDER_EXTRA, "a folder at the target holds carried mail and is not at the source")          \
    X(KEYWORD_TABLE, "the table of keywords is damaged")                                           \
    X(SUBSCRIPTION_MISSING, "a subscription is missing at the target")                             \
    X(SUBSCRIPTION_EXTRA, "a subscription is only at the target")                                  \
    X(ACL, "the access list differs")                                                              \
    X(OWNER, "a file belongs to somebody else")                                                    \
    X(MODE, "a file has another mode")                                                             \
    X(LEFTOVER, "something unfinished lies in the target")

typedef enum {
#define MH_DIFFERENCE_ENUM(code, text) MH_DIFFERENCE_##code,
    MH_DIFFERENCE_TABLE(MH_DIFFERENCE_ENUM)
#undef MH_DIFFERENCE_ENUM
        MH_DIFFERENCE_COUNT
} MhDifferenceCode;

typedef struct {
    MhDifferenceCode code;
    MhDifferenceClass class;
    char *mailbox;    /* the folder at the source, printable; NULL: of the account */
    uint32_t message; /* its number at the source, 1 is the first; 0: none */
    uint32_t uid;     /* at the source, or of a message only there at the target; 0: none */
    char *detail;     /* both sides in words, printable; NULL: nothing to add */
} MhDifference;

void mh_difference_free(MhDifference *difference); /* NULL is fine */
const char *mh_difference_name(MhDifferenceCode code);
const char *mh_difference_text(MhDifferenceCode code);
/* "damage", "newer-at-source" and so on. */
const char *mh_difference_class_name(MhDifferenceClass class);

/* Differences of one mailbox or account. Counts are exact; records are kept up to a limit. */
typedef struct {
    GPtrArray *kept; /* of MhDifference, in the order they were found */
    uint64_t counts[MH_DIFFERENCE_CLASSES];
    char *mailbox; /* whose differences are being added; NULL: the account's own */
} MhDifferences;

MhDifferences *mh_differences_new(void);
void mh_differences_free(MhDifferences *differences); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhDifferences, mh_differences_free)

/* What is added from now on is about this mailbox. */
void mh_differences_set_mailbox(MhDifferences *differences, const char *mailbox);
/* @detail_format may be NULL. Bytes from outside go through mh_printable() first. */
void mh_differences_add(MhDifferences *differences, MhDifferenceCode code, MhDifferenceClass class,
                        uint32_t message, uint32_t uid, const char *detail_format, ...)
    G_GNUC_PRINTF(6, 7);
/* Takes over a record. */
void mh_differences_take(MhDifferences *differences, MhDifference *difference);
/* All that are more than notes. */
uint64_t mh_differences_total(const MhDifferences *differences);

/* The form in which a worker sends one: see channel.h. from_variant() gives NULL for anything
 * that to_variant() does not make. */
GVariant *mh_difference_to_variant(const MhDifference *difference);
MhDifference *mh_difference_from_variant(GVariant *variant);
