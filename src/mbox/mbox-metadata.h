/* mbox-metadata: what mail programs write about a message into its own header.
 *
 * Header names are compared without case, blanks before the colon allowed; a field goes on over
 * lines that begin with a blank; the header ends at its first empty line or with the block.
 *     Status: letters            R seen, O no longer recent
 *     X-Status: letters          A answered, F flagged, T draft, D deleted; capitals only.
 *                                c-client knows all six letters in both headers
 *     X-Keywords: name...        blank-separated, padded with blanks
 *     X-UID: digits              padded with blanks; a value on a continuation line is none
 *     X-IMAPbase: UIDVALIDITY UIDLAST keyword...     one space behind UIDVALIDITY; may be folded
 *     X-IMAP: the same           and the message is a placeholder, not mail
 *     Content-Length, Lines: digits
 *     X-Mozilla-Status: hhhh     0001 read, 0002 replied, 0004 flagged, 0008 expunged
 *     X-Mozilla-Status2: hhhhhhhh     00200000 deleted in the IMAP sense
 *     X-Mozilla-Keys: name...    blank-separated, padded
 * Sources: Dovecot 2.3 (mbox storage), UW's c-client imap-2007f (unix driver), Mozilla's message
 * flags. Nothing here grows with its input: everything is read in one pass, and kept by reference.
 */
#pragma once

#include "bytes.h"
#include "message-flags.h"

/* Whose headers are private, and whose letters count. */
typedef enum {
    MBOX_HIDING_DOVECOT,
    MBOX_HIDING_UW,
    MBOX_HIDING_THUNDERBIRD, /* X-Mozilla-Status, -Status2 and -Keys too; its flags are in there */
} MboxHiding;

/* Marks of programs, to tell dialects apart. */
enum {
    MBOX_MARK_DOVECOT = 1 << 0,     /* X-IMAPbase with UIDLAST 0000000030, or a padded X-UID */
    MBOX_MARK_CCLIENT = 1 << 1,     /* X-IMAP; X-IMAPbase with UIDLAST 30; an empty X-Status above
                                     X-UID (Dovecot leaves one below it) */
    MBOX_MARK_THUNDERBIRD = 1 << 2, /* X-Mozilla-... */
    MBOX_MARK_GMAIL = 1 << 3,       /* X-GM-THRID, X-Gmail-Labels */
    MBOX_MARK_QPOPPER = 1 << 4,     /* X-UIDL */
};

typedef struct {
    bool is_x_imap; /* X-IMAP: the message is a placeholder when it is the file's first */
    uint32_t uidvalidity;
    uint32_t uidlast; /* UINT32_MAX also for what is larger */
    bool has_last;
    unsigned mark;   /* whose form X-IMAPbase has: MBOX_MARK_DOVECOT, _CCLIENT, or 0 */
    MhSpan keywords; /* names: mbox_metadata_next_keyword() */
} MboxBase;

typedef struct {
    bool present;
    uint32_t uid;  /* 0: no value that counts */
    bool repeated; /* more such headers follow */
} MboxUid;

/* All spans borrow from the header and may be folded. */
typedef struct {
    bool has_status;
    bool has_x_status;
    uint8_t status;   /* MBOX_LETTER_... seen in Status */
    uint8_t x_status; /* and in X-Status */

    bool has_mozilla_status;
    uint32_t mozilla_status;
    uint32_t mozilla_status2;
    MhSpan mozilla_keys;

    bool has_keywords;
    MhSpan keywords; /* the first X-Keywords */

    bool has_base;    /* the first X-IMAP or X-IMAPbase with a UIDVALIDITY other than 0 */
    bool base_broken; /* there was one without */
    MboxBase base;
    MboxUid uid;            /* the first X-UID; a value counts before none */
    MboxUid uid_below_base; /* the same, of those that stand below @base */

    /* UW's placeholder by its words: needed for old ones, which had no X-IMAP. */
    bool is_internal_data;

    bool has_content_length;
    uint64_t content_length;
    bool has_lines;
    uint64_t lines;

    bool has_date, has_received, has_uidl;
    MhSpan date; /* the first of each */
    MhSpan received;
    MhSpan uidl;
    bool has_delivery_id; /* X-Delivery-ID */
    unsigned marks;       /* MBOX_MARK_... */
} MboxMetadata;

enum {
    MBOX_LETTER_R = 1 << 0,
    MBOX_LETTER_O = 1 << 1,
    MBOX_LETTER_A = 1 << 2,
    MBOX_LETTER_F = 1 << 3,
    MBOX_LETTER_T = 1 << 4,
    MBOX_LETTER_D = 1 << 5,
};

/* Always fills @out. */
void mbox_metadata_read(MhSpan header, MboxMetadata *out);

/* The flags as the program @which showed them. Thunderbird's are its own where it has left any,
 * and the others' letters where not. */
MhFlags mbox_metadata_flags(const MboxMetadata *metadata, MboxHiding which);
/* No client has seen it yet: without the letter O; in Thunderbird: neither read nor without its
 * own mark of new mail. */
bool mbox_metadata_is_recent(const MboxMetadata *metadata, MboxHiding which);
/* Thunderbird: deleted, and waiting for the folder to be compacted. */
bool mbox_metadata_is_expunged(const MboxMetadata *metadata, MboxHiding which);

/* Takes the next name off the names of X-Keywords, X-Mozilla-Keys or a base; lines may be folded.
 * False at the end. The count and the length of names have no limit here: mh_mailbox_keyword()
 * has. Dovecot voids an X-Keywords of which one name is not in the base's list. */
bool mbox_metadata_next_keyword(MhSpan *rest, MhSpan *out_name);

/* Is @name (without colon) a header that clients did not see?
 * All: Status, X-IMAP, X-IMAPbase, X-Keywords, X-Status, X-UID. All but MBOX_HIDING_UW:
 * Content-Length. MBOX_HIDING_THUNDERBIRD: X-Mozilla-Status, X-Mozilla-Status2, X-Mozilla-Keys too.
 * X-UIDL and X-Delivery-ID are shown by all of them. */
bool mbox_metadata_is_private(MhSpan name, MboxHiding which);

/* Receives a part of the header that is kept; false stops. */
typedef bool (*MboxKeepFunc)(MhSpan kept, void *user);

/* Hands on @header without its private fields, in as few parts as there are gaps. What follows its
 * empty line is kept as it is. False when @keep said so. */
bool mbox_metadata_filter(MhSpan header, MboxHiding which, MboxKeepFunc keep, void *user);
