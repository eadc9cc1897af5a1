/* A whole mbox in every dialect. The events cover the file without gaps or overlaps, and are the
 * same however the file is cut. */
#include "fuzz.h"

#include "mbox/mbox-scan.h"

typedef struct {
    MhSpan file;
    GString *log;
    uint64_t next; /* nothing before it comes again */
    bool open;     /* inside a message */
} Seen;

static bool
on_peek(void *user, uint64_t offset, void *buffer, size_t len, GError **error)
{
    const Seen *seen = user;
    (void)error;
    FUZZ_CHECK(offset <= seen->file.len && len <= seen->file.len - offset);
    memcpy(buffer, seen->file.data + offset, len);
    return true;
}

static void
on_begin(void *user, uint64_t offset, MhSpan line, const MboxFromLine *from)
{
    Seen *seen = user;
    FUZZ_CHECK(!seen->open && offset >= seen->next && from->kind != MBOX_FROM_NONE);
    seen->open = true;
    seen->next = offset + line.len;
    g_string_append_printf(seen->log, "B%" G_GUINT64_FORMAT " %zu ", offset, line.len);
}

static void
take(Seen *seen, uint64_t offset, MhSpan bytes, bool is_header)
{
    FUZZ_CHECK(seen->open && offset >= seen->next && offset + bytes.len <= seen->file.len);
    FUZZ_CHECK(is_header || offset == seen->next);
    FUZZ_CHECK(bytes.len == 0 || memcmp(bytes.data, seen->file.data + offset, bytes.len) == 0);
    seen->next = offset + bytes.len;
    if (is_header)
        g_string_append_printf(seen->log, "H%" G_GUINT64_FORMAT " %zu ", offset, bytes.len);
}

static void
on_header(void *user, uint64_t offset, MhSpan block)
{
    take(user, offset, block, true);
}

static void
on_body(void *user, uint64_t offset, MhSpan bytes)
{
    take(user, offset, bytes, false);
}

static void
on_end(void *user, uint64_t offset)
{
    Seen *seen = user;
    FUZZ_CHECK(seen->open && offset == seen->next);
    seen->open = false;
    g_string_append_printf(seen->log, "E%" G_GUINT64_FORMAT "\n", offset);
}

static void
on_boundary(void *user, const MboxBoundary *boundary)
{
    Seen *seen = user;
    g_string_append_printf(seen->log, "?%" G_GUINT64_FORMAT " %u ", boundary->offset,
                           fuzz_touch(boundary->line));
}

static GString *
scan(MhSpan input, MboxDialect dialect, size_t piece)
{
    Seen seen = {.file = input, .log = g_string_new(NULL)};
    g_autoptr(GError) error = NULL;
    g_autoptr(MhFindings) findings = mh_findings_new();
    MboxScanOptions options = {.dialect = dialect,
                               .size = input.len,
                               .peek = on_peek,
                               .events = {on_begin, on_header, on_body, on_end, on_boundary},
                               .user = &seen,
                               .findings = findings};
    g_autoptr(MboxScan) scan = mbox_scan_new(&options);
    for (; input.len > 0 && error == NULL; input = mh_span_from(input, MIN(piece, input.len)))
        mbox_scan_feed(scan, mh_span_first(input, piece), &error);
    FUZZ_CHECK(error != NULL || !seen.open);
    g_string_append_printf(seen.log, "%s %zu", error != NULL ? error->message : "",
                           mh_findings_kept(findings));
    return seen.log;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    uint8_t how = fuzz_take_byte(&input);
    for (int dialect = MBOX_DIALECT_DOVECOT; dialect <= MBOX_DIALECT_PLAIN; dialect++) {
        g_autoptr(GString) whole = scan(input, (MboxDialect)dialect, input.len + 1);
        g_autoptr(GString) pieces = scan(input, (MboxDialect)dialect, 1 + how % 13);
        FUZZ_CHECK(g_string_equal(whole, pieces));
    }
    return 0;
}
