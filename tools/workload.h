/* workload: how much there is to do: what accounts had in an earlier run, or what a glance at them
 * tells.
 *
 * The largest accounts go first, so that a run does not end with one worker at work on the largest
 * of all. The guesses are in bytes at the source; how far they are off is learnt from the accounts
 * that are done.
 */
#pragma once

#include "account.h"
#include "outcome.h"
#include "settings.h"

typedef struct MhWorkload MhWorkload;

/* Sorts @accounts, the largest first; equal ones keep their order. @known has the sizes of some of
 * them (state-past.h), the others are looked at, for some seconds in all. */
MhWorkload *mh_workload_new(GPtrArray *accounts, const MhSettings *settings, GHashTable *known);
void mh_workload_free(MhWorkload *workload); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhWorkload, mh_workload_free)

/* About how many bytes of mail the account has. */
uint64_t mh_workload_bytes(const MhWorkload *workload, const char *user);

void mh_workload_done(MhWorkload *workload, const MhAccountOutcome *outcome);
/* What part of it all is done, 0 to 1, when @bytes have been carried so far, those of accounts
 * that are at work included. */
double mh_workload_part(const MhWorkload *workload, uint64_t bytes);
