/* sync: what must be done so that a target follows its source.
 *
 * The heart of mailhaul, and a pure function: (messages at the source, messages at the target) ->
 * lines of the target's new UID list, with what to do for each. A first run is a sync against an
 * empty target; there is no other code path for it.
 *
 * Pairing. Messages are the same when their identities are. Among messages with equal identity
 * those with equal UIDs are paired first, the rest in mailbox order.
 *
 * UIDs. The source's UIDVALIDITY counts where it has one; a message keeps its UID of the source.
 * - A pair stays at the UID it has at the target as long as its UID at the source has not changed.
 * - A message new to the target whose UID lies below the target's UIDNEXT gets one above it when
 *   the new server has received mail of its own in this folder: that mail keeps its UIDs.
 * - When the source's UIDVALIDITY or UIDs have changed, the target takes them over, and mail of
 *   its own moves above them.
 * - Messages without a UID at the source are numbered by the target, in mailbox order.
 *
 * Flags and keywords. A flag follows the source when the source changed it since it was last
 * carried; otherwise what the target has stays. Not known what was last carried: the source wins.
 *
 * What mailhaul did not put into the target is never removed or changed.
 */
#pragma once

#include "mailbox.h"
#include "target-index.h"

typedef struct {
    const MhMailbox *source;
    const uint32_t *set_letters; /* keyword set of the source -> keyword letters of the target */
    const MhTargetIndex *target;
    uint32_t fresh_uidvalidity; /* for a folder that has none on either side; not 0 */
    bool mirror;                /* what was carried follows the source strictly */
    bool keep_expunged;         /* what has gone at the source stays at the target */
    bool late;                  /* only add what is missing; change and remove nothing */
} MhSyncInput;

/* One message that the target shall hold and list. */
typedef struct {
    uint32_t uid;
    uint32_t source; /* index at the source + 1; 0: only at the target */
    uint32_t target; /* index at the target + 1; 0: to be delivered */
    uint32_t letters;
    MhFlags flags;
    bool is_new;   /* belongs into new/ */
    bool retag;    /* the file is there, its flags, letters or place change */
    bool renumber; /* the UID differs from the one the target has */
} MhSyncLine;

typedef struct {
    MhUidState uids;
    GArray *lines;   /* of MhSyncLine, by ascending UID */
    GArray *expunge; /* of uint32_t: indexes at the target */

    size_t delivered, retagged, expunged, unchanged;
    size_t foreign;     /* mail of the target's own, left alone */
    size_t kept_gone;   /* gone at the source, kept on request */
    size_t uids_lost;   /* messages of the source that could not have their UID */
    bool uids_replaced; /* UIDVALIDITY or the UID of a listed message changes */
    bool inserts_below; /* a UID below the target's UIDNEXT appears */
    bool list_changed;  /* lines, validity or next UID differ from the target's list */
} MhSyncPlan;

MhSyncPlan *mh_sync(const MhSyncInput *input);
void mh_sync_plan_free(MhSyncPlan *plan); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhSyncPlan, mh_sync_plan_free)
