/* message-date: the date and time of a message, as RFC 5322 headers write it.
 *
 * Pure arithmetic on the proleptic Gregorian calendar: no locale, no mktime(), no clock.
 */
#pragma once

#include "bytes.h"

/* A civil date and time as it was written. */
typedef struct {
    int year;   /* four digits, 1..9999 */
    int month;  /* 1..12 */
    int day;    /* 1..31, valid for the month */
    int hour;   /* 0..23 */
    int minute; /* 0..59 */
    int second; /* 0..60 */
    bool has_zone;
    int zone_offset_min; /* minutes east of UTC; meaningful with has_zone only */
} MhDate;

/* Month from its English name, any case: the three letters, the whole name, or "Sept".
 * 1..12; 0 when @word is none. */
int mh_date_month(MhSpan word);
/* Is @word an English weekday, any case, its first three letters or more ("Thu", "Thur")? */
bool mh_date_is_weekday(MhSpan word);
/* Sets has_zone from "+hhmm", "-hhmm", "+hh:mm" or a name of RFC 822 ("GMT", "UT", "EST", ...), a
 * well-known European one ("MET", "CET", "CEST", ...) or another with one meaning only ("JST");
 * single letters other than J are UTC (RFC 5322, section 4.3). False when @word is no zone that we
 * know: then nothing is set. */
bool mh_date_zone(MhSpan word, MhDate *date);
/* Two-digit years: 00..68 are 2000..2068, 69..99 are 1969..1999 (POSIX); three digits: 1900+. */
bool mh_date_year(MhSpan digits, int *out_year);
/* Is every field in range, the day valid for its month? */
bool mh_date_valid(const MhDate *date);

/* Parses the value of a Date header (RFC 5322 with the obsolete forms): comments and folding
 * allowed. False when it is not a valid date. */
bool mh_date_parse_rfc5322(MhSpan value, MhDate *out_date);
/* The date of a Received header: what follows its last ';'. */
bool mh_date_parse_received(MhSpan value, MhDate *out_date);

/* Seconds since 1970-01-01T00:00:00Z. A date without zone is local time in @local, NULL meaning
 * UTC; in the hour that daylight saving skips or repeats the earlier offset counts. */
int64_t mh_date_to_unix(const MhDate *date, GTimeZone *local);

/* The same in two steps, for fields that are out of range and count on (hour 25, February 30):
 * the date's own clock as if it were UTC (its zone plays no part; the month must be 1..12), and
 * what such a clock in @local means. */
int64_t mh_date_clock(const MhDate *date);
int64_t mh_date_clock_to_unix(int64_t clock, GTimeZone *local);
/* Back from a clock, without zone. False when its year is not 1..9999. */
bool mh_date_from_clock(int64_t clock, MhDate *out_date);
