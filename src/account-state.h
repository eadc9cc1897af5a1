/* account-state: state of an account that is not in its mailboxes' lists: access lists, quota.
 *
 * - "dovecot-acl" of every folder that has a list of its own at the source. It follows the source.
 * - "maildirsize" in the root: the source's limits, and the use that we counted. Dovecot believes
 *   the counts of a file that it finds, so one with limits alone would say that nothing is used.
 *   In place the file is there already, and stays.
 * - For Courier, an empty INBOX where there was none.
 */
#pragma once

#include "account-survey.h"

/* @bytes and @messages: what the account's mail takes, without its Trash. */
bool mh_account_state_write(const MaildirTree *tree, const MhAccountSurvey *survey, uint64_t bytes,
                            uint64_t messages, GError **error);
/* A list at the target is not taken away where the source has none, since it may be the new
 * server's: it is told. Whoever looks whether something has changed is to look at it, too: the
 * target is @path (relative) below @root. */
void mh_account_state_tell_access(const MaildirTree *tree, const MhAccountSurvey *survey,
                                  const char *root, const char *path, MhFindings *findings);
/* Does this folder count for the quota? */
bool mh_account_state_counts(const MhSurveyMailbox *mailbox);
