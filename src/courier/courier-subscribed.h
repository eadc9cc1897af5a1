/* courier-subscribed: courierimapsubscribed, the subscribed folders of one Courier account.
 *
 *     file = *( NAME LF )
 *
 * NAME is a full IMAP name as a client typed it: "INBOX", "INBOX.a.b" (the first component in any
 * case), "#shared.user.folder" (a folder of another user). It has the encoding of the tree's folder
 * names. CR and blanks belong to it; there are no comments; a last line without LF counts. Lines
 * are read in pieces of 8 KB. Every other line ("", "Foo", "INBOX..a", "INBOX.a/b") never showed to
 * a client. Names of folders that are gone do show.
 *
 * Source: Courier-IMAP 5.0.13 as observed.
 */
#pragma once

#include "finding.h"

typedef enum {
    COURIER_SUBSCRIBED_INBOX,
    COURIER_SUBSCRIBED_FOLDER, /* INBOX.path */
    COURIER_SUBSCRIBED_SHARED, /* #shared.path, shared.path */
} CourierSubscribedKind;

typedef struct {
    CourierSubscribedKind kind;
    MhSpan name; /* the whole line */
    MhSpan path; /* FOLDER: what follows "INBOX.", as in the directory's name behind its dot */
} CourierSubscribed;

/* A GArray of CourierSubscribed that borrows from @text, in the order of the file; of several lines
 * for one folder the last. Dead lines and shared folders are findings. g_array_unref(). */
GArray *courier_subscribed_parse(MhSpan text, MhFindings *findings);

/* Writes "INBOX" for an empty path and "INBOX.path" for others. NULL with COURIER_ERROR_NAME when a
 * path is none that a folder can have. */
GBytes *courier_subscribed_format(const MhSpan *paths, size_t count, GError **error);
