/* courier-account: what there is to move of an account whose mail is in a Courier Maildir.
 *
 * - --inbox is the Maildir: its root is the INBOX, the entries ".a.b" with a cur directory in it
 *   are the folders (courier-tree.h).
 * - Names are what clients of the old server saw (courier-folder-name.h), below its prefix
 *   "INBOX."; a folder INBOX.INBOX has to be renamed, the new server would show its INBOX.
 * - Subscriptions are in "courierimapsubscribed"; access lists in every folder; the quota in
 *   "maildirsize". Everything else in the root is reported.
 * - Where the target is this very directory, the account is converted in place: see in-place.h.
 */
#pragma once

#include "account-survey.h"
#include "job.h"

/* What is odd with a single folder is a finding or an error of that folder. NULL with @error when
 * nothing can be said of the account at all. */
MhAccountSurvey *mh_courier_account_survey(const MhJob *job, const MhAccount *account,
                                           const MaildirTree *target, MhFindings *findings,
                                           GError **error);
