/* mbox-header: where the header of a message ends.
 *
 * The header reaches up to and with its first blank line (LF or CRLF). Without one within
 * MH_LIMIT_HEADER_BYTES it is cut there, after the last whole line, and what follows counts as
 * body: so the same bytes always give the same header, however they are read.
 */
#pragma once

#include "bytes.h"
#include "size-limits.h"

typedef enum {
    MBOX_HEADER_COMPLETE, /* ends with a blank line */
    MBOX_HEADER_CUT,      /* longer than the limit */
    MBOX_HEADER_OPEN,     /* all of @bytes belongs to it: there may be more */
} MboxHeaderEnd;

/* The length of the header that @bytes begin with. */
size_t mbox_header_length(MhSpan bytes, MboxHeaderEnd *out_end);

/* Is a blank line at @data[at], as far as there are bytes? Its length: 1, 2, or 0 for none. */
size_t mbox_header_blank_line(MhSpan bytes, size_t at);
