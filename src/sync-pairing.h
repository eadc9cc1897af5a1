/* sync-pairing: which message of the target is which message of the source.
 *
 * Messages are the same when their identities are (see source.h). Equal identities happen: two
 * copies of one newsletter in an mbox. Among them those are paired first whose UID at the source
 * is the one they were carried with; the rest in mailbox order at the source and by UID at the
 * target, where what no list knows comes last, and what mailhaul carried before what only has the
 * same name.
 *
 * Linear but for the sorting, whatever the input: a hostile mailbox of equal messages, or with
 * UIDs in descending order, costs no more than a good one.
 */
#pragma once

#include "mailbox.h"
#include "target-index.h"

typedef struct {
    uint32_t *target_of; /* per message of the source: index at the target + 1, or 0 */
    uint8_t *is_paired;  /* a bit per message of the target */
} MhSyncPairing;

/* Is message @target of the target paired? */
static inline bool
mh_sync_pairing_has(const MhSyncPairing *pairing, size_t target)
{
    return (pairing->is_paired[target / 8] >> target % 8 & 1) != 0;
}

/* Message @source of the source has none after all. */
static inline void
mh_sync_pairing_part(MhSyncPairing *pairing, size_t source)
{
    uint32_t target = pairing->target_of[source] - 1;
    pairing->is_paired[target / 8] &= (uint8_t) ~(1u << target % 8);
    pairing->target_of[source] = 0;
}

void mh_sync_pairing_init(MhSyncPairing *pairing, const MhMailbox *source,
                          const MhTargetIndex *target);
void mh_sync_pairing_clear(MhSyncPairing *pairing);
