#include "mbox-from-date.h"

#include <string.h>

/* A date has at most this many words: weekday, month, day, time, PM, zone, DST, year, zone,
 * comment; "remote", "from" and a host may follow. */
#define WORDS_MAX 13
/* No word of a date is longer, so a line of 100 MB is cheap. */
#define WORD_BYTES_MAX 40

/* The last words of a line, and a date being read from them. */
typedef struct {
    MhSpan words[WORDS_MAX];
    size_t count;
    size_t at;
    MhDate date;
    bool has_weekday;
    bool odd; /* no mail program writes it so */
    bool zone_before_year;
} Reader;

/* Beginnings of month names that differ from the English ones: German, Dutch, French, Italian,
 * Spanish, Portuguese, Scandinavian. In UTF-8, in Latin-1, and without accents. */
static const struct {
    const char *start;
    int month;
} foreign_months[] = {
    {"j\xc3\xa4n", 1},
    {"j\xe4n", 1},
    {"jaen", 1},
    {"gen", 1},
    {"ene", 1},
    {"f\xc3\xa9v", 2},
    {"f\xe9v", 2},
    {"fev", 2},
    {"m\xc3\xa4r", 3},
    {"m\xe4r", 3},
    {"maer", 3},
    {"mrz", 3},
    {"maa", 3},
    {"mrt", 3},
    {"avr", 4},
    {"abr", 4},
    {"mai", 5},
    {"mei", 5},
    {"mag", 5},
    {"maj", 5},
    {"juin", 6},
    {"giu", 6},
    {"juil", 7},
    {"lug", 7},
    {"ao\xc3\xbb", 8},
    {"ao\xfb", 8},
    {"aou", 8},
    {"ago", 8},
    {"set", 9},
    {"okt", 10},
    {"ott", 10},
    {"out", 10},
    {"d\xc3\xa9"
     "c",
     12},
    {"d\xe9"
     "c",
     12},
    {"dez", 12},
    {"dic", 12},
    {"des", 12},
};

/* --- words --------------------------------------------------------------------------------- */

static void
collect_words(MhSpan text, Reader *reader)
{
    size_t start = WORDS_MAX;
    while (start > 0) {
        text = mh_span_trim_blanks(text);
        size_t begin = text.len;
        while (begin > 0 && !mh_is_blank(text.data[begin - 1]))
            begin--;
        if (begin == text.len)
            break;
        reader->words[--start] = mh_span_from(text, begin);
        text = mh_span_first(text, begin);
    }
    reader->count = WORDS_MAX - start;
    memmove(reader->words, reader->words + start, reader->count * sizeof(MhSpan));
}

static void
drop_remote(Reader *reader)
{
    size_t n = reader->count;
    if (n >= 3 && mh_span_equal(reader->words[n - 3], MH_SPAN_LITERAL("remote")) &&
        mh_span_equal(reader->words[n - 2], MH_SPAN_LITERAL("from")))
        reader->count -= 3;
}

static bool
at_end(const Reader *reader)
{
    return reader->at >= reader->count;
}

/* The word to be read next; empty at the end, and for one that is too long. */
static MhSpan
next(const Reader *reader)
{
    if (at_end(reader) || reader->words[reader->at].len > WORD_BYTES_MAX)
        return mh_span(NULL, 0);
    return reader->words[reader->at];
}

static bool
next_begins_with_digit(const Reader *reader)
{
    MhSpan word = next(reader);
    return word.len > 0 && mh_is_digit(word.data[0]);
}

static bool
next_has_colon(const Reader *reader)
{
    size_t at;
    return mh_span_find(next(reader), ':', &at);
}

/* Letters, bytes of other languages' letters, and a full stop. */
static bool
is_name(MhSpan word)
{
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.data[i];
        if (!g_ascii_isalpha((char)c) && c < 0x80 && c != '.')
            return false;
    }
    return word.len > 0;
}

static bool
is_one_of(uint8_t c, const char *bytes)
{
    return memchr(bytes, c, strlen(bytes)) != NULL;
}

static MhSpan
without_last(MhSpan word, const char *bytes)
{
    while (word.len > 0 && is_one_of(word.data[word.len - 1], bytes))
        word.len--;
    return word;
}

/* --- the parts of a date ------------------------------------------------------------------- */

/* @local_names: a weekday in another language will do. */
static bool
take_weekday(Reader *reader, bool local_names)
{
    MhSpan word = without_last(next(reader), ",.");
    bool english = mh_date_is_weekday(word);
    if (!english && !(local_names && is_name(word) && word.len <= 16))
        return false;
    reader->has_weekday = true;
    reader->odd |= !english || word.len != 3;
    reader->at++;
    return true;
}

static int
foreign_month(MhSpan word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(foreign_months); i++) {
        const char *start = foreign_months[i].start;
        if (word.len > 0 && mh_lower(word.data[0]) == (uint8_t)start[0] &&
            mh_span_starts_with_nocase(word, mh_span_from_string(start)))
            return foreign_months[i].month;
    }
    return 0;
}

/* A name that nobody knows passes for a month behind a weekday only; the month is then 0. */
static bool
take_month(Reader *reader)
{
    MhSpan word = without_last(next(reader), ".,");
    reader->date.month = mh_date_month(word);
    if (reader->date.month == 0) {
        reader->date.month = foreign_month(word);
        reader->odd = true;
    }
    if (reader->date.month == 0 && !(reader->has_weekday && is_name(word)))
        return false;
    bool usual = word.len == 3 || mh_span_equal_nocase(word, MH_SPAN_LITERAL("Sept"));
    reader->odd |= !usual || word.len != next(reader).len;
    reader->at++;
    return true;
}

static bool
take_day(Reader *reader)
{
    MhSpan word = without_last(next(reader), ".,");
    uint32_t day;
    if (word.len > 2 || !mh_span_to_u32(word, 99, &day))
        return false;
    reader->date.day = (int)day;
    reader->odd |= word.len != next(reader).len;
    reader->at++;
    return true;
}

/* Two digits, one when @single is allowed, off @rest. */
static bool
take_number(MhSpan *rest, bool single, int *out_value)
{
    size_t len = 0;
    while (len < rest->len && mh_is_digit(rest->data[len]))
        len++;
    uint32_t value;
    if (len > 2 || len < (single ? 1u : 2u) ||
        !mh_span_to_u32(mh_span_first(*rest, len), 99, &value))
        return false;
    *out_value = (int)value;
    *rest = mh_span_from(*rest, len);
    return true;
}

static bool
take_byte(MhSpan *rest, uint8_t byte)
{
    if (rest->len == 0 || rest->data[0] != byte)
        return false;
    *rest = mh_span_from(*rest, 1);
    return true;
}

/* "hh:mm" or "hh:mm:ss", off @rest. */
static bool
take_clock(MhSpan *rest, MhDate *date)
{
    return take_number(rest, true, &date->hour) && take_byte(rest, ':') &&
           take_number(rest, false, &date->minute) &&
           (!take_byte(rest, ':') || take_number(rest, false, &date->second));
}

static void
take_half_of_day(Reader *reader)
{
    bool pm = mh_span_equal_nocase(next(reader), MH_SPAN_LITERAL("PM"));
    if (!pm && !mh_span_equal_nocase(next(reader), MH_SPAN_LITERAL("AM")))
        return;
    if (reader->date.hour >= 1 && reader->date.hour <= 12)
        reader->date.hour = reader->date.hour % 12 + (pm ? 12 : 0);
    reader->odd = true;
    reader->at++;
}

static bool
take_time(Reader *reader)
{
    MhSpan word = next(reader);
    if (!take_clock(&word, &reader->date) || word.len > 0)
        return false;
    reader->at++;
    take_half_of_day(reader);
    return true;
}

/* Zones are in capitals, unless they are the name of a place: "met" is English. */
static bool
looks_like_zone(MhSpan word)
{
    size_t slash;
    bool place = mh_span_find(word, '/', &slash);
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.data[i];
        if (!g_ascii_isupper((char)c) && !mh_is_digit(c) && !is_one_of(c, "+-:/_<>") &&
            !(place && g_ascii_islower((char)c)))
            return false;
    }
    return word.len > 0 && word.len <= 20 && !mh_is_digit(word.data[0]);
}

/* Sets the zone when it is one that we know: a name, a number, or "GMT+0200". */
static void
read_zone(MhSpan word, MhDate *date)
{
    if (mh_date_zone(word, date))
        return;
    for (size_t i = 1; i < word.len; i++) {
        if ((word.data[i] == '+' || word.data[i] == '-') &&
            mh_date_zone(mh_span_from(word, i), date))
            return;
    }
}

/* One zone, or none; "(CET)" is one too, and "MET DST" is an hour east of MET. The first that we
 * know counts. Returns whether a word was taken. */
static bool
take_zone(Reader *reader)
{
    MhSpan word = next(reader);
    if (word.len > 2 && word.data[0] == '(' && word.data[word.len - 1] == ')')
        word = mh_span(word.data + 1, word.len - 2);
    if (!looks_like_zone(word))
        return false;
    if (!reader->date.has_zone)
        read_zone(word, &reader->date);
    reader->odd |= word.len > 6;
    reader->at++;
    if (mh_span_equal_nocase(next(reader), MH_SPAN_LITERAL("DST"))) {
        reader->date.zone_offset_min += reader->date.has_zone ? 60 : 0;
        reader->at++;
    }
    return true;
}

/* Two digits or four; also 100 for 2000, as programs wrote that did not expect it, "19100" for the
 * same reason, and 0, which is no year but stands where one should. */
static bool
take_year(Reader *reader)
{
    MhSpan word = next(reader);
    uint32_t value;
    if (word.len > 5 || !mh_span_to_u32(word, 99999, &value))
        return false;
    if (!mh_date_year(word, &reader->date.year)) {
        if (value >= 19100 && value <= 19199)
            reader->date.year = (int)value - 19100 + 2000;
        else if (value != 0)
            return false;
    }
    reader->odd |= word.len != 2 && (word.len != 4 || value == 0);
    reader->at++;
    return true;
}

/* Behind the year: a zone, and perhaps its name in parentheses. */
static void
take_last_zone(Reader *reader)
{
    if (take_zone(reader) && next(reader).len > 0 && next(reader).data[0] == '(')
        take_zone(reader);
}

/* --- the forms of a date ------------------------------------------------------------------- */

/* Month and day in either order, then either time, zone and year, or year, time and zone. */
static bool
read_named_date(Reader *reader)
{
    bool day_first = next_begins_with_digit(reader);
    if (day_first ? !(take_day(reader) && take_month(reader))
                  : !(take_month(reader) && take_day(reader)))
        return false;
    bool year_first = !next_has_colon(reader);
    if (year_first && !take_year(reader))
        return false;
    if (!take_time(reader))
        return false;
    if (!year_first) {
        while (reader->at + 1 < reader->count && take_zone(reader))
            reader->zone_before_year = true;
        if (!take_year(reader))
            return false;
    }
    reader->odd |= day_first != year_first || !reader->has_weekday;
    take_last_zone(reader);
    return at_end(reader);
}

/* "2004-01-05" or "2004/01/05", off @rest. */
static bool
take_iso_day(MhSpan *rest, MhDate *date)
{
    uint32_t year;
    if (rest->len < 10 || !mh_span_to_u32(mh_span_first(*rest, 4), 9999, &year))
        return false;
    uint8_t separator = rest->data[4];
    MhSpan tail = mh_span_from(*rest, 5);
    if ((separator != '-' && separator != '/') || !take_number(&tail, false, &date->month) ||
        !take_byte(&tail, separator) || !take_number(&tail, false, &date->day))
        return false;
    date->year = (int)year;
    *rest = tail;
    return true;
}

/* "2004-01-05T10:30:00Z", "2004-01-05 10:30:00.5 +0100". */
static bool
read_iso_date(Reader *reader)
{
    MhSpan word = next(reader);
    if (!take_iso_day(&word, &reader->date))
        return false;
    reader->odd = true;
    reader->at++;
    if (!take_byte(&word, 'T') && !take_byte(&word, 't')) {
        if (word.len > 0)
            return false;
        word = next(reader);
        reader->at++;
    }
    if (!take_clock(&word, &reader->date))
        return false;
    if (take_byte(&word, '.') || take_byte(&word, ',')) {
        while (word.len > 0 && mh_is_digit(word.data[0]))
            word = mh_span_from(word, 1);
    }
    if (word.len > 0 && !mh_date_zone(word, &reader->date))
        return false;
    take_last_zone(reader);
    return at_end(reader);
}

/* --- the date of a line ------------------------------------------------------------------------
 */

void
mbox_from_date_bring_into_range(MhDate *date)
{
    if (date->month < 1 || date->month > 12 || date->year < 1)
        return;
    MhDate result;
    if (!mh_date_from_clock(mh_date_clock(date), &result))
        return;
    result.has_zone = date->has_zone;
    result.zone_offset_min = date->zone_offset_min;
    *date = result;
}

static void
rewind_to(Reader *reader, size_t start)
{
    reader->at = start;
    reader->date = (MhDate){0};
    reader->has_weekday = reader->odd = reader->zone_before_year = false;
}

/* Reads a date from the words @start and on, up to the last. The first word of a line is its
 * sender before it is a weekday in another language. */
static bool
read_from(Reader *reader, size_t start, bool is_first_of_line)
{
    rewind_to(reader, start);
    if (read_iso_date(reader))
        return true;
    rewind_to(reader, start);
    if (take_weekday(reader, !is_first_of_line) && read_named_date(reader))
        return true;
    rewind_to(reader, start);
    return read_named_date(reader);
}

static MhSpan
before(MhSpan text, MhSpan word)
{
    return mh_span_trim_blanks(mh_span_first(text, (size_t)(word.data - text.data)));
}

bool
mbox_from_date_find(MhSpan text, MboxFromDate *out)
{
    Reader reader = {.count = 0};
    bool found = false;
    *out = (MboxFromDate){.odd = true};
    collect_words(text, &reader);
    drop_remote(&reader);
    for (size_t start = 0; start < reader.count && out->odd; start++) {
        MhSpan word = reader.words[start];
        if (!read_from(&reader, start, word.data == text.data))
            continue;
        bool odd = reader.odd || !mh_date_valid(&reader.date);
        if (odd && found)
            continue;
        found = true;
        *out = (MboxFromDate){.date = reader.date,
                              .sender = before(text, word),
                              .odd = odd,
                              .zone_before_year = reader.zone_before_year};
    }
    if (!mh_date_valid(&out->date))
        mbox_from_date_bring_into_range(&out->date);
    return found;
}
