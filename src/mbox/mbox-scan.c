#include "mbox-scan.h"

#include "mbox-header.h"
#include "mbox-scan-private.h"
#include "mbox-search.h"

#include <string.h>

MboxScan *
mbox_scan_new(const MboxScanOptions *options)
{
    g_assert(options->dialect != MBOX_DIALECT_AUTO);
    MboxScan *scan = g_new0(MboxScan, 1);
    scan->options = *options;
    scan->header = g_byte_array_new();
    scan->known_end = MBOX_SCAN_NOWHERE;
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

static uint64_t
chunk_end(const MboxScan *scan)
{
    return scan->chunk_offset + scan->chunk.len;
}

/* --- headers --- */

static void
keep_content_length(MboxScan *scan, MhSpan line)
{
    static const MhSpan name = {(const uint8_t *)"content-length:", 15};
    uint64_t value;
    if (scan->length_count < MH_LIMIT_CONTENT_LENGTHS && mh_span_starts_with_nocase(line, name) &&
        mh_span_to_u64(mh_span_trim(mh_span_from(line, name.len)), UINT64_MAX / 2, &value))
        scan->lengths[scan->length_count++] = value;
}

/* How far a header has been walked, while more and more of it is looked at. */
typedef struct {
    uint64_t start; /* its offset */
    size_t line;    /* the next line */
    size_t nuls;    /* no hole begins before */
    uint64_t next;  /* where the next message begins, when this one ends in its header */
} Walk;

/* Looks for a separator in the lines of @bytes before @limit, and for Content-Length. Without
 * @whole, a line whose end is not there yet is left for later. */
static bool
walk_lines(MboxScan *scan, Walk *walk, MhSpan bytes, bool whole, size_t limit)
{
    MboxPlace place = {.in_header = true};
    while (walk->line < limit) {
        const uint8_t *line = bytes.data + walk->line;
        const uint8_t *lf = memchr(line, '\n', bytes.len - walk->line);
        if (lf == NULL && !whole)
            return false;
        size_t len = lf != NULL ? (size_t)(lf - line) : bytes.len - walk->line;
        walk->next = walk->start + walk->line;
        if (*line == 'F' && mbox_scan_begins_from(scan, walk->next) &&
            mbox_scan_judge_from(scan, walk->next, place))
            return true;
        if ((*line | 0x20) == 'c')
            keep_content_length(scan, mh_span(line, len));
        walk->line += len + 1;
    }
    return false;
}

/* Does the message end within its header @bytes, at a separator or a hole? Then @walk tells where
 * (line), and where the next one begins. */
static bool
walk_header(MboxScan *scan, Walk *walk, MhSpan bytes, bool whole)
{
    static const uint8_t nuls[MBOX_HOLE_MIN];
    while (bytes.len > 0) {
        size_t from = MIN(walk->nuls, bytes.len);
        const uint8_t *hole = memchr(bytes.data + from, 0, bytes.len - from);
        if (hole != NULL) /* which is rare */
            hole = memmem(bytes.data + from, bytes.len - from, nuls, sizeof(nuls));
        size_t limit = hole != NULL ? (size_t)(hole - bytes.data) : bytes.len;
        if (walk_lines(scan, walk, bytes, whole, limit))
            return true;
        if (hole == NULL) {
            walk->nuls = MAX(from, bytes.len - MIN(bytes.len, sizeof(nuls) - 1));
            return false;
        }
        if (mbox_scan_judge_hole(scan, walk->start + limit, &walk->next)) {
            walk->line = limit;
            return true;
        }
        walk->nuls = (size_t)(walk->next - walk->start);
    }
    return false;
}

/* The whole header at scan->header_start. It is looked at in growing pieces, so that a message
 * costs what its header measures, however many there are in a chunk. True when the message ends
 * within or with it, at @out_next. */
static bool
take_header(MboxScan *scan, MhSpan *out_header, MboxHeaderEnd *out_end, uint64_t *out_next)
{
    Walk walk = {.start = scan->header_start};
    *out_header = mh_span(NULL, 0);
    for (size_t size = 2048; scan->error == NULL; size *= 4) {
        size = MIN(size, MH_LIMIT_HEADER_BYTES);
        MhSpan bytes = mbox_scan_look_long(scan, walk.start, size);
        size_t length = mbox_header_length(bytes, out_end);
        bool whole = *out_end != MBOX_HEADER_OPEN || walk.start + bytes.len >= scan->options.size;
        *out_header = mh_span_first(bytes, length);
        if (walk_header(scan, &walk, *out_header, whole)) {
            *out_header = mh_span_first(bytes, walk.line);
            *out_next = walk.next;
            return true;
        }
        if (whole)
            break;
    }
    return false;
}

/* Believes the first Content-Length that fits; c-client looks at none. */
static void
weigh_lengths(MboxScan *scan)
{
    scan->known_end = MBOX_SCAN_NOWHERE;
    if (scan->options.dialect == MBOX_DIALECT_UW)
        return;
    for (unsigned i = 0; i < scan->length_count; i++) {
        uint64_t end = scan->body_start + scan->lengths[i];
        if (mbox_scan_lands(scan, end, &scan->known_next)) {
            scan->known_end = end;
            return;
        }
    }
    if (scan->length_count == 0)
        return;
    g_autofree char *detail = g_strdup_printf("%" G_GUINT64_FORMAT, scan->lengths[0]);
    mbox_scan_note(scan, MH_FINDING_MBOX_LENGTH_IGNORED, scan->header_start, detail);
}

/* The last message says that it is longer than what is left: has the file been cut? */
static void
weigh_end(MboxScan *scan)
{
    uint64_t claimed = scan->length_count > 0 ? scan->body_start + scan->lengths[0] : 0;
    if (!mbox_scan_is_byte(scan, scan->options.size - 1, '\n'))
        mbox_scan_note(scan, MH_FINDING_MBOX_NO_FINAL_NEWLINE, scan->options.size, NULL);
    if (claimed <= scan->options.size)
        return;
    g_autofree char *detail =
        g_strdup_printf("%" G_GUINT64_FORMAT " bytes more", claimed - scan->options.size);
    mbox_scan_note(scan, MH_FINDING_MBOX_CUT_SHORT, scan->header_start, detail);
}

static void
finish_message(MboxScan *scan, uint64_t end, uint64_t next)
{
    scan->options.events.end(scan->options.user, end);
    scan->position = next;
    scan->known_end = MBOX_SCAN_NOWHERE;
    scan->judged = next;
    scan->state = next >= scan->options.size ? STATE_DONE : STATE_FROM;
    if (scan->state == STATE_DONE)
        weigh_end(scan);
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
    if (scan->known_end != MBOX_SCAN_NOWHERE && scan->known_end > at)
        return false;
    if (mbox_scan_begins_from(scan, at)) {
        scan->judged = at + 1;
        *out_next = at;
        return mbox_scan_judge_from(scan, at, (MboxPlace){0});
    }
    return mh_span_equal(mbox_scan_look(scan, at, 2, buffer), MH_SPAN_LITERAL("\0\0")) &&
           mbox_scan_judge_hole(scan, at, out_next);
}

/* What mbox_scan_judge_from() read of @line, or else reads it. */
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

/* The From_ line, and that a message begins. */
static bool
read_from(MboxScan *scan)
{
    MboxFromLine from;
    MhSpan window = mbox_scan_look_window(scan, scan->position, MBOX_EVIDENCE_WINDOW),
           rest = window, line;
    if (!mh_span_take_line(&rest, &line, NULL))
        return false;
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    recall_from(scan, line, &from);
    scan->message++;
    scan->length_count = 0;
    scan->options.events.begin(scan->options.user, scan->position, line, &from);
    scan->header_start = scan->body_start = scan->position + (window.len - rest.len);
    return true;
}

static void
note_header_end(MboxScan *scan, MboxHeaderEnd end)
{
    if (end == MBOX_HEADER_CUT)
        mbox_scan_note(scan, MH_FINDING_MBOX_HEADER_TOO_LONG, scan->header_start, NULL);
    else if (end == MBOX_HEADER_OPEN && scan->body_start == scan->options.size)
        mbox_scan_note(scan, MH_FINDING_MBOX_HEADER_UNFINISHED, scan->header_start, NULL);
}

static bool
read_message(MboxScan *scan)
{
    MboxHeaderEnd header_end = MBOX_HEADER_COMPLETE;
    uint64_t next;
    MhSpan header;
    if (!read_from(scan))
        return false;
    bool over = take_header(scan, &header, &header_end, &next);
    scan->body_start = scan->header_start + header.len;
    note_header_end(scan, header_end);
    if (!over) {
        weigh_lengths(scan);
        over = ends_with_header(scan, &next);
    }
    uint64_t end = scan->body_start;
    if (over && scan->known_end == MBOX_SCAN_NOWHERE)
        end = mbox_scan_end_before(scan, end);
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
    MhSpan bytes = mbox_scan_look(scan, offset, sizeof(buffer), buffer);
    if (bytes.len < 2)
        return false;
    size_t end = bytes.data[0] == '\r' && bytes.data[1] == '\n' ? 1 : 0;
    if (bytes.data[end] == '\n' && bytes.len > end + 1)
        return bytes.data[end + 1] == 'F' || bytes.data[end + 1] == 0;
    return bytes.data[0] == 0 && bytes.data[1] == 0;
}

/* The offset of the next pair (mbox-search) at or after @from and before @limit. */
static uint64_t
next_candidate(MboxScan *scan, uint64_t from, uint64_t limit)
{
    if (from >= limit)
        return MBOX_SCAN_NOWHERE;
    const uint8_t *data = scan->chunk.data + (from - scan->chunk_offset);
    size_t len = (size_t)(limit - from);
    size_t found = mbox_search_pair(mh_span(data, len));
    if (found < len)
        return from + found;
    if (limit == chunk_end(scan) && limit < scan->known_end && tail_matters(scan, limit - 1))
        return limit - 1;
    return MBOX_SCAN_NOWHERE;
}

/* Judges the candidate at @offset: LF, or CR at the chunk's end, or the first of two NULs. */
static bool
judge_candidate(MboxScan *scan, uint64_t offset, uint64_t *out_end, uint64_t *out_next)
{
    uint8_t buffer[2];
    MhSpan bytes = mbox_scan_look(scan, offset, 2, buffer);
    if (bytes.len < 2)
        return false;
    uint64_t at = bytes.data[0] == 0 ? offset : offset + (bytes.data[0] == '\r' ? 2 : 1);
    bool claimed = scan->known_end != MBOX_SCAN_NOWHERE;
    scan->judged = at > offset ? at : at + 1;
    if (at >= scan->known_end)
        return false;
    if (mbox_scan_begins_from(scan, at)) {
        *out_next = at;
        if (!mbox_scan_judge_from(scan, at, (MboxPlace){.in_content_length = claimed}))
            return false;
    } else {
        if (!mh_span_equal(mbox_scan_look(scan, at, 2, buffer), MH_SPAN_LITERAL("\0\0")))
            return false;
        if (claimed)
            *out_next = mbox_scan_skip_nuls(scan, at);
        if (claimed || !mbox_scan_judge_hole(scan, at, out_next)) {
            scan->judged = *out_next;
            return false;
        }
    }
    *out_end = mbox_scan_end_before(scan, at);
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
           MBOX_SCAN_NOWHERE) {
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
    if (scan->known_end == MBOX_SCAN_NOWHERE && chunk_end(scan) + 2 >= scan->options.size) {
        scan->known_end = mbox_scan_end_before(scan, scan->options.size);
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
        ok = mbox_scan_start(scan);
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
