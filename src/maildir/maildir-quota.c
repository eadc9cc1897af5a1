#include "maildir-quota.h"

#include "printable.h"

static bool
read_limit(MhSpan limit, MaildirQuota *quota)
{
    uint64_t number;
    if (limit.len < 2 || !mh_span_to_u64(mh_span_first(limit, limit.len - 1), INT64_MAX, &number))
        return false;
    uint8_t kind = limit.data[limit.len - 1];
    if (kind == 'S')
        quota->bytes = number;
    else if (kind == 'C')
        quota->messages = number;
    return g_ascii_isalpha((char)kind);
}

bool
maildir_quota_parse(MhSpan text, MaildirQuota *out_quota, GError **error)
{
    MaildirQuota quota = {0};
    MhSpan line = mh_span(NULL, 0);
    mh_span_take_line(&text, &line, NULL);
    line = mh_span_trim(line);
    bool good = line.len > 0;
    bool more = good;
    MhSpan rest = line;
    while (good && more) {
        MhSpan limit = rest;
        more = mh_span_split(rest, ',', &limit, &rest);
        good = read_limit(mh_span_trim_blanks(limit), &quota);
    }
    if (!good) {
        g_autofree char *shown = mh_printable(mh_span_first(line, 80));
        g_set_error(error, MAILDIR_ERROR, MAILDIR_ERROR_FORMAT, "not a list of quota limits: '%s'",
                    shown);
        return false;
    }
    *out_quota = quota;
    return true;
}

char *
maildir_quota_format(const MaildirQuota *quota)
{
    if (quota->messages == 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT "S\n", quota->bytes);
    return g_strdup_printf("%" G_GUINT64_FORMAT "S,%" G_GUINT64_FORMAT "C\n", quota->bytes,
                           quota->messages);
}
