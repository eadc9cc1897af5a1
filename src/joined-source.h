/* joined-source: several sources that were one mailbox to the old server's clients.
 *
 * UW's INBOX is such a one: ~/mbox, and behind it the mail that still waits in the spool. The
 * first source gives UIDVALIDITY and UIDs; what the others hold comes behind, in order, and is
 * numbered by the target, as the old server would have done when it moved it over. The stamp is
 * that of the first, with the latest times of all.
 */
#pragma once

#include "source.h"

/* Takes @sources, which must be at least one, in order; the array and all in it are freed with the
 * result. */
MhSource *mh_joined_source_new(MhSource **sources, size_t count);
