/* outcome-text: what was done to an account, for people. */
#pragma once

#include "outcome.h"

#include <stdio.h>

typedef enum {
    MH_TEXT_QUIET,   /* only what needs a person: errors and losses */
    MH_TEXT_NORMAL,  /* a line an account, and what is worth knowing */
    MH_TEXT_VERBOSE, /* every mailbox and every finding */
} MhTextDetail;

/* Results go to @out, errors to @errors. */
void mh_outcome_text(const MhAccountOutcome *outcome, MhTextDetail detail, FILE *out, FILE *errors);

/* Findings of at least this weight, a line each; @where is what they are about. */
void mh_text_findings(const char *where, const MhFindings *findings, MhWeight least, FILE *stream);

/* What failed. */
void mh_text_errors(const MhAccountOutcome *outcome, FILE *errors);

/* "1 message", "2 messages". g_free(). */
char *mh_text_count(uint64_t count, const char *thing);
