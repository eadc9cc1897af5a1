/* taken-uidls: POP3 UIDLs of the source that the new server says of mail of its own.
 *
 * A server makes them of UIDs, and so did the old one. A message that comes under a UID which the
 * new server has given out gets another UID; with its UIDL it would have that of the mail which is
 * there, and a POP3 client that knows the one would never fetch the other. So it gets none, and the
 * server makes one of its new UID. When the other mail has gone, it is given its UIDL again. If
 * clients of the old server know the message, the mail that is there gets another UIDL as well, the
 * name of its file: they would not fetch it otherwise.
 */
#pragma once

#include "maildir/maildir-folder.h"
#include "sync.h"

/* The UID of which a server makes @uidl, in one of the ways that server-config knows of: UIDn-v,
 * and both in hexadecimal digits, in either order. 0: it is not made so. */
uint32_t mh_taken_uidls_made_of(const char *uidl, uint32_t uidvalidity);

/* Takes such UIDLs from messages of @mailbox, which is the source of @plan. In @plan it notes which
 * of the target's own mail gets another. */
void mh_taken_uidls_drop(MhMailbox *mailbox, MhSyncPlan *plan, const MaildirFolder *folder);
