/* account-format: what an account's mail is kept in, and its survey. */
#pragma once

#include "account-survey.h"
#include "job.h"

/* The format that --source-format says or, with "auto", that --inbox shows: a directory with cur
 * in it is a Courier Maildir, everything else is an mbox account (which may have no INBOX at all).
 * Never MH_FORMAT_AUTO; false with @error. */
bool mh_account_format(const MhJob *job, const MhAccount *account, MhSourceFormat *out_format,
                       GError **error);

/* What there is to move of @account, whatever its format. */
MhAccountSurvey *mh_account_survey(const MhJob *job, const MhAccount *account,
                                   const MaildirTree *target, MhFindings *findings, GError **error);
