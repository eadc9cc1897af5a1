/* maildir-name-order: numbers for names of our own by which files sort as the old server had them.
 *
 * Courier's POP3 server numbers mail by the names of files: first by the number that a name begins
 * with. Such a number is the date of arrival (maildir-file-name.h) where that is in order, and else
 * one more than that of the message before, whether it is new or has long been there. What comes
 * into the middle of mail that is there may find no number free; then it stands behind it.
 */
#pragma once

#include "maildir-folder.h"
#include "mailbox.h"
#include "sync.h"

/* A number for each message of @mailbox. g_free(). */
int64_t *maildir_name_order(const MaildirFolder *folder, const MhMailbox *mailbox,
                            const MhSyncPlan *plan);
