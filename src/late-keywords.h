/* late-keywords: keywords that have no letter at the target, and how they get there all the same.
 *
 * Dovecot keeps a folder's keywords beyond the 26th in its index files alone. Those are its own to
 * write, so the rest of the keywords is handed over as commands for when it serves the mail:
 *
 *     doveadm flags add -u USER -- KEYWORD mailbox NAME uid UIDS
 *     doveadm flags add -u USER -- KEYWORD mailbox-guid GUID uid UIDS
 *
 * A name with '*' or '%' would stand for all mailboxes that fit it, and one with a line break for
 * nothing in a script: they are given by their GUID, field G in the head of dovecot-uidlist. Adding
 * a keyword twice does no harm. Source: doveadm-flags(1), Dovecot 2.3 and 2.4 (observed).
 */
#pragma once

#include "mailbox.h"
#include "maildir/maildir-keywords.h"
#include "sync.h"

/* A keyword and some of the messages that have it: "1:4,7". */
typedef void (*MhLateKeyword)(const char *keyword, const char *uids, void *user);

/* Calls @told for every keyword of the plan's messages that has no letter in @table, several times
 * when there are many. */
void mh_late_keywords(const MhMailbox *mailbox, const MhSyncPlan *plan,
                      const MaildirKeywords *table, MhLateKeyword told, void *user);

/* Can a command name the mailbox, or is its GUID needed? */
bool mh_late_keyword_by_name(const char *mailbox);

/* The command with its LF; @guid counts only where it is needed. NULL when one of the words cannot
 * be what a worker may tell. g_free(). */
char *mh_late_keyword_command(const char *user, const char *mailbox, const char *guid,
                              const char *keyword, const char *uids);
