/* worst: of a large site, the accounts that a person should look at first.
 *
 * Failed accounts come first, then those with most losses, then those with most repairs. Only a
 * few are kept, whatever the site's size.
 */
#pragma once

#include "outcome.h"

#define MH_WORST_KEPT 20

typedef struct MhWorst MhWorst;

MhWorst *mh_worst_new(void);
void mh_worst_free(MhWorst *worst); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhWorst, mh_worst_free)

void mh_worst_take(MhWorst *worst, const MhAccountOutcome *outcome);
/* On standard output, errors on standard error; with a line that says how many of @accounts there
 * were to choose from. */
void mh_worst_print(const MhWorst *worst, size_t accounts);
