/* closed: accounts that their final run has closed.
 *
 * They are for --late, or for who says --reopen. Another final run has nothing to do with them: it
 * may be the rest of one that was stopped.
 */
#pragma once

#include "job.h"
#include "memory.h"

/* Is the account that @memory is of closed, and @job not for such a one? */
bool mh_closed_holds_back(const MhJob *job, const MhMemory *memory);
/* Is it what @job wants, that accounts are closed? */
bool mh_closed_is_goal(const MhJob *job);
/* Why it is held back. g_free(). */
char *mh_closed_error(const MhJob *job, const MhMemory *memory);
