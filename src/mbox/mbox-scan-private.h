/* mbox-scan-private: what the parts of the scanner share. mbox-scan.c takes the file apart,
 * mbox-scan-start.c finds its first message, mbox-scan-judge.c looks at single places. */
#pragma once

#include "mbox-scan.h"
#include "size-limits.h"

#define MBOX_SCAN_NOWHERE UINT64_MAX

typedef enum {
    STATE_START,
    STATE_FROM, /* at a From_ line that was judged a separator */
    STATE_BODY,
    STATE_DONE,
} MboxScanState;

struct MboxScan {
    MboxScanOptions options;
    MboxScanState state;
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
    uint64_t lengths[MH_LIMIT_CONTENT_LENGTHS];
    unsigned length_count;
    uint8_t window[MBOX_EVIDENCE_WINDOW];
    GByteArray *header; /* a header, or leading bytes, that the chunk does not hold whole */
    GError *error;
};

/* The bytes from @offset on, @len of them or up to the end of the file: from the chunk when it
 * holds them, else read into @buffer. Empty after a failure. */
MhSpan mbox_scan_look(MboxScan *scan, uint64_t offset, size_t len, uint8_t *buffer);
/* The same into the window, of MBOX_EVIDENCE_WINDOW bytes at most; valid until the next call. */
MhSpan mbox_scan_look_window(MboxScan *scan, uint64_t offset, size_t len);
/* The same for a header or other long piece. */
MhSpan mbox_scan_look_long(MboxScan *scan, uint64_t offset, size_t len);
bool mbox_scan_is_byte(MboxScan *scan, uint64_t offset, uint8_t byte);
bool mbox_scan_begins_from(MboxScan *scan, uint64_t offset);
/* The first byte after the NULs at @offset. */
uint64_t mbox_scan_skip_nuls(MboxScan *scan, uint64_t offset);

/* @detail may be NULL. */
void mbox_scan_note(MboxScan *scan, MhFindingCode code, uint64_t offset, const char *detail);

/* Where header and body end when a separator, a hole or the end of the file is at @next. */
uint64_t mbox_scan_end_before(MboxScan *scan, uint64_t next);
/* Is the line at @offset, which begins with "From ", a separator? */
bool mbox_scan_judge_from(MboxScan *scan, uint64_t offset, MboxPlace place);
/* Is there a hole at @offset that ends at a separator? Sets @out_next to where the NULs end. */
bool mbox_scan_judge_hole(MboxScan *scan, uint64_t offset, uint64_t *out_next);
/* Does a body that ends at @end have a separator or the end of the file after it? */
bool mbox_scan_lands(MboxScan *scan, uint64_t end, uint64_t *out_next);

/* Goes to the first From_ line, or fails with MBOX_ERROR_NOT_MBOX. */
bool mbox_scan_start(MboxScan *scan);
