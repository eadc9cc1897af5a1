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

/* Small, and in bits: a large folder is a million of them. Identities are not held, for the source
 * has those of nearly all; see mh_target_index_id(). */
typedef struct {
    uint32_t uid;                  /* 0: the file is there, but no list knows it */
    uint32_t carried_uid;          /* the UID it had at the source when it was carried */
    uint32_t letters : 26;         /* keyword letters, bit 0 is a */
    uint32_t flags : 5;            /* MhFlags */
    uint32_t is_new : 1;           /* the file is in new/ */
    uint32_t carried_letters : 26; /* the keyword letters it had at the source */
    uint32_t carried_flags : 5;    /* the flags it had at the source */
    uint32_t ours : 1;             /* mailhaul put it there; otherwise it is never touched */
    uint32_t place : 30;           /* private to the target: where its line is, or its name */
    uint32_t is_named : 1;         /* private to the target: which of the two */
    uint32_t has_carried : 1;      /* carried_... are known */
} MhTargetMessage;

#define MH_TARGET_PLACE_MAX ((UINT32_C(1) << 30) - 1)

typedef struct MhTargetIndex {
    MhUidState uids;  /* 0, 0 when there is no list */
    GArray *messages; /* of MhTargetMessage */
    size_t unfiled;   /* lines of the list whose file has gone */
    /* Finds out the identity of a message, with @id_user. */
    MhDigest (*id_of)(const MhTargetMessage *message, void *user);
    void *id_user;
} MhTargetIndex;

static inline MhTargetMessage *
mh_target_index_get(const MhTargetIndex *index, size_t i)
{
    g_assert(i < index->messages->len);
    return &g_array_index(index->messages, MhTargetMessage, i);
}

/* The identity that the source would give to the message: see source.h. It may have to be read from
 * the target's list, cheaply where messages are asked for in their order. */
static inline MhDigest
mh_target_index_id(const MhTargetIndex *index, size_t i)
{
    return index->id_of(mh_target_index_get(index, i), index->id_user);
}
