#include "mbox-from-line.h"

#include "mbox-from-date.h"
#include "mbox-from-server.h"

static void
adopt_date(const MboxFromDate *found, MboxFromLine *out)
{
    out->kind = found->odd ? MBOX_FROM_ODD_DATE : MBOX_FROM_DATE;
    out->date = found->date;
    out->sender = found->sender;
    out->zone_before_year = found->zone_before_year;
}

/* Dovecot takes the date even when something else follows. */
static void
adopt_dovecot(const MboxFromDovecot *dovecot, MboxFromLine *out)
{
    out->kind = MBOX_FROM_ODD_DATE;
    out->sender = dovecot->sender;
    out->date = dovecot->date;
    if (!mh_date_valid(&out->date))
        mbox_from_date_bring_into_range(&out->date);
    mh_date_zone(dovecot->zone, &out->date);
}

MboxFromKind
mbox_from_line_search(MhSpan line, MboxFromLine *out)
{
    *out = (MboxFromLine){.kind = MBOX_FROM_NONE};
    if (!mh_span_starts_with(line, MH_SPAN_LITERAL("From ")))
        return MBOX_FROM_NONE;
    if (line.data[line.len - 1] == '\r')
        line.len--;
    out->kind = MBOX_FROM_WORDS;
    MhSpan text = mh_span_trim_blanks(mh_span_from(line, 5));
    if (text.len == 0 || mh_span_equal(text, MH_SPAN_LITERAL("-"))) {
        out->kind = MBOX_FROM_BARE;
        out->sender = text;
        return MBOX_FROM_BARE;
    }
    MboxFromDate date;
    if (mbox_from_date_find(text, &date))
        adopt_date(&date, out);
    MboxFromDovecot dovecot;
    out->dovecot_accepts = mbox_from_server_dovecot(line, &dovecot);
    out->cclient_accepts = mbox_from_server_cclient(line);
    if (out->kind == MBOX_FROM_WORDS && out->dovecot_accepts)
        adopt_dovecot(&dovecot, out);
    return out->kind;
}

/* --- the usual line ------------------------------------------------------------------------ */

#define ASCTIME_BYTES 24

static bool
read_two(const uint8_t *digits, int *out)
{
    if (!mh_is_digit(digits[0]) || !mh_is_digit(digits[1]))
        return false;
    *out = (digits[0] - '0') * 10 + (digits[1] - '0');
    return true;
}

/* "Www Mmm dd hh:mm:ss yyyy", as asctime(3) writes it. */
static bool
read_asctime(const uint8_t *text, MhDate *out)
{
    MhDate date = {.month = mh_date_month(mh_span(text + 4, 3))};
    uint8_t day[2] = {text[8] == ' ' ? '0' : text[8], text[9]};
    int century, year;
    if (text[3] != ' ' || text[7] != ' ' || text[10] != ' ' || text[13] != ':' || text[16] != ':' ||
        text[19] != ' ' || !read_two(day, &date.day) || !read_two(text + 11, &date.hour) ||
        !read_two(text + 14, &date.minute) || !read_two(text + 17, &date.second) ||
        !read_two(text + 20, &century) || !read_two(text + 22, &year) ||
        !mh_date_is_weekday(mh_span(text, 3)))
        return false;
    date.year = century * 100 + year;
    *out = date;
    return mh_date_valid(&date);
}

static bool
is_plain_sender(MhSpan sender)
{
    for (size_t i = 0; i < sender.len; i++) {
        if (sender.data[i] <= ' ' || sender.data[i] == '"')
            return false;
    }
    return sender.len > 0;
}

/* One blank, a sender without any, one blank and such a date: nearly all lines. What
 * mbox_from_line_search() finds in it, all readers agree upon. */
static bool
is_usual(MhSpan line, MboxFromLine *out)
{
    size_t around = sizeof "From " - 1 + 1 + ASCTIME_BYTES;
    if (line.len <= around || !mh_span_starts_with(line, MH_SPAN_LITERAL("From ")))
        return false;
    const uint8_t *date = line.data + line.len - ASCTIME_BYTES;
    MboxFromLine from = {.kind = MBOX_FROM_DATE,
                         .sender = mh_span(line.data + 5, line.len - around),
                         .dovecot_accepts = true,
                         .cclient_accepts = true};
    if (date[-1] != ' ' || !is_plain_sender(from.sender) || !read_asctime(date, &from.date))
        return false;
    *out = from;
    return true;
}

MboxFromKind
mbox_from_line_parse(MhSpan line, MboxFromLine *out)
{
    return is_usual(line, out) ? out->kind : mbox_from_line_search(line, out);
}
