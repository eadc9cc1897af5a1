/* courier-tidy-pop3: the POP3 side of a tidy folder (see courier-source-tidy.h).
 *
 * The POP3 server has messages in the order of names, and writes its list in that order. That is
 * nearly mailbox order, so messages and lines can be walked side by side, and neither is held. Tidy
 * is:
 * - names of which few are out of order in the folder (see courier-tidy-order.h), and none is in
 * the list, each once;
 * - a list of version 2 or 3 without an odd line, whose numbers are below NEXT, each once, and
 * nearly all ascend;
 * - no file that a line might be about but for a ':' (see courier-pop3-sizelist.h).
 * Lines of files that have gone, and files without a line, are what every list has.
 */
#pragma once

#include "courier-source-private.h"
#include "courier-tidy-order.h"

/* All messages of @out have been added to @order. Gives them their order and UIDLs, and the sizes
 * of the list where they may be right: those have size_listed, for courier_source_add_tidy_sizes()
 * to sample. False when it is not tidy. */
bool courier_tidy_pop3_add(const CourierSource *source, CourierTidyOrder *order, MhMailbox *out);
