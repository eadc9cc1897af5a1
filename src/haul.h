/* haul: one account from survey to the end, in a worker that has become the account. */
#pragma once

#include "job.h"

/* Root's part, before the worker gives root up: reads the saved UIDL listing of the account (--pop3-uidl=file:...), which may be
 * the admin's alone. NULL without @error when there is to be none; of char * otherwise. */
GPtrArray *mh_haul_read_uidls(const MhJob *job, const MhAccount *account, GError **error);

/* Does the account and reports to @fd (channel.h). What fails is reported there too.
 * @uidls are those of the INBOX; NULL: none were saved. */
void mh_haul_account(const MhJob *job, const MhAccount *account, const GPtrArray *uidls, int fd);
