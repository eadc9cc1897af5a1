/* mbox-from-server: the separator line as the old servers read it, fault for fault.
 *
 * Where a server saw a message begin, and when it thought the message had come, is what clients
 * know; what the line should have meant is for mbox-from-line. Sources: Dovecot 2.3 (lib-mail),
 * UW's c-client imap-2007f (unix driver).
 *
 * Dovecot, forward from the sender: a sender that ends at the first blank (one quoted string may
 * stand at its start), spaces, then one of
 *     Www Mmm [d]d hh:mm[:ss] [zone] yyyy[ +hhmm]...
 *     Www, [d]d Mmm yyyy hh:mm[:ss][ +hhmm]...
 * Www are any bytes; Mmm is English, any case, or "???", which is January. No field is checked
 * against its range unless a zone stands behind the year, and anything may follow. Of that zone
 * the minutes are taken for seconds; all other zones are passed over, and the time is local.
 *
 * c-client, backward from the end, after " remote from host" is taken off: only blanks and colons
 * at fixed distances, and the sign of a numeric zone, are looked at:
 *     Www Mmm dd hh:mm[:ss][ zzz| +zzzz] yyyy[ zzz| +zzzz]
 */
#pragma once

#include "message-date.h"

typedef struct {
    MhSpan sender; /* borrowed */
    MhDate date;   /* as written, out of range perhaps, without zone; the month is 1..12 */
    MhSpan zone;   /* "+hhmm" behind the year, borrowed; empty: local time */
} MboxFromDovecot;

/* @line is without LF and without CR. False when Dovecot sees no separator. */
bool mbox_from_server_dovecot(MhSpan line, MboxFromDovecot *out);
/* The instant that Dovecot took the date for, in seconds since 1970. */
int64_t mbox_from_server_dovecot_date(const MboxFromDovecot *from, GTimeZone *local);

bool mbox_from_server_cclient(MhSpan line);
