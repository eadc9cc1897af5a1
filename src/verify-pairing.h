/* verify-pairing: which message of the target is which of the source.
 *
 * Messages are the same when their bytes are, whatever their names and lists say; among equal
 * ones those with the same UID, then those that had the same UID when they were carried, then one
 * after the other. What is left over pairs by what it claims to be: a file whose name carries the
 * digest (or is the name) of a message of the source, then one that is listed under its UID. Those
 * are messages whose bytes differ.
 *
 * In place a message and its counterpart are one file, so that files pair with themselves first.
 */
#pragma once

#include "verify-target.h"

#define MH_VERIFY_ALONE UINT32_MAX

typedef struct {
    uint32_t *of_source; /* index at the target, or MH_VERIFY_ALONE */
    uint32_t *of_target; /* index at the source, or MH_VERIFY_ALONE */
    bool *is_surplus;    /* of the target: alone, but a copy of what is paired */
} MhVerifyPairing;

/* @in_place: both sides are one directory. */
MhVerifyPairing *mh_verify_pairing_new(const MhVerifySource *source, const MhVerifyTarget *target,
                                       bool in_place);
void mh_verify_pairing_free(MhVerifyPairing *pairing); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhVerifyPairing, mh_verify_pairing_free)
