/* mbox-from-line: the line that separates messages, "From sender date".
 *
 * Source: RFC 4155 and the writers in the wild that doc/formats lists: sendmail and its kin, UW's
 * c-client (zone after the year), old BSD and System V (zone before the year, no seconds, two-digit
 * years), UUCP ("remote from host"), Thunderbird ("From - date", or "From " alone), Eudora
 * ("From ???@??? date"), Gmail ("From 123@xxx date"), pipermail ("user at host").
 */
#pragma once

#include "message-date.h"

typedef enum {
    /* Strength of what a line shows, ascending. */
    MBOX_FROM_NONE,     /* does not begin with "From " */
    MBOX_FROM_WORDS,    /* begins with "From ", but has no date */
    MBOX_FROM_BARE,     /* "From " or "From -" and nothing else (Thunderbird) */
    MBOX_FROM_ODD_DATE, /* a date in a form that no mail program writes by itself; it may lack a
                           month or year that we know: then mh_date_valid() says no */
    MBOX_FROM_DATE,     /* a date as some mail program writes it */
} MboxFromKind;

typedef struct {
    MboxFromKind kind;
    MhSpan sender;         /* borrowed from the line; may be empty */
    MhDate date;           /* with MBOX_FROM_ODD_DATE and MBOX_FROM_DATE only */
    bool dovecot_accepts;  /* Dovecot takes this line for a separator (dovecot: lib-mail) */
    bool cclient_accepts;  /* so does UW's c-client */
    bool zone_before_year; /* the zone stands before the year: Dovecot and c-client differ there */
} MboxFromLine;

/* @line is without its LF; a CR at its end is ignored. Always fills @out; returns its kind. */
MboxFromKind mbox_from_line_parse(MhSpan line, MboxFromLine *out);

/* The same, without looking first whether it is one of the usual lines, which need no search. */
MboxFromKind mbox_from_line_search(MhSpan line, MboxFromLine *out);
