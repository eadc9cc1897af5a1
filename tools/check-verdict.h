/* check-verdict: the last words of a check: ready, ready with these losses, or not ready because.
 */
#pragma once

#include "accounts.h"
#include "job.h"
#include "outcome.h"
#include "state.h"

typedef struct MhVerdict MhVerdict;

/* @job and @accounts are borrowed. */
MhVerdict *mh_verdict_new(const MhJob *job, const MhAccounts *accounts);
void mh_verdict_free(MhVerdict *verdict); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhVerdict, mh_verdict_free)

/* Takes in what the dry run of one account found. NULL @verdict does nothing. */
void mh_verdict_account(MhVerdict *verdict, const MhAccountOutcome *outcome);
/* Of so many accounts a check tells the worst only, and counts the rest. */
#define MH_VERDICT_MANY 50
bool mh_verdict_is_long(const MhSettings *settings, size_t accounts);
/* Prints the verdict on standard output, the worst first. @complete: every account was looked at;
 * @elapsed_us is how long that took; @state, which may be NULL, remembers earlier runs. False when
 * a migration should not begin like this. */
bool mh_verdict_print(MhVerdict *verdict, MhState *state, bool complete, uint64_t elapsed_us);
