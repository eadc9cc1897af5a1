#include "mbox-head.h"

/* "Name:" of printable ASCII (RFC 5322, section 2.2), or the ">From " of a relayed message. */
static bool
is_header_line(MhSpan line)
{
    size_t len = 0;
    if (mh_span_starts_with(line, MH_SPAN_LITERAL(">From ")))
        return true;
    while (len < line.len && line.data[len] > ' ' && line.data[len] < 0x7f && line.data[len] != ':')
        len++;
    return len > 0 && len < line.len && line.data[len] == ':';
}

/* The next line of @rest, without CR. */
static bool
take_line(MhSpan *rest, MhSpan *out_line)
{
    bool ended;
    if (!mh_span_take_line(rest, out_line, &ended))
        return false;
    if (out_line->len > 0 && out_line->data[out_line->len - 1] == '\r')
        out_line->len--;
    return true;
}

/* Is @line, which @rest follows, where a message begins? */
static bool
is_separator(MhSpan line, MhSpan rest)
{
    MboxFromLine from;
    MhSpan next;
    MboxFromKind kind = mbox_from_line_parse(line, &from);
    if (kind == MBOX_FROM_NONE)
        return false;
    if (kind >= MBOX_FROM_ODD_DATE || from.dovecot_accepts || from.cclient_accepts)
        return true;
    return take_line(&rest, &next) && is_header_line(next);
}

/* Something of a message stands in front of what looks like a separator in the midst of a file:
 * only a date and a header make sure of it. */
static bool
is_sure_separator(MhSpan line, MhSpan rest)
{
    MboxFromLine from;
    MhSpan next;
    return mbox_from_line_parse(line, &from) >= MBOX_FROM_ODD_DATE && take_line(&rest, &next) &&
           is_header_line(next);
}

/* What a file is that does not begin with a separator. */
static MboxHeadKind
judge_other(MhSpan head, bool begins_with_header, size_t *out_offset)
{
    static const MhSpan from = {(const uint8_t *)"From ", 5};
    MhSpan rest = head, line;
    while (!begins_with_header && take_line(&rest, &line)) {
        /* bytes of another kind may stand before it in the line: a BOM, a hole of zeros */
        size_t start = 0;
        while (start < line.len && !mh_span_starts_with(mh_span_from(line, start), from))
            start++;
        bool after_junk = start > 0 && start < line.len && (line.data[start - 1] & 0x7f) < ' ';
        bool after_bom = start == 3 && line.data[0] == 0xef;
        if (start < line.len && (start == 0 || after_junk || after_bom) &&
            is_sure_separator(mh_span_from(line, start), rest)) {
            if (out_offset != NULL)
                *out_offset = (size_t)(line.data - head.data) + start;
            return MBOX_HEAD_DAMAGED;
        }
    }
    return begins_with_header ? MBOX_HEAD_MESSAGE : MBOX_HEAD_OTHER;
}

MboxHeadKind
mbox_head_judge(MhSpan head, uint64_t size_bytes, size_t *out_offset)
{
    head = mh_span_first(head, MBOX_HEAD_BYTES);
    MhSpan rest = head, line;
    do {
        if (!take_line(&rest, &line))
            return head.len == size_bytes ? MBOX_HEAD_EMPTY : MBOX_HEAD_OTHER;
    } while (mh_span_trim_blanks(line).len == 0);
    if (!is_separator(line, rest))
        return judge_other(head, is_header_line(line), out_offset);
    if (out_offset != NULL)
        *out_offset = (size_t)(line.data - head.data);
    return MBOX_HEAD_MBOX;
}
