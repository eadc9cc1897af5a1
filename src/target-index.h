/* target-index: what one folder of the target holds now, as far as sync needs to know.
 *
 * Provenance stands in the target itself: a line of the UID list that mailhaul wrote carries what
 * it took from the source (see maildir-target.h), so no database can disagree with it.
 */
#pragma once

#include "digest.h"
#include "message-flags.h"
#include "uid-state.h"

/* A folder has fewer messages than this, on either side, so that index + 1 has 30 bits. */
#define MH_FOLDER_INDEX ((UINT32_C(1) << 30) - 1)

/* Small, and in bits: a large folder is a million of them. */
typedef struct {
    MhDigest id;              /* as the source would give it: see source.h */
    uint32_t uid;             /* 0: the file is there, but no list knows it */
    uint32_t name;            /* private to the target: where the file name is */
    uint32_t line : 31;       /* private to the target: where the line in its list is; 0: none */
    uint32_t has_carried : 1; /* carried_... are known */
    uint32_t carried_uid;     /* the UID it had at the source when it was carried */
    uint32_t letters : 26;    /* keyword letters, bit 0 is a */
    uint32_t flags : 5;       /* MhFlags */
    uint32_t is_new : 1;      /* the file is in new/ */
    uint32_t carried_letters : 26; /* the keyword letters it had at the source */
    uint32_t carried_flags : 5;    /* the flags it had at the source */
    uint32_t ours : 1;             /* mailhaul put it there; otherwise it is never touched */
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
