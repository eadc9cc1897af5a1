#include "mbox-from-server.h"

/* --- Dovecot ------------------------------------------------------------------------------- */

/* What stands @ahead bytes ahead; LF behind the end, where the line's own would be. */
static uint8_t
peek(MhSpan rest, size_t ahead)
{
    return ahead < rest.len ? rest.data[ahead] : '\n';
}

static void
skip(MhSpan *rest, size_t count)
{
    *rest = mh_span_from(*rest, count);
}

/* @count digits, which are not taken off. */
static bool
peek_digits(MhSpan rest, size_t count, int *out_value)
{
    uint32_t value;
    if (rest.len < count || !mh_span_to_u32(mh_span_first(rest, count), 9999, &value))
        return false;
    *out_value = (int)value;
    return true;
}

/* Length of the quoted string at the start, both quotes counted. 0: it never ends. A backslash
 * guards the quote behind it even when it is itself behind a backslash. */
static size_t
quoted_length(MhSpan rest)
{
    bool guarded = false;
    for (size_t i = 1; i < rest.len && rest.data[i] != '\r'; i++) {
        if (rest.data[i] == '"' && !guarded)
            return i + 1;
        guarded = rest.data[i] == '\\';
    }
    return 0;
}

static bool
take_sender(MhSpan *rest, MhSpan *out_sender)
{
    size_t len = 0;
    if (peek(*rest, 0) == '"') {
        len = quoted_length(*rest);
        if (len == 0)
            return false;
    }
    for (; peek(*rest, len) != ' '; len++) {
        if (peek(*rest, len) == '\r' || peek(*rest, len) == '\n')
            return false;
    }
    *out_sender = mh_span_first(*rest, len);
    skip(rest, len);
    while (peek(*rest, 0) == ' ')
        skip(rest, 1);
    return true;
}

static bool
take_month(MhSpan *rest, MhDate *date)
{
    MhSpan word = mh_span_first(*rest, 3);
    int month = mh_date_month(word);
    if (mh_span_equal(word, MH_SPAN_LITERAL("???")))
        month = 1;
    if (month == 0 || peek(*rest, 3) != ' ')
        return false;
    date->month = month;
    skip(rest, 4);
    return true;
}

/* Day of the first form: one or two digits and a blank, a blank before them allowed. */
static bool
take_day(MhSpan *rest, MhDate *date)
{
    if (peek(*rest, 0) == ' ')
        skip(rest, 1);
    size_t digits = peek(*rest, 1) == ' ' ? 1 : 2;
    if (!peek_digits(*rest, digits, &date->day) || peek(*rest, digits) != ' ')
        return false;
    skip(rest, digits + 1);
    return true;
}

static bool
take_time(MhSpan *rest, MhDate *date)
{
    if (!peek_digits(*rest, 2, &date->hour) || peek(*rest, 2) != ':' ||
        !peek_digits(mh_span_from(*rest, 3), 2, &date->minute))
        return false;
    skip(rest, 5);
    if (peek(*rest, 0) != ':')
        return true;
    if (!peek_digits(mh_span_from(*rest, 1), 2, &date->second))
        return false;
    skip(rest, 3);
    return true;
}

/* "d Mmm yyyy hh:mm:ss"; any byte stands between year and hour. */
static bool
take_day_first(MhSpan *rest, MhDate *date)
{
    int digit;
    size_t digits = peek_digits(mh_span_from(*rest, 1), 1, &digit) ? 2 : 1;
    if (!peek_digits(*rest, digits, &date->day) || peek(*rest, digits) != ' ')
        return false;
    skip(rest, digits + 1);
    if (!take_month(rest, date) || !peek_digits(*rest, 4, &date->year))
        return false;
    skip(rest, 5);
    return take_time(rest, date);
}

/* "dd hh:mm[:ss] [word] yyyy", behind the month. */
static bool
take_month_first(MhSpan *rest, MhDate *date)
{
    if (!take_day(rest, date) || !take_time(rest, date) || peek(*rest, 0) != ' ')
        return false;
    skip(rest, 1);
    if (!peek_digits(*rest, 4, &date->year)) {
        size_t blank, cr;
        if (!mh_span_find(*rest, ' ', &blank) ||
            mh_span_find(mh_span_first(*rest, blank), '\r', &cr))
            return false;
        skip(rest, blank + 1);
    }
    if (!peek_digits(*rest, 4, &date->year))
        return false;
    skip(rest, 4);
    return true;
}

static MhSpan
peek_zone(MhSpan rest)
{
    int digits;
    bool is_zone = peek(rest, 0) == ' ' && (peek(rest, 1) == '+' || peek(rest, 1) == '-') &&
                   peek_digits(mh_span_from(rest, 2), 4, &digits);
    return is_zone ? mh_span_first(mh_span_from(rest, 1), 5) : mh_span(NULL, 0);
}

/* A date with a zone behind it goes through a function that takes no field out of range, and whose
 * sign for failure is the last second of 1969. */
static bool
is_taken_with_zone(MhDate date)
{
    bool is_failure = mh_date_clock(&date) == -1;
    if (date.year == 0)
        date.year = 400; /* a leap year, too */
    return mh_date_valid(&date) && !is_failure;
}

bool
mbox_from_server_dovecot(MhSpan line, MboxFromDovecot *out)
{
    MboxFromDovecot result = {0};
    if (!mh_span_starts_with(line, MH_SPAN_LITERAL("From ")))
        return false;
    MhSpan rest = mh_span_from(line, 5);
    if (!take_sender(&rest, &result.sender))
        return false;
    skip(&rest, 4);
    if (take_month(&rest, &result.date)) {
        if (!take_month_first(&rest, &result.date))
            return false;
    } else {
        skip(&rest, 1);
        if (!take_day_first(&rest, &result.date))
            return false;
    }
    if (result.date.day == 0)
        result.date.day = 1;
    result.zone = peek_zone(rest);
    if (result.zone.len > 0 && !is_taken_with_zone(result.date))
        return false;
    *out = result;
    return true;
}

/* --- c-client ------------------------------------------------------------------------------ */

/* Does @byte stand @back bytes before the end (1 is the last one)? */
static bool
stands(MhSpan line, size_t back, uint8_t byte)
{
    return back <= line.len && line.data[line.len - back] == byte;
}

static bool
stands_sign(MhSpan line, size_t back)
{
    return stands(line, back, '+') || stands(line, back, '-');
}

/* Takes off " remote from host" and the blanks before it. Lines under 41 bytes have none. */
static MhSpan
without_remote(MhSpan line)
{
    static const char remote[] = " remote from";
    size_t blank;
    if (line.len < 41 || !mh_span_find_last(line, ' ', &blank) ||
        !mh_span_ends_with(mh_span_first(line, blank), MH_SPAN_LITERAL(remote)))
        return line;
    line.len = blank - (sizeof(remote) - 1);
    while (stands(line, 1, ' '))
        line.len--;
    return line;
}

/* How far before the end the time's last byte is followed by a blank; 0: nowhere. */
static size_t
end_of_time(MhSpan line)
{
    if (stands(line, 5, ' ')) { /* the year is last */
        if (stands(line, 8, ':'))
            return 5;
        if (stands(line, 9, ' '))
            return 9;
        return stands(line, 11, ' ') && stands_sign(line, 10) ? 11 : 0;
    }
    if (stands(line, 4, ' ')) /* a zone of three letters is last */
        return stands(line, 9, ' ') ? 9 : 0;
    if (stands(line, 6, ' ')) /* a numeric zone is */
        return stands(line, 11, ' ') && stands_sign(line, 5) ? 11 : 0;
    return 0;
}

int64_t
mbox_from_server_dovecot_date(const MboxFromDovecot *from, GTimeZone *local)
{
    int64_t clock = mh_date_clock(&from->date);
    if (from->zone.len == 0)
        return mh_date_clock_to_unix(clock, local);
    int hours = 0, minutes = 0;
    peek_digits(mh_span_from(from->zone, 1), 2, &hours);
    peek_digits(mh_span_from(from->zone, 3), 2, &minutes);
    int64_t offset = hours * 3600 + minutes;
    if (from->date.second == 60)
        clock--;
    return from->zone.data[0] == '-' ? clock + offset : clock - offset;
}

bool
mbox_from_server_cclient(MhSpan line)
{
    size_t nul;
    if (!mh_span_starts_with(line, MH_SPAN_LITERAL("From ")) || mh_span_find(line, '\0', &nul))
        return false;
    line = without_remote(line);
    size_t end = end_of_time(line);
    if (line.len < 27 || end == 0 || !stands(line, end + 3, ':'))
        return false;
    size_t start = end + (stands(line, end + 6, ':') ? 9 : 6);
    return stands(line, start, ' ') && stands(line, start + 3, ' ') &&
           stands(line, start + 7, ' ') && stands(line, start + 11, ' ');
}
