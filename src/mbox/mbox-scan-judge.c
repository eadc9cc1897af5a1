#include "mbox-scan-private.h"

#include "mbox-header.h"

MhSpan
mbox_scan_look(MboxScan *scan, uint64_t offset, size_t len, uint8_t *buffer)
{
    uint64_t left = scan->options.size > offset ? scan->options.size - offset : 0;
    len = (size_t)MIN((uint64_t)len, left);
    uint64_t start = offset - scan->chunk_offset;
    if (len == 0)
        return mh_span(NULL, 0);
    if (offset >= scan->chunk_offset && start <= scan->chunk.len &&
        scan->chunk.len - (size_t)start >= len)
        return mh_span(scan->chunk.data + start, len);
    if (scan->error != NULL ||
        !scan->options.peek(scan->options.user, offset, buffer, len, &scan->error))
        return mh_span(NULL, 0);
    return mh_span(buffer, len);
}

MhSpan
mbox_scan_look_window(MboxScan *scan, uint64_t offset, size_t len)
{
    return mbox_scan_look(scan, offset, MIN(len, sizeof(scan->window)), scan->window);
}

bool
mbox_scan_is_byte(MboxScan *scan, uint64_t offset, uint8_t byte)
{
    uint8_t buffer[1];
    MhSpan bytes = mbox_scan_look(scan, offset, 1, buffer);
    return bytes.len == 1 && bytes.data[0] == byte;
}

MhSpan
mbox_scan_look_long(MboxScan *scan, uint64_t offset, size_t len)
{
    if (scan->header->len < len)
        g_byte_array_set_size(scan->header, (guint)len);
    return mbox_scan_look(scan, offset, len, scan->header->data);
}

void
mbox_scan_note(MboxScan *scan, MhFindingCode code, uint64_t offset, const char *detail)
{
    mh_findings_add_at(scan->options.findings, code, offset, scan->message,
                       detail != NULL ? "%s" : NULL, detail);
}

uint64_t
mbox_scan_end_before(MboxScan *scan, uint64_t next)
{
    bool dovecot = scan->options.dialect == MBOX_DIALECT_DOVECOT;
    uint64_t lowest = dovecot ? scan->header_start : scan->body_start;
    size_t count = (size_t)MIN(next, 3);
    MhSpan back = mbox_scan_look_window(scan, next - count, count);
    size_t end = back.len;
    if (end > 0 && back.data[end - 1] == '\n')
        end--;
    else
        return next;
    if (end > 0 && back.data[end - 1] == '\r')
        end--;
    uint64_t without = next - (back.len - end);
    if (without < lowest)
        return next;
    bool blank = end > 0 && back.data[end - 1] == '\n';
    return dovecot || blank ? without : next;
}

static void
report(MboxScan *scan, uint64_t offset, const MboxEvidence *evidence, bool is_separator)
{
    if (scan->options.findings == NULL && scan->options.events.boundary == NULL)
        return;
    uint32_t message = scan->message + (is_separator ? 1 : 0);
    if (scan->options.events.boundary == NULL &&
        mh_findings_count(scan->options.findings, MH_FINDING_MBOX_BOUNDARY_DOUBTFUL) >=
            MH_FINDINGS_KEPT) { /* millions of them are counted, not described */
        mh_findings_add_at(scan->options.findings, MH_FINDING_MBOX_BOUNDARY_DOUBTFUL, offset,
                           message, NULL);
        return;
    }
    g_autofree char *reason = mbox_evidence_words(evidence);
    if (scan->options.events.boundary != NULL) {
        MboxBoundary boundary = {offset, evidence->line, is_separator, message, reason};
        scan->options.events.boundary(scan->options.user, &boundary);
    }
    mh_findings_add_at(scan->options.findings, MH_FINDING_MBOX_BOUNDARY_DOUBTFUL, offset, message,
                       "read as %s: %s", is_separator ? "separator" : "text", reason);
}

static bool
blank_before(MboxScan *scan, uint64_t offset)
{
    uint8_t buffer[3];
    size_t count = (size_t)MIN(offset, 3);
    MhSpan back = mbox_scan_look(scan, offset - count, count, buffer);
    size_t end = back.len;
    if (end == 0 || back.data[--end] != '\n')
        return false;
    if (end > 0 && back.data[end - 1] == '\r')
        end--;
    return end == 0 || back.data[end - 1] == '\n';
}

bool
mbox_scan_judge_from(MboxScan *scan, uint64_t offset, MboxPlace place)
{
    MboxEvidence evidence;
    place.patches = scan->patches;
    place.blank_before = blank_before(scan, offset);
    MhSpan window = mbox_scan_look_window(scan, offset, MBOX_EVIDENCE_WINDOW);
    if (!mbox_evidence_gather(window, place, &evidence))
        return false;
    MboxVerdict verdict = mbox_evidence_weigh(&evidence, scan->options.dialect);
    if (place.at_start)
        scan->patches = evidence.patch_line;
    if (verdict.doubtful)
        report(scan, offset, &evidence, verdict.is_separator);
    if (verdict.is_separator) {
        scan->from = evidence.from;
        scan->from_offset = offset;
        scan->sender_offset =
            evidence.from.sender.len > 0 ? (size_t)(evidence.from.sender.data - window.data) : 0;
    }
    return verdict.is_separator;
}

bool
mbox_scan_begins_from(MboxScan *scan, uint64_t offset)
{
    uint8_t buffer[5];
    return mh_span_equal(mbox_scan_look(scan, offset, 5, buffer), MH_SPAN_LITERAL("From "));
}

uint64_t
mbox_scan_skip_nuls(MboxScan *scan, uint64_t offset)
{
    for (;;) {
        MhSpan bytes = mbox_scan_look_window(scan, offset, MBOX_EVIDENCE_WINDOW);
        size_t count = 0;
        while (count < bytes.len && bytes.data[count] == 0)
            count++;
        offset += count;
        if (count == 0 || count < bytes.len)
            return offset;
    }
}

bool
mbox_scan_judge_hole(MboxScan *scan, uint64_t offset, uint64_t *out_next)
{
    *out_next = MAX(mbox_scan_skip_nuls(scan, offset), offset + 1);
    MboxPlace place = {.hole_before = true};
    if (*out_next - offset < MBOX_HOLE_MIN || !mbox_scan_begins_from(scan, *out_next) ||
        !mbox_scan_judge_from(scan, *out_next, place))
        return false;
    g_autofree char *detail = g_strdup_printf("%" G_GUINT64_FORMAT " bytes", *out_next - offset);
    mbox_scan_note(scan, MH_FINDING_MBOX_NUL_HOLE, offset, detail);
    return true;
}

bool
mbox_scan_lands(MboxScan *scan, uint64_t end, uint64_t *out_next)
{
    if (end >= scan->options.size) {
        *out_next = scan->options.size;
        return end == scan->options.size;
    }
    bool dovecot = scan->options.dialect == MBOX_DIALECT_DOVECOT;
    uint8_t buffer[2];
    MhSpan bytes = mbox_scan_look(scan, end, sizeof(buffer), buffer);
    size_t blank = mbox_header_blank_line(bytes, 0);
    if (blank == 0 && (dovecot || end == 0))
        return false;
    *out_next = end + blank;
    if (*out_next == scan->options.size)
        return true;
    if (!mbox_scan_begins_from(scan, *out_next) ||
        (blank == 0 && !mbox_scan_is_byte(scan, end - 1, '\n')))
        return false;
    MboxEvidence evidence;
    MboxPlace place = {.blank_before = true, .patches = scan->patches};
    return mbox_evidence_gather(mbox_scan_look_window(scan, *out_next, MBOX_EVIDENCE_WINDOW), place,
                                &evidence) &&
           mbox_evidence_weigh(&evidence, scan->options.dialect).is_separator;
}
