/* courier-file-name: the name of a message file in cur/ or new/.
 *
 * BASE[:INFO]. BASE, everything before the first ':', is the message's identity; comma fields such
 * as ",S=123" belong to it. Flags are read only when what follows the *last* ':' begins with "2,":
 * then each of the letters D F R S T anywhere behind counts, and everything else there is ignored.
 *
 * Source: Courier-IMAP 5.0.13 as observed.
 */
#pragma once

#include "message-flags.h"

/* Borrowed from @name. Empty when @name begins with ':'. */
MhSpan courier_file_name_base(MhSpan name);
MhFlags courier_file_name_flags(MhSpan name);
/* A login moves mail out of new/: what is behind the base of its name, @base_len bytes long, is cut
 * then, and COURIER_FILE_NAME_MOVED put there, unless it begins so. Does this name change? */
#define COURIER_FILE_NAME_MOVED ":2,"
bool courier_file_name_changes_at_login(MhSpan name, size_t base_len, bool is_new);
/* The value of the last ",S=" of the base: the size of the file in bytes. False when there is
 * none, or when it is no number up to the next ',' or the end. */
bool courier_file_name_size(MhSpan name, uint64_t *out_size_bytes);
