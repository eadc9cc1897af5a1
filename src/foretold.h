/* foretold: what an old server would do with mail that it has not seen, where the new one has.
 *
 * A conversion in place gives mail that Courier has not listed yet the UIDs and UIDLs that Courier
 * would give it. When the account is converted again, the new server may have been at work: clients
 * have seen these there, other mail has gone, and some has come. Courier, which knows nothing of
 * that, would number anew what it has not listed. No client of Courier's knows those numbers, so
 * what the new server's list says stays; and mail that it lists, and mailhaul has not, is its own.
 */
#pragma once

#include "mailbox.h"
#include "maildir/maildir-folder.h"

/* @folder is where @source is, and its messages are found by their files. Takes from messages what
 * is not true any more. Returns for each whether it is the new server's own (sync.h); NULL: none
 * is. g_free(). */
bool *mh_foretold_settle(MhMailbox *source, const MaildirFolder *folder);
