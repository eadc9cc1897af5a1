/* remember: what one run leaves for the next, and what the last one left, in a worker's hands. */
#pragma once

#include "account-survey.h"
#include "job.h"

/* The UIDVALIDITY and next UID with which the last run left the folder; 0, 0: not known. */
MhUidState mh_remember_left(const MhMailboxMemory *known);

/* Has nothing happened to the mailbox since it was carried, at the source and at the target? Then
 * @outcome is what it was, and nothing of the mailbox is opened. */
bool mh_remember_unchanged(const MhJob *job, const MaildirTree *tree,
                           const MhSurveyMailbox *mailbox, MhMailboxOutcome *outcome);

/* What is to be remembered of a mailbox that is in place. Stamps only when the target is durable
 * (@durable): otherwise it is read again. NULL when the mailbox cannot be remembered. */
MhMailboxMemory *mh_remember_mailbox(const MhAccountSurvey *survey, const char *maildir,
                                     const MhSurveyMailbox *mailbox, const MhCarry *carry,
                                     bool changed, bool durable);
/* The same of one that was left alone, since nothing has happened to it. */
MhMailboxMemory *mh_remember_same(const MhJob *job, const MhSurveyMailbox *mailbox);

/* Do they tell of something that could not be read, and may be readable the next time, or that is
 * true of one run alone? Then it is tried again, though nothing has changed. */
bool mh_remember_unreadable(const MhFindings *findings);

/* Was there such a thing when the account was done last? */
bool mh_remember_left_unread(const MhMemory *memory);

/* What is to be remembered of the account. @watch: everything was done, so that the next run need
 * not look into it while what the survey has seen stays. */
MhMemory *mh_remember_account(const MhAccountSurvey *survey, bool watch);

/* The coordinator's part: is everything that @memory knows of still as it was, so that no worker
 * is needed? Looks, and opens nothing but directories. */
bool mh_remember_all_unchanged(const MhMemory *memory, const MhJob *job, const MhAccount *account);
/* Is what the mail came from as the final run saw it when it closed the account? It is looked at as
 * closely as then. */
bool mh_remember_still_closed(const MhMemory *memory, const MhJob *job, const MhAccount *account);
/* Can a file system that must be asked for that be silent for ever? */
bool mh_remember_may_wait(const MhMemory *memory, const MhJob *job, const MhAccount *account);
/* And what the account's outcome is then. False when the memory cannot say. */
bool mh_remember_outcome(const MhMemory *memory, MhAccountOutcome *out);

/* Sends memory to the coordinator; takes it over (NULL is fine). */
void mh_remember_send_mailbox(int fd, MhMailboxMemory *mailbox);
void mh_remember_send_account(int fd, MhMemory *memory, bool closed, bool undone, bool root_left);
/* And receives it, into @outcome. False for what a worker does not send: of a mailbox there is one
 * memory, behind its outcome. */
bool mh_remember_take_mailbox(MhAccountOutcome *outcome, GVariant *content);
bool mh_remember_take_account(MhAccountOutcome *outcome, GVariant *content);
