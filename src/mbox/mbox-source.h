/* mbox-source: one mbox file as a source of mail (see source.h).
 *
 * The file is opened below a directory, locked (mbox-lock) and read in one pass from front to
 * back; messages are then copied out of their ranges by the same code that measured them. The
 * file itself is never written.
 *
 * c-client's placeholder message is no message, but its UID state counts. Mail that Thunderbird
 * has deleted and not yet compacted is left out, with a finding.
 */
#pragma once

#include "mbox-lock.h"
#include "mbox-quoting.h"
#include "mbox-scan.h"
#include "source.h"

/* How the old POP3 server made its UIDLs. */
typedef enum {
    MBOX_UIDL_NONE,   /* the new server makes them, or they cannot be known */
    MBOX_UIDL_AUTO,   /* as ipop3d where the file is c-client's, otherwise none */
    MBOX_UIDL_UW,     /* ipop3d: 8 + 8 lower-case hex digits, UIDVALIDITY and UID */
    MBOX_UIDL_X_UIDL, /* qpopper: the X-UIDL header, unless it repeats in the mailbox */
} MboxUidlMode;

typedef struct {
    MboxDialect dialect;
    MboxLockKinds locks;
    unsigned lock_timeout_ms;
    MboxUnquote unquote;
    MboxUidlMode uidl;
    MhLinks links;
    GTimeZone *local; /* what dates without zone are read in; NULL: UTC. A reference is taken */
    /* Told of each line that could be read otherwise; may be NULL. */
    void (*boundary)(void *user, const MboxBoundary *boundary);
    void *user;
} MboxSourceOptions;

/* AUTO, all locks, 30 seconds, nothing unquoted, no UIDLs, no links, UTC. */
MboxSourceOptions mbox_source_options_default(void);

/* Opens and locks @path below @dirfd, which the caller may close. @findings may be NULL. NULL with
 * MBOX_ERROR_LOCKED, or in G_FILE_ERROR. index() fails with MBOX_ERROR_NOT_MBOX where the file is
 * none, and with G_FILE_ERROR_AGAIN where it changed while it was read. */
MhSource *mbox_source_open(int dirfd, const char *path, const MboxSourceOptions *options,
                           MhFindings *findings, GError **error);

/* What AUTO became; meaningful after index(). */
MboxDialect mbox_source_dialect(const MhSource *base);
