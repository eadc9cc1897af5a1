/* mbox-evidence: is this line "From ..." the beginning of a message?
 *
 * No single pattern answers it: writers do not agree on the line, and many do not quote such lines
 * in bodies. So what stands on the line, before it and after it is looked at together, and each
 * dialect has its rule. Where another reader could disagree, the verdict says so.
 */
#pragma once

#include "mbox-dialect.h"
#include "mbox-from-line.h"

/* How many bytes from the line's first on are looked at; a longer line is no separator. */
#define MBOX_EVIDENCE_WINDOW 4096

/* What follows the line, weakest first. */
typedef enum {
    MBOX_AFTER_TEXT,    /* neither header nor blank line */
    MBOX_AFTER_NOTHING, /* a blank line, another From_ line or the end: a message without header */
    MBOX_AFTER_HEADER,  /* a line like "Name: value" */
    MBOX_AFTER_MAIL,    /* two or more names that mail headers have */
    MBOX_AFTER_TRANSPORT, /* a header that a mail server or client adds: Received, X-UID, ... */
} MboxAfter;

/* Where the line stands. */
typedef struct {
    bool at_start;          /* nothing but blank lines before it in the file */
    bool blank_before;      /* the line before it is blank */
    bool hole_before;       /* NULs before it: a hole */
    bool in_header;         /* the header of the message before it has not ended */
    bool in_content_length; /* the message before it claims it, and its claim fits */
    bool patches;           /* the file's first line is one of git format-patch */
} MboxPlace;

typedef struct {
    MboxPlace place;
    MhSpan line;      /* without LF or CRLF; borrowed from the window */
    size_t line_size; /* with them */
    MboxFromLine from;
    MboxAfter after;
    bool mozilla_after; /* the first header is one that Mozilla puts first */
    bool patch_line;    /* "From <40 hex> Mon Sep 17 00:00:00 2001" */
} MboxEvidence;

typedef struct {
    bool is_separator;
    bool doubtful; /* others may read it otherwise */
} MboxVerdict;

/* @window: the line and what follows it, MBOX_EVIDENCE_WINDOW bytes or up to the end of the file.
 * False when it does not begin with "From ", holds a CR, or does not end within the window. */
bool mbox_evidence_gather(MhSpan window, MboxPlace place, MboxEvidence *out);

/* @dialect is not AUTO. */
MboxVerdict mbox_evidence_weigh(const MboxEvidence *evidence, MboxDialect dialect);

/* The evidence in words: "a date, no blank line before, mail headers after". g_free(). */
char *mbox_evidence_words(const MboxEvidence *evidence);
