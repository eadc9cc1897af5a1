#include "mbox-header.h"

size_t
mbox_header_blank_line(MhSpan bytes, size_t at)
{
    if (at < bytes.len && bytes.data[at] == '\n')
        return 1;
    if (at + 1 < bytes.len && bytes.data[at] == '\r' && bytes.data[at + 1] == '\n')
        return 2;
    return 0;
}

size_t
mbox_header_length(MhSpan bytes, MboxHeaderEnd *out_end)
{
    MhSpan window = mh_span_first(bytes, MH_LIMIT_HEADER_BYTES);
    size_t line = 0, length;
    for (;;) {
        size_t blank = mbox_header_blank_line(window, line);
        if (blank > 0) {
            *out_end = MBOX_HEADER_COMPLETE;
            return line + blank;
        }
        if (!mh_span_find(mh_span_from(window, line), '\n', &length))
            break;
        line += length + 1;
    }
    if (bytes.len < MH_LIMIT_HEADER_BYTES) {
        *out_end = MBOX_HEADER_OPEN;
        return bytes.len;
    }
    *out_end = MBOX_HEADER_CUT;
    return line > 0 ? line : window.len;
}
