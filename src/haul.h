/* haul: one account from survey to the end, in a worker that has become the account. */
#pragma once

#include "job.h"

/* Root's part, before the worker gives root up: makes the target's root directory where only root
 * can (its parent is root's), and gives it to @uid and @gid. Nothing is made in a dry run. */
bool mh_haul_prepare_target(const MhJob *job, const MhAccount *account, uid_t uid, gid_t gid,
                            GError **error);

/* Does the account and reports to @fd (channel.h). What fails is reported there too. */
void mh_haul_account(const MhJob *job, const MhAccount *account, int fd);
