#include "message-date.h"

#include <string.h>

#define DAY_SECONDS 86400

static const char *const months[] = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December",
};

static const char *const weekdays[] = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
};

/* Names with one meaning only: "IST" is Indian, Irish and Israeli, and therefore not here. */
static const struct {
    const char *name;
    int offset_min;
} zones[] = {
    {"UT", 0},      {"UTC", 0},     {"GMT", 0},    {"Z", 0},      {"EST", -300}, {"EDT", -240},
    {"CST", -360},  {"CDT", -300},  {"MST", -420}, {"MDT", -360}, {"PST", -480}, {"PDT", -420},
    {"AKST", -540}, {"AKDT", -480}, {"HST", -600}, {"WET", 0},    {"WEST", 60},  {"BST", 60},
    {"MET", 60},    {"MEZ", 60},    {"CET", 60},   {"MEST", 120}, {"MESZ", 120}, {"CEST", 120},
    {"EET", 120},   {"EEST", 180},  {"MSK", 180},  {"JST", 540},  {"KST", 540},  {"AEST", 600},
    {"AEDT", 660},  {"NZST", 720},  {"NZDT", 780},
};

static bool
is_letter(uint8_t c)
{
    return g_ascii_isalpha((char)c);
}

int
mh_date_month(MhSpan word)
{
    if (mh_span_equal_nocase(word, MH_SPAN_LITERAL("Sept")))
        return 9;
    for (int i = 0; i < 12; i++) {
        if (word.len < 3 || mh_lower(word.data[0]) != mh_lower((uint8_t)months[i][0]))
            continue;
        MhSpan name = mh_span_from_string(months[i]);
        if (mh_span_equal_nocase(word, name) || mh_span_equal_nocase(word, mh_span_first(name, 3)))
            return i + 1;
    }
    return 0;
}

bool
mh_date_is_weekday(MhSpan word)
{
    for (size_t i = 0; word.len >= 3 && i < G_N_ELEMENTS(weekdays); i++) {
        if (mh_lower(word.data[0]) == mh_lower((uint8_t)weekdays[i][0]) &&
            mh_span_starts_with_nocase(mh_span_from_string(weekdays[i]), word))
            return true;
    }
    return false;
}

/* "hhmm" or "hh:mm" behind a sign. */
static bool
numeric_zone(MhSpan word, int *out_offset_min)
{
    MhSpan hours = mh_span_first(mh_span_from(word, 1), 2);
    MhSpan minutes = mh_span_from(word, 3);
    if (minutes.len == 3 && minutes.data[0] == ':')
        minutes = mh_span_from(minutes, 1);
    uint32_t h, m;
    if (minutes.len != 2 || !mh_span_to_u32(hours, 23, &h) || !mh_span_to_u32(minutes, 59, &m))
        return false;
    int offset = (int)(h * 60 + m);
    *out_offset_min = word.data[0] == '-' ? -offset : offset;
    return true;
}

static bool
named_zone(MhSpan word, int *out_offset_min)
{
    for (size_t i = 0; i < G_N_ELEMENTS(zones); i++) {
        if (mh_span_equal_nocase(word, mh_span_from_string(zones[i].name))) {
            *out_offset_min = zones[i].offset_min;
            return true;
        }
    }
    /* RFC 822 had the signs of the military letters wrong, so RFC 5322 (section 4.3) reads all of
     * them as UTC. There is no J. */
    if (word.len == 1 && is_letter(word.data[0]) && word.data[0] != 'J' && word.data[0] != 'j') {
        *out_offset_min = 0;
        return true;
    }
    return false;
}

bool
mh_date_zone(MhSpan word, MhDate *date)
{
    int offset_min;
    if (word.len == 0)
        return false;
    bool is_numeric = word.data[0] == '+' || word.data[0] == '-';
    if (is_numeric ? !numeric_zone(word, &offset_min) : !named_zone(word, &offset_min))
        return false;
    date->has_zone = true;
    date->zone_offset_min = offset_min;
    return true;
}

bool
mh_date_year(MhSpan digits, int *out_year)
{
    uint32_t value;
    if (digits.len < 2 || digits.len > 4 || !mh_span_to_u32(digits, 9999, &value))
        return false;
    if (digits.len == 2)
        value += value <= 68 ? 2000 : 1900;
    else if (digits.len == 3)
        value += 1900;
    if (value == 0)
        return false;
    *out_year = (int)value;
    return true;
}

static int
month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return lengths[month - 1] + (month == 2 && leap);
}

bool
mh_date_valid(const MhDate *date)
{
    return date->year >= 1 && date->year <= 9999 && date->month >= 1 && date->month <= 12 &&
           date->day >= 1 && date->day <= month_length(date->year, date->month) &&
           date->hour >= 0 && date->hour <= 23 && date->minute >= 0 && date->minute <= 59 &&
           date->second >= 0 && date->second <= 60;
}

/* --- arithmetic ---------------------------------------------------------------------------- */

/* Days from 1 January of year 1 to 1 January of @year, which is 0 or later. */
static int64_t
days_before_year(int64_t year)
{
    if (year == 0)
        return -366;
    int64_t past = year - 1;
    return past * 365 + past / 4 - past / 100 + past / 400;
}

#define DAYS_TO_1970 719162

static int64_t
days_since_1970(int year, int month, int day)
{
    int64_t days = days_before_year(year) - DAYS_TO_1970;
    for (int m = 1; m < MIN(month, 13); m++)
        days += month_length(year, m);
    return days + day - 1;
}

int64_t
mh_date_clock(const MhDate *date)
{
    return days_since_1970(date->year, date->month, date->day) * DAY_SECONDS + date->hour * 3600 +
           date->minute * 60 + date->second;
}

static int64_t
offset_at(GTimeZone *zone, int64_t instant)
{
    int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, instant);
    return interval < 0 ? 0 : g_time_zone_get_offset(zone, interval);
}

int64_t
mh_date_clock_to_unix(int64_t clock, GTimeZone *local)
{
    if (local == NULL)
        return clock;
    int64_t before = offset_at(local, clock - DAY_SECONDS);
    int64_t after = offset_at(local, clock + DAY_SECONDS);
    /* Both hold in a repeated hour, and neither in a skipped one: then what was in force before. */
    if (offset_at(local, clock - before) != before && offset_at(local, clock - after) == after)
        return clock - after;
    return clock - before;
}

int64_t
mh_date_to_unix(const MhDate *date, GTimeZone *local)
{
    int64_t clock = mh_date_clock(date);
    if (date->has_zone)
        return clock - (int64_t)date->zone_offset_min * 60;
    return mh_date_clock_to_unix(clock, local);
}

bool
mh_date_from_clock(int64_t clock, MhDate *out_date)
{
    int64_t days = clock / DAY_SECONDS - (clock % DAY_SECONDS < 0);
    int64_t seconds = clock - days * DAY_SECONDS;
    days += DAYS_TO_1970;
    if (days < 0 || days >= days_before_year(10000))
        return false;
    int year = (int)(days / 366) + 1; /* never too late */
    while (days_before_year(year + 1) <= days)
        year++;
    days -= days_before_year(year);
    int month = 1;
    for (; days >= month_length(year, month); month++)
        days -= month_length(year, month);
    *out_date = (MhDate){.year = year,
                         .month = month,
                         .day = (int)days + 1,
                         .hour = (int)(seconds / 3600),
                         .minute = (int)(seconds / 60 % 60),
                         .second = (int)(seconds % 60)};
    return true;
}

/* --- RFC 5322 ------------------------------------------------------------------------------ */

static bool
is_folding(uint8_t c)
{
    return mh_is_blank(c) || c == '\r' || c == '\n';
}

/* @rest begins with '(': goes behind its end, nested comments and quoted pairs included. */
static void
skip_comment(MhSpan *rest)
{
    size_t depth = 0;
    size_t i = 0;
    do {
        uint8_t c = rest->data[i++];
        if (c == '(')
            depth++;
        else if (c == ')')
            depth--;
        else if (c == '\\')
            i++;
    } while (depth > 0 && i < rest->len);
    *rest = mh_span_from(*rest, i);
}

static void
skip_folding(MhSpan *rest)
{
    while (rest->len > 0) {
        if (rest->data[0] == '(')
            skip_comment(rest);
        else if (is_folding(rest->data[0]))
            *rest = mh_span_from(*rest, 1);
        else
            return;
    }
}

/* Takes @byte off @rest, with the folding around it. */
static bool
take_byte(MhSpan *rest, uint8_t byte)
{
    skip_folding(rest);
    if (rest->len == 0 || rest->data[0] != byte)
        return false;
    *rest = mh_span_from(*rest, 1);
    skip_folding(rest);
    return true;
}

static MhSpan
take_letters(MhSpan *rest)
{
    skip_folding(rest);
    size_t len = 0;
    while (len < rest->len && is_letter(rest->data[len]))
        len++;
    MhSpan word = mh_span_first(*rest, len);
    *rest = mh_span_from(*rest, len);
    return word;
}

static MhSpan
take_digits(MhSpan *rest)
{
    skip_folding(rest);
    size_t len = 0;
    while (len < rest->len && mh_is_digit(rest->data[len]))
        len++;
    MhSpan word = mh_span_first(*rest, len);
    *rest = mh_span_from(*rest, len);
    return word;
}

static bool
take_number(MhSpan *rest, int *out_value)
{
    MhSpan digits = take_digits(rest);
    uint32_t value;
    if (digits.len > 2 || !mh_span_to_u32(digits, 99, &value))
        return false;
    *out_value = (int)value;
    return true;
}

/* "hh:mm" or "hh:mm:ss". */
static bool
take_time(MhSpan *rest, MhDate *date)
{
    if (!take_number(rest, &date->hour) || !take_byte(rest, ':') ||
        !take_number(rest, &date->minute))
        return false;
    MhSpan behind = *rest;
    if (take_byte(&behind, ':')) {
        if (!take_number(&behind, &date->second))
            return false;
        *rest = behind;
    }
    return true;
}

/* A zone, or nothing. A name that nobody knows is UTC (RFC 5322, section 4.3); what follows is
 * none of the date. */
static void
take_zone(MhSpan *rest, MhDate *date)
{
    skip_folding(rest);
    size_t len = 0;
    while (len < rest->len && !is_folding(rest->data[len]) && rest->data[len] != '(')
        len++;
    MhSpan word = mh_span_first(*rest, len);
    *rest = mh_span_from(*rest, len);
    if (mh_date_zone(word, date) || word.len == 0)
        return;
    MhSpan tail = word;
    MhSpan letters = take_letters(&tail);
    if (letters.len > 0 && tail.len > 0 && mh_date_zone(tail, date)) /* "GMT+0100" */
        return;
    if (letters.len > 0 && letters.len == word.len) {
        date->has_zone = true;
        date->zone_offset_min = 0;
    }
}

/* "5 Jan 2004 10:30:00 +0100", and "5-Jan-04" as RFC 850 had it. */
static bool
parse_day_first(MhSpan rest, MhDate *date)
{
    if (!take_number(&rest, &date->day))
        return false;
    take_byte(&rest, '-');
    date->month = mh_date_month(take_letters(&rest));
    take_byte(&rest, '-');
    if (!mh_date_year(take_digits(&rest), &date->year))
        return false;
    take_byte(&rest, ',');
    if (!take_time(&rest, date))
        return false;
    take_zone(&rest, date);
    return true;
}

/* "Jan  5 10:30:00 2004": ctime() in a Date header, with a zone before or after the year. */
static bool
parse_month_first(MhSpan rest, MhDate *date)
{
    date->month = mh_date_month(take_letters(&rest));
    if (!take_number(&rest, &date->day) || !take_time(&rest, date))
        return false;
    skip_folding(&rest);
    bool zone_first = rest.len > 0 && !mh_is_digit(rest.data[0]);
    if (zone_first)
        take_zone(&rest, date);
    if (!mh_date_year(take_digits(&rest), &date->year))
        return false;
    if (!zone_first)
        take_zone(&rest, date);
    return true;
}

bool
mh_date_parse_rfc5322(MhSpan value, MhDate *out_date)
{
    MhDate date = {0};
    MhSpan rest = value;
    MhSpan behind = rest;
    if (mh_date_is_weekday(take_letters(&behind))) {
        take_byte(&behind, '.');
        take_byte(&behind, ',');
        rest = behind;
    }
    skip_folding(&rest);
    bool day_first = rest.len > 0 && mh_is_digit(rest.data[0]);
    if (!(day_first ? parse_day_first(rest, &date) : parse_month_first(rest, &date)) ||
        !mh_date_valid(&date))
        return false;
    *out_date = date;
    return true;
}

/* What follows the last ';' that stands in no comment and no quoted string. */
static bool
after_last_semicolon(MhSpan value, MhSpan *out_after)
{
    bool found = false;
    bool quoted = false;
    while (value.len > 0) {
        uint8_t c = value.data[0];
        if (c == '(' && !quoted) {
            skip_comment(&value);
            continue;
        }
        if (c == '"')
            quoted = !quoted;
        value = mh_span_from(value, quoted && c == '\\' ? 2 : 1);
        if (c == ';' && !quoted) {
            *out_after = value;
            found = true;
        }
    }
    return found;
}

bool
mh_date_parse_received(MhSpan value, MhDate *out_date)
{
    MhSpan date = {0};
    if (after_last_semicolon(value, &date) && mh_date_parse_rfc5322(date, out_date))
        return true;
    /* A comment or a quote that never ends hides the ';'. */
    size_t at;
    return mh_span_find_last(value, ';', &at) &&
           mh_date_parse_rfc5322(mh_span_from(value, at + 1), out_date);
}
