/* mbox-account: what there is to move of an account whose mail is in mbox files.
 *
 * - The INBOX is the file at --inbox. Where ~/mbox exists and is an mbox, UW's c-client takes that
 *   for the INBOX and moves new mail into it: then the INBOX is ~/mbox, and behind it the spool.
 * - The other folders are files below --folders, at any depth; or those that --folder-list names.
 * - Subscriptions are in ".mailboxlist" (home), ".subscriptions" or "subscriptions" (folders).
 */
#pragma once

#include "account-survey.h"
#include "job.h"

/* What is odd with a single folder is a finding or an error of that folder. NULL with @error when
 * nothing can be said of the account at all. */
MhAccountSurvey *mh_mbox_account_survey(const MhJob *job, const MhAccount *account,
                                        const MaildirTree *target, MhFindings *findings,
                                        GError **error);
