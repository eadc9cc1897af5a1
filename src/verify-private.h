/* verify-private: what the parts of verify share while a mailbox is compared. */
#pragma once

#include "verify.h"
#include "verify-pairing.h"

typedef struct {
    const MhVerifySource *source;
    const MhVerifyTarget *target;
    const MhVerifyRules *rules;
    const MhVerifyPairing *pairing;
    MhDifferences *differences;
    bool newer;            /* the source may have changed since the target was written */
    bool certainly_newer;  /* ... and after its list was last written by anybody */
    bool same_uidvalidity; /* the source has one, and the target the same */
    GHashTable *uids;      /* UIDs at the source */
    uint32_t carried_max;  /* the highest UID that was carried; 0: none was */
    uint32_t *set_letters; /* keyword set -> letters at the target */
} MhVerify;

/* Where a difference is from, when the target's state, or the source's, is what was carried. */
MhDifferenceClass mh_verify_explain(const MhVerify *verify, bool target_is_carried,
                                    bool source_is_carried);

/* ---- verify-courier-compare: where the new server is Courier ---- */

/* What Courier knows of a pair. Returns whether all is the same. */
bool mh_verify_courier_message(const MhVerify *verify, uint32_t source, uint32_t target);
/* The lists of the folder, and the order of its mail. */
void mh_verify_courier_folder(const MhVerify *verify);

/* ---- the pair ---- */

/* Compares a pair in everything but its bytes and UID. Returns whether all is the same. */
bool mh_verify_message(const MhVerify *verify, uint32_t source, uint32_t target);

/* Under the same UIDVALIDITY: has the source given @uid since the target was written? It is above
 * all that were carried, and above the target's next one unless mail of its own has raised that. */
bool mh_verify_uid_is_new(const MhVerify *verify, uint32_t uid);

/* Finds the letters of all keyword sets; keywords that have none are differences. g_free(). */
uint32_t *mh_verify_keyword_sets(const MhVerify *verify);

/* A letter's name at the target as a server shows it. g_free(). */
char *mh_verify_letter_name(const MhVerify *verify, unsigned letter);
