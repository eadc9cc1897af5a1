/* verify-account: compares one account's target with its source, in a worker that has become the
 * account. Nothing is written. */
#pragma once

#include "job.h"

/* Reports to @fd (channel.h): differences, then the mailbox that they are of. What cannot be
 * compared is reported there, too. @uidls is the listing of the INBOX's (saved-uidls.h); NULL: none
 * was saved. */
void mh_verify_account(const MhJob *job, const MhAccount *account, GBytes *uidls, int fd);
