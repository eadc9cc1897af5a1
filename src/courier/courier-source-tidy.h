/* courier-source-tidy: the index of a folder in which nothing is odd.
 *
 * Most large folders are so, and then a message needs no more than its place among the others: its
 * name stands in courierimapuiddb (see courier-names.h), and there is nothing to be told. Tidy is:
 * - a UID list without an odd line or a name listed twice, in the order of UIDs; or none, in an
 *   INBOX whose list of UIDLs has the names (its owner uses POP3 alone), and mail that is not in it
 *   comes after all that is;
 * - one file for a name, a plain one, in cur/ where the name is listed; no names of mailhaul's own;
 * - no UIDLs of file names, and in an INBOX that the POP3 server would have in nearly the same
 *   order, with a list of UIDLs that is tidy, too (courier-tidy-pop3.h).
 * What the index then has is what the other parts of courier-source would have made of the folder.
 * Of anything else it says so, and they do it.
 */
#pragma once

#include "courier-source-private.h"

/* Fills @out, and source->tidy, with everything but keywords and sizes. False when the folder is
 * not tidy, or cannot be read: nothing has been told, and @out is to be emptied. */
bool courier_source_add_tidy(CourierSource *source, MhMailbox *out, MhFindings *findings);
