#include "testing.h"

#include "mbox-scan.h"
#include "size-limits.h"

#define F  "From joe@x.org Mon Jan  1 10:00:00 2001\n"
#define FC "From joe@x.org Mon Jan  1 10:00:00 2001\r\n"

/* What a scan said, as text: "@offset [header|body]" a message; doubtful lines as "?sep@offset" and
 * "?text@offset" after them; findings follow. */
typedef struct {
    GString *log;
    GString *body;
    GString *marks;
    MhSpan file;
    uint64_t next; /* header and body must follow each other without a gap */
} Log;

static bool
on_peek(void *user, uint64_t offset, void *buffer, size_t len, GError **error)
{
    (void)error;
    Log *log = user;
    assert_true(offset + len <= log->file.len);
    memcpy(buffer, log->file.data + offset, len);
    return true;
}

static void
on_begin(void *user, uint64_t offset, MhSpan line, const MboxFromLine *from)
{
    Log *log = user;
    (void)from;
    g_string_append_printf(log->log, "@%d", (int)offset);
    assert_memory_equal(line.data, "From ", 5);
    log->next = offset + line.len;
    while (log->next < log->file.len && log->file.data[log->next++] != '\n')
        ;
    g_string_truncate(log->body, 0);
}

static void
append(GString *to, MhSpan bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.data[i];
        if (c == '\n' || c == '\r' || c == 0)
            g_string_append_c(to, c == '\n' ? '/' : c == '\r' ? '%' : '0');
        else
            g_string_append_c(to, (char)c);
    }
}

static void
on_header(void *user, uint64_t offset, MhSpan block)
{
    Log *log = user;
    assert_int_equal(offset, log->next);
    log->next += block.len;
    assert_memory_equal(block.len > 0 ? block.data : (const uint8_t *)"", log->file.data + offset,
                        block.len);
    g_string_append(log->log, " [");
    append(log->log, block);
}

static void
on_body(void *user, uint64_t offset, MhSpan bytes)
{
    Log *log = user;
    assert_int_equal(offset, log->next);
    log->next += bytes.len;
    append(log->body, bytes);
}

static void
on_end(void *user, uint64_t offset)
{
    Log *log = user;
    assert_int_equal(offset, log->next);
    g_string_append_printf(log->log, "|%s] ", log->body->str);
}

static void
on_boundary(void *user, const MboxBoundary *boundary)
{
    Log *log = user;
    assert_true(mh_span_equal(boundary->line,
                              mh_span(log->file.data + boundary->offset, boundary->line.len)));
    g_string_append_printf(log->marks, "?%s@%d ", boundary->is_separator ? "sep" : "text",
                           (int)boundary->offset);
}

/* Scans @file, fed in pieces of @piece bytes with a first one of @first. g_free(). */
static char *
scan_in_pieces(MhSpan file, MboxDialect dialect, size_t first, size_t piece)
{
    Log log = {g_string_new(NULL), g_string_new(NULL), g_string_new(NULL), file, 0};
    MhFindings *findings = mh_findings_new();
    MboxScanOptions options = {
        .dialect = dialect,
        .size = file.len,
        .peek = on_peek,
        .events = {on_begin, on_header, on_body, on_end, on_boundary},
        .user = &log,
        .findings = findings,
    };
    MboxScan *scan = mbox_scan_new(&options);
    GError *error = NULL;
    size_t at = 0, len = first;
    while (at < file.len) {
        MhSpan chunk = mh_span_first(mh_span_from(file, at), len);
        MhSpan copy = testing_exact_copy(chunk.data, chunk.len);
        bool ok = mbox_scan_feed(scan, copy, &error);
        g_free((uint8_t *)(uintptr_t)copy.data);
        at += chunk.len;
        len = piece;
        if (!ok) {
            assert_true(g_error_matches(error, MBOX_ERROR, MBOX_ERROR_NOT_MBOX));
            g_string_append(log.log, "not an mbox");
            break;
        }
    }
    g_string_append(log.log, log.marks->str);
    g_string_free(log.marks, TRUE);
    for (size_t i = 0; i < mh_findings_kept(findings); i++) {
        const MhFinding *finding = mh_findings_get(findings, i);
        if (finding->code != MH_FINDING_MBOX_BOUNDARY_DOUBTFUL)
            g_string_append_printf(log.log, "!%s ", mh_finding_name(finding->code) + 5);
    }
    g_clear_error(&error);
    mbox_scan_free(scan);
    mh_findings_free(findings);
    g_string_free(log.body, TRUE);
    return g_strchomp(g_string_free(log.log, FALSE));
}

#define HOLE "\0\0\0\0\0\0\0\0\0"
#define TEXT(text)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
#define DOVECOT MBOX_DIALECT_DOVECOT
#define UW      MBOX_DIALECT_UW
#define TB      MBOX_DIALECT_THUNDERBIRD
#define GM      MBOX_DIALECT_GMAIL
#define PLAIN   MBOX_DIALECT_PLAIN
#define PATCH   "From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\n"

static const struct {
    const char *name;
    MboxDialect dialect;
    MhSpan file;
    const char *expected;
} rows[] = {
    {"empty file", PLAIN, TEXT(""), ""},
    {"one blank line", PLAIN, TEXT("\n"), "!leading-blanks"},
    {"only NULs", PLAIN, TEXT("\0\0\0\0"), "not an mbox"},
    {"text", PLAIN, TEXT("hello\n"), "not an mbox"},
    {"From_ line alone", PLAIN, TEXT(F), "@0 [|] ?sep@0 !header-unfinished"},
    {"From_ line without its end", PLAIN, TEXT("From joe@x.org Mon Jan  1 10:00:00 2001"),
     "@0 [|] ?sep@0 !header-unfinished !no-final-newline"},
    {"bare CR line ends", PLAIN, TEXT("From joe@x.org Mon Jan  1 10:00:00 2001\rA: b\r\rx\r"),
     "not an mbox"},
    {"two messages", PLAIN, TEXT(F "A: b\n\nx\n\n" F "A: c\n\ny\n"),
     "@0 [A: b//|x/] @49 [A: c//|y/]"},
    {"two messages, blank at the end", PLAIN, TEXT(F "A: b\n\nx\n\n" F "A: c\n\ny\n\n"),
     "@0 [A: b//|x/] @49 [A: c//|y/]"},
    {"CRLF", PLAIN, TEXT(FC "A: b\r\n\r\nx\r\n\r\n" FC "A: c\r\n\r\ny\r\n\r\n"),
     "@0 [A: b%/%/|x%/] @54 [A: c%/%/|y%/]"},
    {"CRLF, no blank line", PLAIN, TEXT(FC "A: b\r\n\r\nx\r\n" FC "A: c\r\n\r\ny\r\n"),
     "@0 [A: b%/%/|x%/] @52 [A: c%/%/|y%/] ?sep@52"},
    {"CRLF for Dovecot", DOVECOT, TEXT(FC "A: b\r\n\r\nx\r\n\r\n" FC "A: c\r\n\r\ny\r\n"),
     "@0 [A: b%/%/|x%/] @54 [A: c%/%/|y]"},
    {"no blank line", PLAIN, TEXT(F "A: b\n\nx\n" F "A: c\n\ny\n"),
     "@0 [A: b//|x/] @48 [A: c//|y/] ?sep@48"},
    {"no blank line for Dovecot", DOVECOT, TEXT(F "A: b\n\nx\n" F "A: c\n\ny\n"),
     "@0 [A: b//|x] @48 [A: c//|y] ?sep@48"},
    {"no blank line for c-client", UW, TEXT(F "A: b\n\nx\n" F "A: c\n\ny\n"),
     "@0 [A: b//|x/] @48 [A: c//|y/] ?sep@48"},
    {"many blank lines", UW, TEXT(F "A: b\n\nx\n\n\n\n" F "A: c\n\ny\n\n\n"),
     "@0 [A: b//|x///] @51 [A: c//|y//]"},
    {"no body", PLAIN, TEXT(F "A: b\n\n" F "A: c\n\n"), "@0 [A: b//|] @46 [A: c//|]"},
    {"no body for Dovecot", DOVECOT, TEXT(F "A: b\n\n" F "A: c\n\n"), "@0 [A: b/|] @46 [A: c/|]"},
    {"no body, blank line", PLAIN, TEXT(F "A: b\n\n\n" F "A: c\n\n\n"),
     "@0 [A: b//|] @47 [A: c//|]"},
    {"no body, blank line, for Dovecot", DOVECOT, TEXT(F "A: b\n\n\n" F "A: c\n\n\n"),
     "@0 [A: b//|] @47 [A: c//|]"},
    {"From_ line in a header", PLAIN, TEXT(F "A: b\n" F "A: c\n\ny\n"),
     "@0 [A: b/|] @45 [A: c//|y/] ?sep@45"},
    {"From_ line in a header for Dovecot", DOVECOT, TEXT(F "A: b\n" F "A: c\n\ny\n"),
     "@0 [A: b|] @45 [A: c//|y] ?sep@45"},
    {"From_ line in a header for c-client", UW, TEXT(F "A: b\n" F "A: c\n\ny\n"),
     "@0 [A: b/From joe@x.org Mon Jan  1 10:00:00 2001/A: c//|y/] ?text@45"},
    {"zero-byte message", DOVECOT, TEXT(F F "A: c\n\ny\n"), "@0 [|] @40 [A: c//|y] ?sep@40"},
    {"leading blank lines", DOVECOT, TEXT("\n\r\n" F "A: b\n\nx\n"),
     "@3 [A: b//|x] !leading-blanks"},
    {"leading garbage", PLAIN, TEXT("the rest\n\n" F "From: a\nTo: c\n\nx\n"),
     "@10 [From: a/To: c//|x/] !leading-garbage"},
    {"garbage that mentions a From_ line", PLAIN, TEXT("the rest\n\n" F "x\n"), "not an mbox"},
    {"hole", PLAIN, TEXT(F "A: b\n\nx\n\n" HOLE F "A: c\n\ny\n"),
     "@0 [A: b//|x/] @58 [A: c//|y/] !nul-hole"},
    {"hole within a line, CRLF", DOVECOT, TEXT(FC "A: b\r\n\r\nx" HOLE FC "A: c\r\n\r\ny\r\n"),
     "@0 [A: b%/%/|x] @59 [A: c%/%/|y] !nul-hole"},
    {"hole after a line, CRLF", DOVECOT, TEXT(FC "A: b\r\n\r\nx\r\n" HOLE FC "A: c\r\n\r\ny\r\n"),
     "@0 [A: b%/%/|x] @61 [A: c%/%/|y] !nul-hole"},
    {"hole in a header", PLAIN, TEXT(F "A: b\nC" HOLE F "A: c\n\ny\n"),
     "@0 [A: b/C|] @55 [A: c//|y/] !nul-hole"},
    {"hole for a body", UW, TEXT(F "A: b\n\n" HOLE F "A: c\n\ny\n"),
     "@0 [A: b//|] @55 [A: c//|y/] !nul-hole"},
    {"a few NULs", PLAIN, TEXT(F "A: b\n\nx\n\0\0" F "A: c\n\ny\n"),
     "@0 [A: b//|x/00From joe@x.org Mon Jan  1 10:00:00 2001/A: c//y/]"},
    {"hole before text", PLAIN, TEXT(F "A: b\n\nx\n" HOLE "From here\n\n" F "A: c\n\ny\n"),
     "@0 [A: b//|x/000000000From here/] @68 [A: c//|y/]"},
    {"hole at the end", PLAIN, TEXT(F "A: b\n\nx\n" HOLE),
     "@0 [A: b//|x/000000000] !no-final-newline"},
    {"words", PLAIN, TEXT(F "A: b\n\nx\n\nFrom now on:\nNote: y\n"),
     "@0 [A: b//|x//From now on:/Note: y/]"},
    {"a date in text", PLAIN, TEXT(F "A: b\n\nx\n\n" F "no header\n"),
     "@0 [A: b//|x//From joe@x.org Mon Jan  1 10:00:00 2001/no header/] ?text@49"},
    {"a date in text for Dovecot", DOVECOT, TEXT(F "A: b\n\nx\n\n" F "no header\n"),
     "@0 [A: b//|x/] @49 [no header|] ?sep@49 !header-unfinished"},
    {"quoted", DOVECOT, TEXT(F "A: b\n\nx\n\n>" F "A: c\n"),
     "@0 [A: b//|x//>From joe@x.org Mon Jan  1 10:00:00 2001/A: c]"},
    {"patch in a body", PLAIN, TEXT(F "A: b\n\nx\n\n" PATCH "From: a\nSubject: p\n\ny\n"),
     "@0 [A: b//|x//From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001/From: "
     "a/Subject: p//y/] ?text@49"},
    {"a file of patches", PLAIN, TEXT(PATCH "From: a\nTo: b\n\nx\n\n" PATCH "From: a\n\ny\n"),
     "@0 [From: a/To: b//|x/] @89 [From: a//|y/]"},
    {"bare From lines", TB,
     TEXT("From \nSubject: a\nTo: b\n\nx\n\nFrom \nSubject: c\nTo: d\n\ny\n"),
     "@0 [Subject: a/To: b//|x/] @27 [Subject: c/To: d//|y/]"},
    {"From - date", TB,
     TEXT("From - Mon Jan  1 10:00:00 2001\nX-Mozilla-Status: 0001\n\nx\n\n"
          "From - Mon Jan  1 10:00:00 2001\nX-Mozilla-Status: 0001\n\ny\n"),
     "@0 [X-Mozilla-Status: 0001//|x/] @59 [X-Mozilla-Status: 0001//|y/]"},
    {"Gmail", GM,
     TEXT("From 1234567890123456789@xxx Mon Jan 01 10:00:00 +0000 2001\r\nX-GM-THRID: 1\r\n\r\nx"
          "\r\n\r\nFrom 1234567890123456788@xxx Mon Jan 01 10:00:00 +0000 2001\r\nTo: b\r\n\r\ny"),
     "@0 [X-GM-THRID: 1%/%/|x%/] @83 [To: b%/%/|y] !no-final-newline"},
    {"length guards", DOVECOT, TEXT(F "Content-Length: 43\n\n\n\n" F "x\n" F "A: c\n\ny\n"),
     "@0 [Content-Length: 43//|//From joe@x.org Mon Jan  1 10:00:00 2001/x] @104 [A: c//|y] "
     "?text@62"},
    {"length means nothing to c-client", UW,
     TEXT(F "Content-Length: 43\n\n\n\n" F "x\n" F "A: c\n\ny\n"),
     "@0 [Content-Length: 43//|/] @62 [x/From joe@x.org Mon Jan  1 10:00:00 2001/A: c//|y/] "
     "?sep@62 ?text@104"},
    {"length to the end", PLAIN, TEXT(F "Content-Length: 45\n\nx\n" F "y\n\n"),
     "@0 [Content-Length: 45//|x/From joe@x.org Mon Jan  1 10:00:00 2001/y//]"},
    {"lying length", DOVECOT, TEXT(F "content-length: 1\n\nx y\n\n" F "A: c\n\ny\n"),
     "@0 [content-length: 1//|x y/] @64 [A: c//|y] !length-ignored"},
    {"length 0", PLAIN, TEXT(F "Content-Length: 0\n\n\n" F "A: c\n\ny\n"),
     "@0 [Content-Length: 0//|] @60 [A: c//|y/]"},
    {"length past the end", PLAIN, TEXT(F "Content-Length: 99999999999\n\nx\n"),
     "@0 [Content-Length: 99999999999//|x/] !length-ignored !cut-short"},
    {"length past the end, for c-client", UW, TEXT(F "Content-Length: 4\n\nx\n"),
     "@0 [Content-Length: 4//|x/] !cut-short"},
    {"length past the end, but not of the last", PLAIN,
     TEXT(F "Content-Length: 99999999999\n\nx\n\n" F "A: c\n\ny\n"),
     "@0 [Content-Length: 99999999999//|x/] @72 [A: c//|y/] !length-ignored"},
    {"length to just before the separator's line", PLAIN,
     TEXT(F "Content-Length: 3\n\nx\n\n" F "A: c\n\ny\n"),
     "@0 [Content-Length: 3//|x//] @62 [A: c//|y/]"},
    {"no final newline", UW, TEXT(F "A: b\n\nx"), "@0 [A: b//|x] !no-final-newline"},
    {"ends in a header", PLAIN, TEXT(F "A: b\nC"),
     "@0 [A: b/C|] !header-unfinished "
     "!no-final-newline"},
};

static void
expect_row(size_t row, size_t first, size_t piece)
{
    char *log = scan_in_pieces(rows[row].file, rows[row].dialect, first, piece);
    if (strcmp(log, rows[row].expected) != 0)
        print_error("%s (pieces of %zu, %zu):\n  got      %s\n  expected %s\n", rows[row].name,
                    first, piece, log, rows[row].expected);
    bool same = strcmp(log, rows[row].expected) == 0;
    g_free(log);
    if (!same)
        fail();
}

static void
says_what_is_expected(void **state)
{
    (void)state;
    bool all = true;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *log = scan_in_pieces(rows[i].file, rows[i].dialect, SIZE_MAX, SIZE_MAX);
        if (strcmp(log, rows[i].expected) != 0) {
            print_error("%s:\n  got      %s\n  expected %s\n", rows[i].name, log, rows[i].expected);
            all = false;
        }
        g_free(log);
    }
    assert_true(all);
}

static void
says_the_same_in_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        expect_row(i, 1, 1);
        expect_row(i, 3, 7);
        for (size_t cut = 1; cut < rows[i].file.len; cut++)
            expect_row(i, cut, SIZE_MAX);
    }
}

static void
survives_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (size_t len = 0; len < rows[i].file.len; len++) {
            MhSpan prefix = testing_exact_copy(rows[i].file.data, len);
            char *whole = scan_in_pieces(prefix, rows[i].dialect, SIZE_MAX, SIZE_MAX);
            char *bytes = scan_in_pieces(prefix, rows[i].dialect, 1, 1);
            if (strcmp(whole, bytes) != 0)
                fail_msg("%s, %zu bytes: '%s' and '%s'", rows[i].name, len, whole, bytes);
            g_free(whole);
            g_free(bytes);
            g_free((uint8_t *)(uintptr_t)prefix.data);
        }
    }
}

/* A header longer than the limit is cut after a line; the rest is body. */
static void
cuts_an_endless_header(void **state)
{
    (void)state;
    GString *file = g_string_new(F);
    while (file->len < MH_LIMIT_HEADER_BYTES + 5000)
        g_string_append(file, "Received: by somebody, somewhere, at some time\n");
    g_string_append(file, "\nbody\n\n" F "A: b\n\nx\n");
    MhSpan bytes = mh_span(file->str, file->len);
    char *whole = scan_in_pieces(bytes, PLAIN, SIZE_MAX, SIZE_MAX);
    char *pieces = scan_in_pieces(bytes, PLAIN, 1000, 65536);
    assert_string_equal(whole, pieces);
    assert_non_null(strstr(whole, "time/|Received: by"));
    assert_non_null(strstr(whole, "!header-too-long"));
    assert_non_null(strstr(whole, " [A: b//|x/]"));
    g_free(whole);
    g_free(pieces);
    g_string_free(file, TRUE);
}

/* Nothing but separators: each costs its own length, not that of what follows. */
static void
ends_with_a_flood_of_separators(void **state)
{
    (void)state;
    enum { COUNT = 50000 };
    GString *file = g_string_new(NULL);
    for (int i = 0; i < COUNT; i++)
        g_string_append(file, F);
    char *log = scan_in_pieces(mh_span(file->str, file->len), DOVECOT, SIZE_MAX, SIZE_MAX);
    int messages = 0;
    for (const char *at = log; (at = strstr(at, "[|]")) != NULL; at++)
        messages++;
    assert_int_equal(messages, COUNT);
    g_free(log);
    g_string_free(file, TRUE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_expected),
        cmocka_unit_test(says_the_same_in_pieces),
        cmocka_unit_test(survives_every_prefix),
        cmocka_unit_test(cuts_an_endless_header),
        cmocka_unit_test(ends_with_a_flood_of_separators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
