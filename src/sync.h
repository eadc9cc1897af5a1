/* sync: what must be done so that a target follows its source.
 *
 * The heart of mailhaul, and a pure function: (messages at the source, messages at the target) ->
 * lines of the target's new UID list, with what to do for each. A first run is a sync against an
 * empty target; there is no other code path for it.
 *
 * Pairing. Messages are the same when their identities are: see sync-pairing.h.
 *
 * UIDs. The source's UIDVALIDITY counts where it has one; a message keeps its UID of the source.
 * - A pair stays at the UID it has at the target as long as its UID at the source has not changed.
 * - The target is in use when it lists mail of its own in this folder: clients have seen its UIDs
 *   up to UIDNEXT. Then a message that is new to it, with a UID below its UIDNEXT, gets one above,
 *   a pair whose UID at the source has changed to one below stays where it is, and mail of its own
 *   keeps its UIDs.
 * - A target not in use takes the UIDs of the source as they are, below UIDNEXT too. (The server's
 *   indexes must go then: inserts_below.)
 * - When the source's UIDVALIDITY has changed, or it contradicts the UIDs it gave out before, the
 *   target takes its numbering over. Mail of the target's own moves above it; under the same
 *   UIDVALIDITY only where it stands in the way.
 * - A UID without UIDVALIDITY says nothing. Messages without a UID at the source are numbered by
 *   the target, in mailbox order, until the source gives them one.
 * - A message edited in place is another message with the UID of the old one, which goes. As with
 *   the old server, a client that has cached the old text under this UID may go on showing it; one
 *   that has cached the new text keeps it. (In a target in use it gets a UID of its own.)
 * - UIDs that would pass MH_UID_MAX cannot be carried: the numbering of the target goes on without
 *   those of the source; when that is used up too, everything is numbered from 1 under a fresh
 *   UIDVALIDITY.
 *
 * Flags and keywords. A flag follows the source when the source changed it since it was last
 * carried; otherwise what the target has stays. Not known what was last carried: the source wins.
 * A message goes back into new only with such a change, when its flags and keywords have all gone,
 * or when it has gone itself and came once more, under another UID.
 *
 * What mailhaul did not put into the target is never removed or changed. When such a message has
 * the identity of one at the source (a file linked before a crash, a Maildir copied there by hand),
 * it is that message: the two are paired, with nothing known of what was carried. In place it is
 * at the source in any case, and those that are in `left` are the target's own all the same.
 *
 * Late. Only what is missing is added; flags, UIDs and the record of what was carried stay as they
 * are for everything that the target lists.
 */
#pragma once

#include "mailbox.h"
#include "target-index.h"

typedef struct {
    const MhMailbox *source;
    const uint32_t *set_letters; /* keyword set of the source -> keyword letters of the target */
    const MhTargetIndex *target;
    uint32_t fresh_uidvalidity; /* for a folder that can have none from either side */
    bool mirror;                /* what was carried follows the source strictly */
    bool keep_expunged;         /* what has gone at the source stays at the target */
    bool late;                  /* only add what is missing; change and remove nothing */
    const bool *carried_before; /* late: per message of the source; what was carried and is no
                                   longer there was deleted there, and stays so. NULL: none was */
    const bool
        *left; /* in place: per message of the source; it is the target's own. NULL: none is */
} MhSyncInput;

/* One message that the target shall hold and list. In bits: see target-index.h. */
typedef struct {
    uint32_t uid;
    uint32_t source;       /* index at the source + 1; 0: only at the target */
    uint32_t target : 30;  /* index at the target + 1; 0: to be delivered */
    uint32_t retag : 1;    /* the file is there, its flags, letters or place change */
    uint32_t renumber : 1; /* the UID differs from the one the target has */
    uint32_t letters : 26; /* keyword letters, bit 0 is a */
    uint32_t flags : 5;    /* MhFlags */
    uint32_t is_new : 1;   /* belongs into new/ */
} MhSyncLine;

typedef struct {
    MhUidState uids;
    GArray *lines;             /* of MhSyncLine, by ascending UID */
    GArray *expunge;           /* of uint32_t: indexes at the target */
    GHashTable *renamed_uidls; /* set of indexes of @lines + 1: the target's own mail whose POP3
                                  UIDL is the name of its file from now on; NULL: none */

    size_t delivered, retagged, expunged, unchanged;
    size_t foreign;    /* mail of the target's own, left alone */
    size_t renumbered; /* of the source: nothing changes but the UID */
    size_t deleted;    /* of the source: carried before and deleted at the target since (late) */
    size_t left; /* of the source: mail of the target's own, which counts as foreign (in place) */
    size_t kept_gone;   /* gone at the source, kept on request */
    size_t uids_lost;   /* ... of the source that cannot have their UID, and had not been told so */
    bool uids_replaced; /* UIDVALIDITY or the UID of a listed message changes */
    bool uidvalidity_replaced; /* the former */
    bool inserts_below;        /* a UID below the target's UIDNEXT appears */
    bool list_changed;         /* lines, validity or next UID differ from the target's list */
    bool reordered; /* messages that have no UID at the source stand in another order there */
} MhSyncPlan;

MhSyncPlan *mh_sync(const MhSyncInput *input);
void mh_sync_plan_free(MhSyncPlan *plan); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhSyncPlan, mh_sync_plan_free)
