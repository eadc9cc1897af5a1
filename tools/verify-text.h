/* verify-text: what verify found in an account, for people. */
#pragma once

#include "outcome-text.h"

/* A line an account, and its first differences, the worst ones first; with MH_TEXT_VERBOSE all of
 * them. */
void mh_verify_text(const MhAccountOutcome *outcome, MhTextDetail detail);
