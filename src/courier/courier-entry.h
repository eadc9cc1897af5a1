/* courier-entry: what an entry of a Courier Maildir's root or folder is, by its name.
 *
 * Source: Courier-IMAP 5.0.13, the Maildir++ specification.
 */
#pragma once

#include "bytes.h"

typedef enum {
    COURIER_ENTRY_PART,       /* cur, new, tmp */
    COURIER_ENTRY_FOLDER,     /* ".path" with a path that a folder may have */
    COURIER_ENTRY_BAD_FOLDER, /* begins with '.' and has an empty component: Courier ignores it */
    COURIER_ENTRY_STATE,      /* state that is carried or is of no use elsewhere */
    COURIER_ENTRY_SHARED,     /* other people's folders: an admin should know */
    COURIER_ENTRY_REPORT,     /* set up by or for the user and not carried: an admin should know */
    COURIER_ENTRY_FOREIGN,    /* another server's state */
    COURIER_ENTRY_UNKNOWN,
} CourierEntryKind;

/* *@out_text says in a few words what it is; NULL with FOLDER, PART and UNKNOWN. "." and ".." are
 * BAD_FOLDER. */
CourierEntryKind courier_entry_classify(MhSpan name, const char **out_text);
