/* mbox-scan: an mbox as a stream of messages.
 *
 * Bytes are fed in order, in pieces of any size; the same file gives the same events, whatever the
 * pieces. To judge a line "From ..." the scanner must see what follows it, and a Content-Length
 * points far ahead: for that it asks the caller's peek function. Memory does not grow with the
 * file or its messages: at most one header (MH_LIMIT_HEADER_BYTES) is held.
 *
 * A message is: its From_ line; its header (mbox-header); its body, everything up to the line end
 * that belongs to the next separator. Header and body are one range of the file without a gap.
 * What of the line end before a separator, or before the end of the file, is not the message's:
 *   dovecot   the LF or CRLF there, even if that leaves the last line without its end
 *   others    a blank line there (observed with c-client 2007f), unless it ends the header
 *
 * A hole (eight NULs or more, left by a crash) between a message and a dated From_ line with a
 * header ends the message in every dialect. Inside a body whose Content-Length fits nothing is
 * looked for, but From_ lines there are reported as doubtful.
 */
#pragma once

#include "finding.h"
#include "mbox-error.h"
#include "mbox-evidence.h"

/* The shortest run of NULs that counts as a hole. */
#define MBOX_HOLE_MIN 8

/* A line that could be read otherwise. */
typedef struct {
    uint64_t offset;
    MhSpan line;        /* without line end; borrowed, not printable */
    bool is_separator;  /* what it was read as */
    uint32_t message;   /* the message that it begins, or that it is in; 1 is the first */
    const char *reason; /* the evidence in words; borrowed */
} MboxBoundary;

typedef struct {
    /* A message begins with the From_ line at @offset; @line is without its line end. */
    void (*begin)(void *user, uint64_t offset, MhSpan line, const MboxFromLine *from);
    /* Its whole header, once; may be empty. */
    void (*header)(void *user, uint64_t offset, MhSpan block);
    /* A piece of its body, zero or more times. */
    void (*body)(void *user, uint64_t offset, MhSpan bytes);
    /* Header and body ended at @offset. */
    void (*end)(void *user, uint64_t offset);
    /* May be NULL. */
    void (*boundary)(void *user, const MboxBoundary *boundary);
} MboxScanEvents;

typedef struct {
    MboxDialect dialect; /* not AUTO */
    uint64_t size;       /* of the file: nothing beyond it is asked for or taken */
    /* Fills @buffer with exactly @len bytes from @offset on. */
    bool (*peek)(void *user, uint64_t offset, void *buffer, size_t len, GError **error);
    MboxScanEvents events;
    void *user;           /* of peek and the events */
    MhFindings *findings; /* may be NULL */
} MboxScanOptions;

typedef struct MboxScan MboxScan;

MboxScan *mbox_scan_new(const MboxScanOptions *options);
void mbox_scan_free(MboxScan *scan); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MboxScan, mbox_scan_free)

/* Takes the next @chunk; the last message ends with the chunk that reaches the size. False with
 * MBOX_ERROR_NOT_MBOX when no message begins here, or with what peek said; then feed no more. */
bool mbox_scan_feed(MboxScan *scan, MhSpan chunk, GError **error);
