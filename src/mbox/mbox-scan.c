#include "mbox-scan.h"

#include "mbox-header.h"
#include "mbox-search.h"
#include "printable.h"

#include <string.h>

/* How much of a file is searched for a first message when it does not begin with one. */
#define LEADING_MAX (1u << 20)
/* Content-Length headers of one message that are tried. */
#define LENGTHS_MAX 4
#define NOWHERE     UINT64_MAX

typedef enum {
    STATE_START,
    STATE_FROM, /* at a From_ line that was judged a separator */
    STATE_BODY,
    STATE_DONE,
} State;

struct MboxScan {
    MboxScanOptions options;
    State state;
    MhSpan chunk;
    uint64_t chunk_offset;
    uint64_t position; /* everything before it has been accounted for; may be past the chunk */
    uint64_t judged;   /* no candidate before it needs to be looked at again */
    uint64_t body_start;
    uint64_t header_start;
    uint64_t known_end;  /* where the body ends: Content-Length, or a boundary found; NOWHERE */
    uint64_t known_next; /* the separator or end of file after it */
    uint32_t message;
    bool patches;
    MboxFromLine from; /* of the last line judged a separator; its sender starts at sender_offset */
    uint64_t from_offset;
    size_t sender_offset;
    uint64_t lengths[LENGTHS_MAX];
    unsigned length_count;
    uint8_t window[MBOX_EVIDENCE_WINDOW];
    GByteArray *header; /* a header, or leading bytes, that the chunk does not hold whole */
    GError *error;
};

MboxScan *
mbox_scan_new(const MboxScanOptions *options)
{
    g_assert(options->dialect != MBOX_DIALECT_AUTO);
    MboxScan *scan = g_new0(MboxScan, 1);
    scan->options = *options;
    scan->header = g_byte_array_new();
    scan->known_end = NOWHERE;
    scan->state = options->size == 0 ? STATE_DONE : STATE_START;
    return scan;
}

void
mbox_scan_free(MboxScan *scan)
{
    if (scan == NULL)
        return;
    g_byte_array_unref(scan->header);
    g_clear_error(&scan->error);
    g_free(scan);
}

/* The bytes from @offset on, @len of them or up to the end of the file: from the chunk when it
 * holds them, else read into @buffer. Empty after a failure. */
static MhSpan
look(MboxScan *scan, uint64_t offset, size_t len, uint8_t *buffer)
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

static MhSpan
look_window(MboxScan *scan, uint64_t offset, size_t len)
{
    return look(scan, offset, MIN(len, sizeof(scan->window)), scan->window);
}

static bool
is_byte(MboxScan *scan, uint64_t offset, uint8_t byte)
{
    uint8_t buffer[1];
    MhSpan bytes = look(scan, offset, 1, buffer);
    return bytes.len == 1 && bytes.data[0] == byte;
}

/* The same for a header or other long piece. */
static MhSpan
look_long(MboxScan *scan, uint64_t offset, size_t len)
{
    if (scan->header->len < len)
        g_byte_array_set_size(scan->header, (guint)len);
    return look(scan, offset, len, scan->header->data);
}

static uint64_t
chunk_end(const MboxScan *scan)
{
    return scan->chunk_offset + scan->chunk.len;
}

static void
note(MboxScan *scan, MhFindingCode code, uint64_t offset, const char *detail)
{
    mh_findings_add_at(scan->options.findings, code, offset, scan->message,
                       detail != NULL ? "%s" : NULL, detail);
}

/* Where header and body end when a separator, a hole or the end of the file is at @next. */
static uint64_t
end_before(MboxScan *scan, uint64_t next)
{
    bool dovecot = scan->options.dialect == MBOX_DIALECT_DOVECOT;
    uint64_t lowest = dovecot ? scan->header_start : scan->body_start;
    size_t count = (size_t)MIN(next, 3);
    MhSpan back = look_window(scan, next - count, count);
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
    g_autofree char *reason = mbox_evidence_words(evidence);
    uint32_t message = scan->message + (is_separator ? 1 : 0);
    if (scan->options.events.boundary != NULL) {
        MboxBoundary boundary = {offset, evidence->line, is_separator, message, reason};
        scan->options.events.boundary(scan->options.user, &boundary);
    }
    g_autofree char *line = mh_printable(mh_span_first(evidence->line, 120));
    mh_findings_add_at(scan->options.findings, MH_FINDING_MBOX_BOUNDARY_DOUBTFUL, offset, message,
                       "'%s' read as %s: %s", line, is_separator ? "separator" : "text", reason);
}

static bool
blank_before(MboxScan *scan, uint64_t offset)
{
    uint8_t buffer[3];
    size_t count = (size_t)MIN(offset, 3);
    MhSpan back = look(scan, offset - count, count, buffer);
    size_t end = back.len;
    if (end == 0 || back.data[--end] != '\n')
        return false;
    if (end > 0 && back.data[end - 1] == '\r')
        end--;
    return end == 0 || back.data[end - 1] == '\n';
}

/* Is the line at @offset, which begins with "From ", a separator? */
static bool
judge_from(MboxScan *scan, uint64_t offset, MboxPlace place)
{
    MboxEvidence evidence;
    place.patches = scan->patches;
    place.blank_before = blank_before(scan, offset);
    MhSpan window = look_window(scan, offset, MBOX_EVIDENCE_WINDOW);
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

static bool
begins_from(MboxScan *scan, uint64_t offset)
{
    uint8_t buffer[5];
    return mh_span_equal(look(scan, offset, 5, buffer), MH_SPAN_LITERAL("From "));
}

/* The first byte after the NULs at @offset. */
static uint64_t
skip_nuls(MboxScan *scan, uint64_t offset)
{
    for (;;) {
        MhSpan bytes = look_window(scan, offset, MBOX_EVIDENCE_WINDOW);
        size_t count = 0;
        while (count < bytes.len && bytes.data[count] == 0)
            count++;
        offset += count;
        if (count == 0 || count < bytes.len)
            return offset;
    }
}

/* Is there a hole at @offset that ends at a separator? Sets @out_next to where the NULs end. */
static bool
judge_hole(MboxScan *scan, uint64_t offset, uint64_t *out_next)
{
    *out_next = MAX(skip_nuls(scan, offset), offset + 1);
    MboxPlace place = {.hole_before = true};
    if (*out_next - offset < MBOX_HOLE_MIN || !begins_from(scan, *out_next) ||
        !judge_from(scan, *out_next, place))
        return false;
    g_autofree char *detail = g_strdup_printf("%" G_GUINT64_FORMAT " bytes", *out_next - offset);
    note(scan, MH_FINDING_MBOX_NUL_HOLE, offset, detail);
    return true;
}

/* --- the beginning of the file --- */

/* Passes byte order mark, blank lines and NULs. */
static uint64_t
skip_leading_blanks(MboxScan *scan, bool *out_nuls)
{
    uint64_t offset = 0;
    if (mh_span_equal(look_window(scan, 0, 3), MH_SPAN_LITERAL("\xef\xbb\xbf")))
        offset = 3;
    for (*out_nuls = false;;) {
        MhSpan bytes = look_window(scan, offset, MBOX_EVIDENCE_WINDOW);
        size_t count = 0;
        while (count < bytes.len && (bytes.data[count] == 0 || bytes.data[count] == '\n' ||
                                     bytes.data[count] == '\r' || mh_is_blank(bytes.data[count])))
            *out_nuls |= bytes.data[count++] == 0;
        offset += count;
        if (count == 0 || count < bytes.len)
            return offset;
    }
}

static bool
is_sure_in_garbage(MhSpan window, size_t at)
{
    MboxEvidence evidence;
    MboxPlace place = {0};
    return mbox_evidence_gather(mh_span_first(mh_span_from(window, at), MBOX_EVIDENCE_WINDOW),
                                place, &evidence) &&
           evidence.from.kind == MBOX_FROM_DATE && evidence.after >= MBOX_AFTER_MAIL;
}

/* The first dated From_ line with mail headers in the first LEADING_MAX bytes; NOWHERE. */
static uint64_t
find_after_garbage(MboxScan *scan, uint64_t offset)
{
    MhSpan bytes = look_long(scan, offset, LEADING_MAX + MBOX_EVIDENCE_WINDOW);
    size_t at = 0;
    while (at < MIN(bytes.len, LEADING_MAX)) {
        size_t found = mbox_search_pair(mh_span_from(bytes, at));
        at += found + 1;
        if (at < bytes.len && is_sure_in_garbage(bytes, at))
            return offset + at;
    }
    return NOWHERE;
}

static bool
fail_not_mbox(MboxScan *scan, uint64_t offset)
{
    if (scan->error != NULL)
        return false;
    MhSpan bytes = look_window(scan, offset, 60), line = bytes;
    size_t end;
    if (mh_span_find(bytes, '\n', &end) || mh_span_find(bytes, '\r', &end))
        line = mh_span_first(bytes, end);
    g_autofree char *text = mh_printable(line);
    bool cr = begins_from(scan, offset) && mh_span_find(bytes, '\r', &end);
    g_set_error(&scan->error, MBOX_ERROR, MBOX_ERROR_NOT_MBOX,
                "this is not an mbox: it begins with '%s'%s", text,
                cr ? " and its lines end in CR alone, as on old Macintoshes" : "");
    return false;
}

static bool
start(MboxScan *scan)
{
    bool nuls;
    uint64_t offset = skip_leading_blanks(scan, &nuls);
    MboxPlace place = {.at_start = true};
    if (offset == scan->options.size) {
        if (nuls) /* a mailbox that a crash emptied is not an empty mailbox */
            return fail_not_mbox(scan, 0);
        note(scan, MH_FINDING_MBOX_LEADING_BLANKS, 0, "there is nothing else in the file");
        scan->position = scan->options.size;
        scan->state = STATE_DONE;
        return scan->error == NULL;
    }
    bool found = begins_from(scan, offset) && judge_from(scan, offset, place);
    g_autofree char *detail = NULL;
    if (!found) {
        uint64_t first = find_after_garbage(scan, offset);
        if (first == NOWHERE)
            return fail_not_mbox(scan, offset);
        detail = g_strdup_printf("%" G_GUINT64_FORMAT " bytes", first - offset);
        note(scan, MH_FINDING_MBOX_LEADING_GARBAGE, offset, detail);
        offset = first;
    } else if (offset > 0) {
        detail = g_strdup_printf("%" G_GUINT64_FORMAT " bytes", offset);
        note(scan, MH_FINDING_MBOX_LEADING_BLANKS, 0, detail);
    }
    scan->position = offset;
    scan->state = STATE_FROM;
    return scan->error == NULL;
}

/* --- headers --- */

static void
keep_content_length(MboxScan *scan, MhSpan line)
{
    static const MhSpan name = {(const uint8_t *)"content-length:", 15};
    uint64_t value;
    if (scan->length_count < LENGTHS_MAX && mh_span_starts_with_nocase(line, name) &&
        mh_span_to_u64(mh_span_trim(mh_span_from(line, name.len)), UINT64_MAX / 2, &value))
        scan->lengths[scan->length_count++] = value;
}

/* Looks for a separator in the lines of the header @bytes from *@line on, before @limit, and for
 * Content-Length. */
static bool
walk_lines(MboxScan *scan, uint64_t header, MhSpan bytes, size_t *line, size_t limit)
{
    MboxPlace place = {.in_header = true};
    while (*line < limit) {
        const uint8_t *start_of_line = bytes.data + *line;
        if (*start_of_line == 'F' && begins_from(scan, header + *line) &&
            judge_from(scan, header + *line, place))
            return true;
        const uint8_t *lf = memchr(start_of_line, '\n', bytes.len - *line);
        size_t len = lf != NULL ? (size_t)(lf - start_of_line) : bytes.len - *line;
        if ((*start_of_line | 0x20) == 'c')
            keep_content_length(scan, mh_span(start_of_line, len));
        *line += len + 1;
    }
    return false;
}

/* Returns where the header ends: at a separator or a hole inside it, of which @out_next tells
 * where the next message begins, or after all of it. */
static size_t
walk_header(MboxScan *scan, uint64_t header, MhSpan bytes, uint64_t *out_next)
{
    static const uint8_t nuls[MBOX_HOLE_MIN];
    size_t line = 0, from = 0;
    while (from < bytes.len) {
        const uint8_t *hole = memmem(bytes.data + from, bytes.len - from, nuls, sizeof(nuls));
        size_t limit = hole != NULL ? (size_t)(hole - bytes.data) : bytes.len;
        uint64_t next;
        if (walk_lines(scan, header, bytes, &line, limit)) {
            *out_next = header + line;
            return line;
        }
        if (hole == NULL)
            break;
        if (judge_hole(scan, header + limit, &next)) {
            *out_next = next;
            return limit;
        }
        from = (size_t)MIN(next - header, bytes.len);
    }
    return bytes.len;
}

/* The bytes of the whole header at @offset, from the chunk or read ahead. */
static MhSpan
take_header(MboxScan *scan, uint64_t offset, MboxHeaderEnd *out_end)
{
    uint64_t left = chunk_end(scan) > offset ? chunk_end(scan) - offset : 0;
    size_t len = (size_t)MIN(left, MH_LIMIT_HEADER_BYTES), length;
    MhSpan bytes = mh_span(NULL, 0);
    if (len > 0) {
        bytes = look_long(scan, offset, len);
        length = mbox_header_length(bytes, out_end);
        if (*out_end != MBOX_HEADER_OPEN || chunk_end(scan) >= scan->options.size)
            return mh_span_first(bytes, length);
    }
    for (len = 8192; scan->error == NULL; len *= 4) {
        len = MIN(len, MH_LIMIT_HEADER_BYTES);
        bytes = look_long(scan, offset, len);
        length = mbox_header_length(bytes, out_end);
        if (*out_end != MBOX_HEADER_OPEN || offset + bytes.len >= scan->options.size)
            return mh_span_first(bytes, length);
    }
    return mh_span(NULL, 0);
}

/* Does a body that ends at @end have a separator or the end of the file after it? */
static bool
lands(MboxScan *scan, uint64_t end, uint64_t *out_next)
{
    if (end >= scan->options.size) {
        *out_next = scan->options.size;
        return end == scan->options.size;
    }
    bool dovecot = scan->options.dialect == MBOX_DIALECT_DOVECOT;
    uint8_t buffer[2];
    MhSpan bytes = look(scan, end, sizeof(buffer), buffer);
    size_t blank = mbox_header_blank_line(bytes, 0);
    if (blank == 0 && (dovecot || end == 0))
        return false;
    *out_next = end + blank;
    if (*out_next == scan->options.size)
        return true;
    if (!begins_from(scan, *out_next) || (blank == 0 && !is_byte(scan, end - 1, '\n')))
        return false;
    MboxEvidence evidence;
    MboxPlace place = {.blank_before = true, .patches = scan->patches};
    return mbox_evidence_gather(look_window(scan, *out_next, MBOX_EVIDENCE_WINDOW), place,
                                &evidence) &&
           mbox_evidence_weigh(&evidence, scan->options.dialect).is_separator;
}

/* Believes the first Content-Length that fits; c-client looks at none. */
static void
weigh_lengths(MboxScan *scan)
{
    scan->known_end = NOWHERE;
    if (scan->options.dialect == MBOX_DIALECT_UW)
        return;
    for (unsigned i = 0; i < scan->length_count; i++) {
        uint64_t end = scan->body_start + scan->lengths[i];
        if (lands(scan, end, &scan->known_next)) {
            scan->known_end = end;
            return;
        }
    }
    if (scan->length_count == 0)
        return;
    g_autofree char *detail = g_strdup_printf("%" G_GUINT64_FORMAT, scan->lengths[0]);
    note(scan, MH_FINDING_MBOX_LENGTH_IGNORED, scan->header_start, detail);
}

static void
finish_message(MboxScan *scan, uint64_t end, uint64_t next)
{
    scan->options.events.end(scan->options.user, end);
    scan->position = next;
    scan->known_end = NOWHERE;
    scan->judged = next;
    scan->state = next >= scan->options.size ? STATE_DONE : STATE_FROM;
    if (scan->state == STATE_DONE && !is_byte(scan, scan->options.size - 1, '\n'))
        note(scan, MH_FINDING_MBOX_NO_FINAL_NEWLINE, scan->options.size, NULL);
}

/* Is the message over where its header ends? Then sets @out_next. */
static bool
ends_with_header(MboxScan *scan, uint64_t *out_next)
{
    uint8_t buffer[2];
    uint64_t at = scan->body_start;
    if (at == scan->options.size) {
        *out_next = at;
        return true;
    }
    if (scan->known_end != NOWHERE && scan->known_end > at)
        return false;
    if (begins_from(scan, at)) {
        scan->judged = at + 1;
        *out_next = at;
        return judge_from(scan, at, (MboxPlace){0});
    }
    return mh_span_equal(look(scan, at, 2, buffer), MH_SPAN_LITERAL("\0\0")) &&
           judge_hole(scan, at, out_next);
}

/* What judge_from() read of @line, or else reads it. */
static void
recall_from(const MboxScan *scan, MhSpan line, MboxFromLine *out)
{
    if (scan->from_offset != scan->position || scan->from.kind == MBOX_FROM_NONE) {
        mbox_from_line_parse(line, out);
        return;
    }
    *out = scan->from;
    out->sender = mh_span_first(mh_span_from(line, scan->sender_offset), scan->from.sender.len);
}

static bool
read_message(MboxScan *scan)
{
    MboxFromLine from;
    MhSpan window = look_window(scan, scan->position, MBOX_EVIDENCE_WINDOW), rest = window, line;
    if (!mh_span_take_line(&rest, &line, NULL))
        return false;
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    recall_from(scan, line, &from);
    scan->message++;
    scan->length_count = 0;
    scan->options.events.begin(scan->options.user, scan->position, line, &from);
    scan->header_start = scan->body_start = scan->position + (window.len - rest.len);

    MboxHeaderEnd header_end = MBOX_HEADER_COMPLETE;
    uint64_t next = NOWHERE;
    MhSpan header = take_header(scan, scan->header_start, &header_end);
    header = mh_span_first(header, walk_header(scan, scan->header_start, header, &next));
    scan->body_start = scan->header_start + header.len;
    if (header_end == MBOX_HEADER_CUT)
        note(scan, MH_FINDING_MBOX_HEADER_TOO_LONG, scan->header_start, NULL);
    else if (header_end == MBOX_HEADER_OPEN && scan->body_start == scan->options.size)
        note(scan, MH_FINDING_MBOX_HEADER_UNFINISHED, scan->header_start, NULL);
    if (next == NOWHERE)
        weigh_lengths(scan);
    bool over = next != NOWHERE || ends_with_header(scan, &next);
    uint64_t end = scan->body_start;
    if (over && scan->known_end == NOWHERE)
        end = end_before(scan, end);
    if (scan->error != NULL)
        return false;
    header = mh_span_first(header, (size_t)(end - scan->header_start));
    scan->options.events.header(scan->options.user, scan->header_start, header);
    scan->position = scan->body_start;
    scan->judged = MAX(scan->judged, scan->body_start);
    scan->state = STATE_BODY;
    if (over)
        finish_message(scan, end, next);
    return true;
}

/* --- bodies --- */

/* What may follow when the chunk's last byte is the first of a line end or of a hole. */
static bool
tail_matters(MboxScan *scan, uint64_t offset)
{
    uint8_t buffer[3];
    MhSpan bytes = look(scan, offset, sizeof(buffer), buffer);
    if (bytes.len < 2)
        return false;
    if (bytes.data[0] == '\r' && bytes.data[1] == '\n')
        bytes = mh_span_from(bytes, 1);
    if (bytes.data[0] == '\n' && bytes.len > 1)
        return bytes.data[1] == 'F' || bytes.data[1] == 0;
    return bytes.data[0] == 0 && bytes.data[1] == 0;
}

/* The offset of the next pair (mbox-search) at or after @from and before @limit. */
static uint64_t
next_candidate(MboxScan *scan, uint64_t from, uint64_t limit)
{
    if (from >= limit)
        return NOWHERE;
    const uint8_t *data = scan->chunk.data + (from - scan->chunk_offset);
    size_t len = (size_t)(limit - from);
    size_t found = mbox_search_pair(mh_span(data, len));
    if (found < len)
        return from + found;
    if (limit == chunk_end(scan) && limit < scan->known_end && tail_matters(scan, limit - 1))
        return limit - 1;
    return NOWHERE;
}

/* Judges the candidate at @offset: LF, or CR at the chunk's end, or the first of two NULs. */
static bool
judge_candidate(MboxScan *scan, uint64_t offset, uint64_t *out_end, uint64_t *out_next)
{
    uint8_t buffer[2];
    MhSpan bytes = look(scan, offset, 2, buffer);
    if (bytes.len < 2)
        return false;
    uint64_t at = bytes.data[0] == 0 ? offset : offset + (bytes.data[0] == '\r' ? 2 : 1);
    bool claimed = scan->known_end != NOWHERE;
    scan->judged = at > offset ? at : at + 1;
    if (at >= scan->known_end)
        return false;
    if (begins_from(scan, at)) {
        *out_next = at;
        if (!judge_from(scan, at, (MboxPlace){.in_content_length = claimed}))
            return false;
    } else {
        if (!mh_span_equal(look(scan, at, 2, buffer), MH_SPAN_LITERAL("\0\0")))
            return false;
        if (claimed)
            *out_next = skip_nuls(scan, at);
        if (claimed || !judge_hole(scan, at, out_next)) {
            scan->judged = *out_next;
            return false;
        }
    }
    *out_end = end_before(scan, at);
    return true;
}

/* The bytes of the body up to @end, as far as the chunk has them. */
static void
send_body(MboxScan *scan, uint64_t end)
{
    end = MIN(end, chunk_end(scan));
    if (end <= scan->position)
        return;
    const uint8_t *data = scan->chunk.data + (scan->position - scan->chunk_offset);
    MhSpan bytes = mh_span(data, (size_t)(end - scan->position));
    scan->options.events.body(scan->options.user, scan->position, bytes);
    scan->position = end;
}

/* Sets where the body ends when that can be known from the chunk at hand. */
static void
find_end(MboxScan *scan)
{
    uint64_t limit = MIN(chunk_end(scan), scan->known_end), candidate;
    while ((candidate = next_candidate(scan, MAX(scan->position, scan->judged), limit)) !=
           NOWHERE) {
        uint64_t end, next;
        bool found = judge_candidate(scan, candidate, &end, &next);
        if (scan->error != NULL)
            return;
        if (found) {
            scan->known_end = end;
            scan->known_next = next;
            return;
        }
    }
    if (scan->known_end == NOWHERE && chunk_end(scan) + 2 >= scan->options.size) {
        scan->known_end = end_before(scan, scan->options.size);
        scan->known_next = scan->options.size;
    }
}

static bool
read_body(MboxScan *scan)
{
    find_end(scan);
    if (scan->error != NULL)
        return false;
    send_body(scan, scan->known_end);
    if (chunk_end(scan) >= scan->known_end)
        finish_message(scan, scan->known_end, scan->known_next);
    return true;
}

bool
mbox_scan_feed(MboxScan *scan, MhSpan chunk, GError **error)
{
    bool ok = scan->error == NULL;
    scan->chunk = mh_span_first(
        chunk, (size_t)MIN((uint64_t)chunk.len, scan->options.size - scan->chunk_offset));
    if (ok && scan->state == STATE_START && scan->chunk.len > 0)
        ok = start(scan);
    while (ok && scan->position < chunk_end(scan) && scan->state != STATE_DONE)
        ok = scan->state == STATE_FROM ? read_message(scan) : read_body(scan);
    scan->chunk_offset = chunk_end(scan);
    scan->chunk = mh_span(NULL, 0);
    if (ok || scan->error == NULL)
        return true;
    if (error != NULL)
        *error = g_error_copy(scan->error);
    return false;
}
