/* foretold: what an old server would do with mail that it has not seen, where the new one has.
 *
 * The UIDs that it would give are carried; when some of that mail goes before it has given them, it
 * would give the rest lower ones. No client of the old server knows any of them, and one of the new
 * server's may: so what was told there stays, for as long as the old server has given it to nobody.
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
/* Where the target is another directory: gives messages of the source that were carried with a UID
 * that is still foretold that UID, and others that are one above the target's. */
void mh_foretold_keep(MhMailbox *source, const MhTargetIndex *target);
/* Is it the UID of a message that the old server has not given yet? */
bool mh_foretold_is_uid(const MhMailbox *source, uint32_t uid);
