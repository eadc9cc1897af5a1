/* mbox-uids: which X-UIDs are believed, and what the other messages are numbered.
 *
 * The rules are the servers' own, because what counts is the number that clients know or would be
 * given next. Both want a base (UIDVALIDITY other than 0, in the file's first message) above the
 * X-UID. Sources: Dovecot 2.3 (mbox storage), UW's c-client imap-2007f (unix driver).
 *
 * Dovecot: an X-UID is believed when it is greater than the UID before it and at most UIDLAST + 1,
 * where UIDLAST grows with every number given out. Any other message, one without X-UID included,
 * gets UIDLAST + 1; so do all behind it, their X-UIDs being too small by then. A base without
 * UIDLAST has UIDLAST 0, and stays valid.
 *
 * c-client: an X-UID must be greater than the UID before it and at most UIDLAST, and stand once in
 * its message; one that is not makes the whole file be numbered anew, under a new UIDVALIDITY. A
 * message without one gets UIDLAST + 1. A base without UIDLAST is none.
 */
#pragma once

#include "finding.h"
#include "mbox-metadata.h"
#include "uid-state.h"

typedef enum {
    MBOX_UIDS_DOVECOT,
    MBOX_UIDS_UW,
} MboxUidsRules;

/* A message as shown to clients: a placeholder has no row. */
typedef struct {
    bool has_uid;        /* an X-UID stands there */
    uint32_t uid;        /* its value; 0 for one that cannot be read */
    bool repeated;       /* more than one stands there */
    bool has_base_above; /* above the X-UID; always so in all messages but the file's first */
} MboxUidsRow;

typedef struct {
    bool has_base;
    uint32_t uidvalidity;
    uint32_t uidlast;
    bool has_last;
} MboxUidsBase;

/* @is_files_first: the message stands at the start of the file, no placeholder before it. */
MboxUidsRow mbox_uids_row(const MboxMetadata *metadata, bool is_files_first);
/* From the metadata of the file's first message, which may be the placeholder. */
MboxUidsBase mbox_uids_base(const MboxMetadata *metadata);

/* Gives every row its UID: ascending, none 0, none above MH_UID_MAX. In the result, a uidvalidity
 * of 0 says that the old one cannot be carried and a new one is due; uidnext is always set.
 * @out_uids has room for @count, which is below MH_UID_MAX. @findings may be NULL; messages are
 * counted by rows, from 1. */
MhUidState mbox_uids_assign(const MboxUidsRow *rows, size_t count, MboxUidsBase base,
                            MboxUidsRules rules, uint32_t *out_uids, MhFindings *findings);
