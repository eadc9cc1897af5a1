/* outcome-json: what was done to an account, for scripts: one JSON object a line. */
#pragma once

#include "outcome.h"

/* Prints {"type": "account", ...} and a newline on standard output. */
void mh_outcome_json(const MhAccountOutcome *outcome);
