/* mbox-internaldate: when a message came, which is what IMAP calls its INTERNALDATE.
 *
 * The separator line says so. Where it has no date that exists (a bare "From ", a month in a
 * language that we do not know, year 0), the Date header follows, then the first Received header,
 * then the time of the file. Each of these is a finding, and so is a date that does not fit into
 * the 32 bits that servers keep it in.
 */
#pragma once

#include "finding.h"
#include "mbox-from-line.h"

typedef enum {
    MBOX_DATES_WRITTEN, /* as the line means it: c-client and all others */
    /* As Dovecot on mbox showed it, faults included (see mbox-from-server), since clients hold
     * that date. A line that it would not take is read as the others are. */
    MBOX_DATES_DOVECOT,
} MboxDatesReading;

typedef struct {
    MhSpan from_line;         /* without LF */
    const MboxFromLine *from; /* the same, read before; NULL: it has not been */
    MhSpan date;              /* value of the Date header; empty: none */
    MhSpan received;          /* value of the first Received header; empty: none */
    int64_t file_time;
    GTimeZone *local; /* what a date without zone is read in; NULL: UTC */
    MboxDatesReading reading;
    uint64_t offset; /* of the message, for findings */
    uint32_t message;
} MboxDateSources;

/* Seconds since 1970. @findings may be NULL. */
uint32_t mbox_internaldate_choose(const MboxDateSources *sources, MhFindings *findings);
