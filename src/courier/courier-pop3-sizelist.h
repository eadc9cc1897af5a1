/* courier-pop3-sizelist: courierpop3dsizelist, the POP3 UIDLs and sizes of Courier's INBOX.
 *
 *     v0  (1.7.0, 2003)  *( NAME SP SIZE LF )                                    no header
 *     v1  (2.0, 2003)    "/1" SP NEXT LF          *( NAME SP SIZE SP N LF )
 *     v2  (2.1, 2003)    "/2" SP NEXT SP UIDV LF  *( NAME SP SIZE SP N ":" V LF )
 *     v3  (5.0.0, 2018)  "/3" SP NEXT SP UIDV LF  *( NAME SP SIZE SP N ":" V ":" U8 LF )
 *
 * NAME is a file name in cur/ with the info part it had; it may hold blanks (lines are cut at their
 * last ones). SIZE is the message as sent, every LF counted as CRLF. U8 is 1 for raw 8-bit headers.
 * Numbers are 64 bits wide, "-1" and what overflows are the largest. Lines stand in the order of
 * messages. A message's UIDL is
 *
 *     N > 0, V > 0   "UID" N "-" V
 *     N > 0, V = 0   "UID" N
 *     N = 0          NAME up to its first ':', where bytes below 0x21, above 0x7e and ' " + are
 *                    written as '+' and two upper-case hexadecimal digits
 *
 * V is a line's own and need not be the header's. N is 0 in all of v0, V in all of v1; both were
 * carried on into later versions, so one list may mix all three.
 *
 * Servers up to 4.18 read v0 to v2, take a missing ":V" for 0, and for no file at all give every
 * message N = 0. Servers from 5.0.3 on read v3 and v2, want ":V", and number everything anew when
 * the file is missing or is v0; of other versions they use the header alone. So the version tells
 * which server the clients talked to last, unless the operator knows better. (5.0.0 to 5.0.2 read
 * v3 only and rewrote all else, so what they leave is v3.)
 *
 * A line matches a file when both names are equal up to their ':'; when only one has a ':' they do
 * not match.
 *
 * Source: Courier-IMAP 5.0.13 as observed; 4.x from the format's history.
 */
#pragma once

#include "finding.h"

typedef enum {
    COURIER_ERA_AUTO, /* what the list's own version says */
    COURIER_ERA_OLD,  /* Courier-IMAP up to 4.18 was last */
    COURIER_ERA_NEW,  /* Courier-IMAP 5.0.3 or later was last */
} CourierEra;

typedef struct {
    MhSpan name;         /* as listed; borrowed from the text */
    uint64_t size_bytes; /* as sent */
    uint64_t number;     /* N */
    uint64_t validity;   /* V */
    bool raw_8bit;       /* U8 */
} CourierPop3Line;

typedef struct {
    int version;                     /* 0 to 3, or what the header said */
    uint64_t next;                   /* N of the next message */
    uint64_t validity;               /* V of the next message; 0: that of a clock we do not have */
    GArray *lines;                   /* of CourierPop3Line, in the order of the file */
    struct CourierSpanIndex *by_key; /* private */
} CourierPop3Sizelist;

/* Reads a list as the server of @era did; the text must outlive it. Never fails: what that server
 * did not read is a finding, and leaves no lines. */
CourierPop3Sizelist *courier_pop3_sizelist_parse(MhSpan text, CourierEra era, MhFindings *findings);
void courier_pop3_sizelist_free(CourierPop3Sizelist *list); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CourierPop3Sizelist, courier_pop3_sizelist_free)

/* A list that is not held: its first line, of which version, next and validity come out, and one
 * after it. False when the line is odd, or of a version that is older or not read in @era: then
 * courier_pop3_sizelist_parse() says what it is. */
bool courier_pop3_sizelist_plain_header(MhSpan line, CourierEra era, CourierPop3Sizelist *out);
bool courier_pop3_sizelist_plain_line(MhSpan line, int version, CourierEra era,
                                      CourierPop3Line *out);
/* The base name of which such a line is, of version 2 or 3. */
bool courier_pop3_sizelist_line_base(MhSpan line, MhSpan *out_base);

typedef enum {
    COURIER_POP3_NO_MATCH,
    COURIER_POP3_MATCH,       /* the server finds this line too */
    COURIER_POP3_MATCH_LOOSE, /* only one of the names has a ':': the server does not */
} CourierPop3Match;

/* The last line for the file @name, whose info part does not matter. *@out_line is borrowed, and
 * set unless there is no match. */
CourierPop3Match courier_pop3_sizelist_find(CourierPop3Sizelist *list, MhSpan name,
                                            const CourierPop3Line **out_line);

/* The UIDL of a message listed as @line. May be empty when N is 0. g_free(). */
char *courier_pop3_sizelist_uidl(const CourierPop3Line *line);

/* Writes version 2, which every Courier but 5.0.0 to 5.0.2 reads. NULL with COURIER_ERROR_NAME
 * when a name is empty or holds LF or NUL. */
GBytes *courier_pop3_sizelist_format(uint64_t next, uint64_t validity, const CourierPop3Line *lines,
                                     size_t count, GError **error);
