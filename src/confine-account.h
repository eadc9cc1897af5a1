/* confine-account: the places that one account's worker needs. */
#pragma once

#include "job.h"

/* Confines this process (confine.h), if @job asks for it, to what @account needs: its sources are
 * read, and @target_fd (-1: there is none) is written, or only read when nothing shall be @written.
 * What the system lacks is a finding. To be called when the target is open, before anything of a
 * source is. False with @error when a place cannot be looked at: then it must not seem empty. */
bool mh_confine_account(const MhJob *job, const MhAccount *account, int target_fd, bool written,
                        MhFindings *findings, GError **error);
