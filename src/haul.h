/* haul: one account from survey to the end, in a worker that has become the account. */
#pragma once

#include "job.h"

/* Does the account and reports to @fd (channel.h). What fails is reported there too. @uidls is the
 * listing of the INBOX's (saved-uidls.h); NULL: none was saved. */
void mh_haul_account(const MhJob *job, const MhAccount *account, GBytes *uidls, int fd);
