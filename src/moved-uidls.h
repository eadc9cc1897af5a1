/* moved-uidls: POP3 UIDLs that are one message's now, and were another's when they were carried.
 *
 * No server does that. But a listing that was saved before mail went and as much came fits by its
 * count, and gives each message behind the gap the UIDL of the one before. A client that believes
 * it never fetches the new mail.
 */
#pragma once

#include "maildir/maildir-folder.h"
#include "sync.h"

/* How many messages of @mailbox, the source of @plan, have one. */
size_t mh_moved_uidls_count(const MhMailbox *mailbox, const MhSyncPlan *plan,
                            const MaildirFolder *folder);
