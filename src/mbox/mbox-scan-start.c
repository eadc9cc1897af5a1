#include "mbox-scan-private.h"

#include "mbox-search.h"

/* Passes byte order mark, blank lines and NULs. */
static uint64_t
skip_leading_blanks(MboxScan *scan, bool *out_nuls)
{
    uint64_t offset = 0;
    if (mh_span_equal(mbox_scan_look_window(scan, 0, 3), MH_SPAN_LITERAL("\xef\xbb\xbf")))
        offset = 3;
    for (*out_nuls = false;;) {
        MhSpan bytes = mbox_scan_look_window(scan, offset, MBOX_EVIDENCE_WINDOW);
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

/* The first dated From_ line with mail headers in the first MH_LIMIT_LEADING_BYTES bytes;
 * MBOX_SCAN_NOWHERE. */
static uint64_t
find_after_garbage(MboxScan *scan, uint64_t offset)
{
    MhSpan bytes = mbox_scan_look_long(scan, offset, MH_LIMIT_LEADING_BYTES + MBOX_EVIDENCE_WINDOW);
    size_t at = 0;
    while (at < MIN(bytes.len, MH_LIMIT_LEADING_BYTES)) {
        size_t found = mbox_search_pair(mh_span_from(bytes, at));
        at += found + 1;
        if (at < bytes.len && is_sure_in_garbage(bytes, at))
            return offset + at;
    }
    return MBOX_SCAN_NOWHERE;
}

static bool
fail_not_mbox(MboxScan *scan, uint64_t offset)
{
    if (scan->error != NULL)
        return false;
    MhSpan bytes = mbox_scan_look_window(scan, offset, 60);
    size_t end;
    bool cr = mbox_scan_begins_from(scan, offset) && mh_span_find(bytes, '\r', &end);
    /* what it says may be somebody's letter, and is not quoted */
    g_set_error(&scan->error, MBOX_ERROR, MBOX_ERROR_NOT_MBOX, "this is not an mbox: it %s",
                cr ? "has lines that end in CR alone, as on old Macintoshes"
                : bytes.len > 0 && bytes.data[0] == '\0' ? "begins with NULs"
                                                         : "does not begin with a line 'From '");
    return false;
}

bool
mbox_scan_start(MboxScan *scan)
{
    bool nuls;
    uint64_t offset = skip_leading_blanks(scan, &nuls);
    MboxPlace place = {.at_start = true};
    if (offset == scan->options.size) {
        if (nuls) /* a mailbox that a crash emptied is not an empty mailbox */
            return fail_not_mbox(scan, 0);
        mbox_scan_note(scan, MH_FINDING_MBOX_LEADING_BLANKS, 0,
                       "there is nothing else in the file");
        scan->position = scan->options.size;
        scan->state = STATE_DONE;
        return scan->error == NULL;
    }
    bool found = mbox_scan_begins_from(scan, offset) && mbox_scan_judge_from(scan, offset, place);
    g_autofree char *detail = NULL;
    if (!found) {
        uint64_t first = find_after_garbage(scan, offset);
        if (first == MBOX_SCAN_NOWHERE)
            return fail_not_mbox(scan, offset);
        detail = g_strdup_printf("%" G_GUINT64_FORMAT " bytes", first - offset);
        mbox_scan_note(scan, MH_FINDING_MBOX_LEADING_GARBAGE, offset, detail);
        offset = first;
    } else if (offset > 0) {
        detail = g_strdup_printf("%" G_GUINT64_FORMAT " bytes", offset);
        mbox_scan_note(scan, MH_FINDING_MBOX_LEADING_BLANKS, 0, detail);
    }
    scan->position = offset;
    scan->state = STATE_FROM;
    return scan->error == NULL;
}
