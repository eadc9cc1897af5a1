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
mbox_from_line_parse(MhSpan line, MboxFromLine *out)
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
