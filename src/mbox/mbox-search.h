/* mbox-search: the places in a body where a boundary may be, found fast.
 *
 * Most bytes of mail are base64 in lines of 76; looking at each line would cost more than reading
 * them. So one loop looks at pairs of bytes, 64 at a time: LF before 'F', or two NULs (the start
 * of a hole that a crash left).
 */
#pragma once

#include "bytes.h"

/* Index of the first byte of the first such pair; @bytes.len when there is none. */
size_t mbox_search_pair(MhSpan bytes);
