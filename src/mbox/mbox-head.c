#include "mbox-head.h"

#include "mbox-evidence.h"

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

/* The first byte that is no blank, line end or NUL, behind a byte order mark. */
static size_t
skip_blanks(MhSpan head, bool *out_nuls)
{
    size_t at = mh_span_starts_with(head, MH_SPAN_LITERAL("\xef\xbb\xbf")) ? 3 : 0;
    *out_nuls = false;
    for (; at < head.len; at++) {
        uint8_t byte = head.data[at];
        if (byte != '\0' && byte != '\n' && byte != '\r' && !mh_is_blank(byte))
            break;
        *out_nuls = *out_nuls || byte == '\0';
    }
    return at;
}

/* Would a scan in any dialect begin with the line at @at? */
static bool
begins(MhSpan head, size_t at)
{
    static const MboxDialect dialects[] = {MBOX_DIALECT_PLAIN, MBOX_DIALECT_DOVECOT,
                                           MBOX_DIALECT_UW, MBOX_DIALECT_THUNDERBIRD,
                                           MBOX_DIALECT_GMAIL};
    MboxEvidence evidence;
    MhSpan window = mh_span_first(mh_span_from(head, at), MBOX_EVIDENCE_WINDOW);
    if (!mbox_evidence_gather(window, (MboxPlace){.at_start = true}, &evidence))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(dialects); i++) {
        if (mbox_evidence_weigh(&evidence, dialects[i]).is_separator)
            return true;
    }
    return false;
}

/* A message that a scan finds behind something else: only a line with a date, before the headers
 * of mail, makes sure of it. */
static bool
find_later(MhSpan head, size_t *out_offset)
{
    MhSpan rest = head, line;
    while (take_line(&rest, &line)) {
        MboxEvidence evidence;
        size_t at = (size_t)(line.data - head.data);
        MhSpan window = mh_span_first(mh_span_from(head, at), MBOX_EVIDENCE_WINDOW);
        if (mh_span_starts_with(line, MH_SPAN_LITERAL("From ")) &&
            mbox_evidence_gather(window, (MboxPlace){0}, &evidence) &&
            evidence.from.kind == MBOX_FROM_DATE && evidence.after >= MBOX_AFTER_MAIL) {
            *out_offset = at;
            return true;
        }
    }
    return false;
}

/* What does not begin with a separator. */
static MboxHeadKind
judge_other(MhSpan head, size_t *at)
{
    MhSpan rest = mh_span_from(head, *at), line;
    if (mh_span_starts_with(head, MH_SPAN_LITERAL("*mbx*\r\n")))
        return MBOX_HEAD_MBX;
    if (mh_span_starts_with(head, MH_SPAN_LITERAL("\1\1\1\1")))
        return MBOX_HEAD_MMDF;
    bool header = take_line(&rest, &line) && is_header_line(line);
    if (find_later(head, at))
        return MBOX_HEAD_DAMAGED;
    return header ? MBOX_HEAD_MESSAGE : MBOX_HEAD_OTHER;
}

MboxHeadKind
mbox_head_judge(MhSpan head, uint64_t size_bytes, size_t *out_offset)
{
    bool nuls;
    head = mh_span_first(head, MBOX_HEAD_BYTES);
    size_t at = skip_blanks(head, &nuls);
    if (at == head.len)
        return head.len == size_bytes && !nuls ? MBOX_HEAD_EMPTY : MBOX_HEAD_OTHER;
    MboxHeadKind kind = begins(head, at) ? MBOX_HEAD_MBOX : judge_other(head, &at);
    if (out_offset != NULL && (kind == MBOX_HEAD_MBOX || kind == MBOX_HEAD_DAMAGED))
        *out_offset = at;
    return kind;
}
