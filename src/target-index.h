/* target-index: what one folder of the target holds now, as far as sync needs to know.
 *
 * Provenance stands in the target itself: a line of the UID list that mailhaul wrote carries what
 * it took from the source (see maildir-target.h), so no database can disagree with it.
 */
#pragma once

#include "digest.h"
#include "message-flags.h"
#include "uid-state.h"

typedef struct {
    MhDigest id;              /* as the source would give it: see source.h */
    uint32_t uid;             /* 0: the file is there, but no list knows it */
    uint32_t name;            /* private to the target: where the file name is */
    uint32_t line;            /* private to the target: which line of its list, +1; 0 none */
    uint32_t letters;         /* keyword letters, bit 0 is a */
    uint32_t carried_uid;     /* the UID it had at the source when it was carried */
    uint32_t carried_letters; /* the keyword letters it had there */
    MhFlags flags;
    MhFlags carried_flags; /* the flags it had at the source when it was carried */
    bool is_new;           /* the file is in new/ */
    bool ours;             /* mailhaul put it there; otherwise it is never touched */
    bool has_carried;      /* carried_... are known */
} MhTargetMessage;

typedef struct {
    MhUidState uids;  /* 0, 0 when there is no list */
    GArray *messages; /* of MhTargetMessage */
    size_t unfiled;   /* lines of the list whose file has gone */
} MhTargetIndex;

static inline MhTargetMessage *
mh_target_index_get(const MhTargetIndex *index, size_t i)
{
    g_assert(i < index->messages->len);
    return &g_array_index(index->messages, MhTargetMessage, i);
}
