/* run-accounts: what check, migrate and verify have in common: load the site, coordinate, print. */
#pragma once

#include "command.h"
#include "job.h"

int mh_run_accounts(const MhCommandContext *context, MhTask task, GError **error);
