#include "mbox-internaldate.h"

#include "mbox-from-server.h"

static bool
from_separator(const MboxDateSources *sources, int64_t *out_time)
{
    MboxFromDovecot dovecot;
    MhSpan line = sources->from_line;
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    if (sources->reading == MBOX_DATES_DOVECOT && mbox_from_server_dovecot(line, &dovecot)) {
        *out_time = mbox_from_server_dovecot_date(&dovecot, sources->local);
        return true;
    }
    MboxFromLine parsed;
    const MboxFromLine *from = sources->from;
    if (from == NULL) {
        mbox_from_line_parse(line, &parsed);
        from = &parsed;
    }
    if (from->kind < MBOX_FROM_ODD_DATE || !mh_date_valid(&from->date))
        return false;
    *out_time = mh_date_to_unix(&from->date, sources->local);
    return true;
}

static void
report(const MboxDateSources *sources, MhFindings *findings, MhFindingCode code)
{
    mh_findings_add_at(findings, code, sources->offset, sources->message, NULL);
}

static int64_t
choose(const MboxDateSources *sources, MhFindings *findings)
{
    int64_t time;
    MhDate date;
    if (from_separator(sources, &time))
        return time;
    if (mh_date_parse_rfc5322(sources->date, &date)) {
        report(sources, findings, MH_FINDING_MBOX_DATE_FROM_HEADER);
        return mh_date_to_unix(&date, sources->local);
    }
    if (mh_date_parse_received(sources->received, &date)) {
        report(sources, findings, MH_FINDING_MBOX_DATE_FROM_RECEIVED);
        return mh_date_to_unix(&date, sources->local);
    }
    report(sources, findings, MH_FINDING_MBOX_DATE_FROM_FILE);
    return sources->file_time;
}

uint32_t
mbox_internaldate_choose(const MboxDateSources *sources, MhFindings *findings)
{
    int64_t time = choose(sources, findings);
    if (time >= 0 && time <= UINT32_MAX)
        return (uint32_t)time;
    report(sources, findings, MH_FINDING_MBOX_DATE_OUT_OF_RANGE);
    return time < 0 ? 0 : UINT32_MAX;
}
