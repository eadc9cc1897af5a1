#include "courier-quota.h"

#include "printable.h"

/* One LIMIT; false when it is none. */
static bool
take_limit(MhSpan limit, CourierQuota *quota)
{
    uint64_t value;
    limit = mh_span_trim(limit);
    if (limit.len < 2 || !mh_span_to_u64(mh_span_first(limit, limit.len - 1), UINT64_MAX, &value))
        return false;
    switch (limit.data[limit.len - 1]) {
    case 'S':
        quota->bytes = value;
        return true;
    case 'C':
        quota->messages = value;
        return true;
    default:
        return g_ascii_isalpha((char)limit.data[limit.len - 1]);
    }
}

CourierQuota
courier_quota_parse(MhSpan text, MhFindings *findings)
{
    CourierQuota quota = {0};
    MhSpan line = {0}, limit;
    mh_span_take_line(&text, &line, NULL);
    for (bool more = line.len > 0; more;) {
        MhSpan rest = {0};
        limit = line;
        more = mh_span_split(line, ',', &limit, &rest);
        line = rest;
        if (!take_limit(limit, &quota)) {
            g_autofree char *shown = mh_printable(mh_span_first(limit, 80));
            mh_findings_add(findings, MH_FINDING_COURIER_QUOTA_INVALID, "%s", shown);
        }
    }
    return quota;
}

char *
courier_quota_format(const CourierQuota *quota)
{
    GString *text = g_string_new(NULL);
    if (quota->bytes > 0)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT "S", quota->bytes);
    if (quota->messages > 0)
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT "C", text->len > 0 ? "," : "",
                               quota->messages);
    return g_string_free(text, FALSE);
}
