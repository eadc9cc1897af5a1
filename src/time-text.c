#include "time-text.h"

#define YEAR_S (366u * 86400u)

static char *
format(int64_t seconds, const char *how)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(seconds);
    return time != NULL ? g_date_time_format(time, how) : g_strdup("?");
}

char *
mh_time_text(int64_t seconds)
{
    return seconds == 0 ? g_strdup("never") : format(seconds, "%Y-%m-%d %H:%M");
}

char *
mh_clock_text(int64_t seconds)
{
    return format(seconds, "%H:%M:%S");
}

char *
mh_duration_text(uint64_t microseconds)
{
    unsigned tenths = (unsigned)(microseconds % G_USEC_PER_SEC / 100000);
    guint64 s = microseconds / G_USEC_PER_SEC;
    if (s < 10)
        return g_strdup_printf("%u.%u s", (unsigned)s, tenths);
    if (s < 60)
        return g_strdup_printf("%u s", (unsigned)s);
    if (s < 3600)
        return g_strdup_printf("%u min %u s", (unsigned)(s / 60), (unsigned)(s % 60));
    if (s < 86400)
        return g_strdup_printf("%u h %u min", (unsigned)(s / 3600), (unsigned)(s % 3600 / 60));
    return g_strdup_printf("%" G_GUINT64_FORMAT " d %u h", s / 86400, (unsigned)(s % 86400 / 3600));
}

char *
mh_ago_text(int64_t seconds, int64_t now)
{
    if (seconds == 0)
        return g_strdup("never");
    if (now - seconds < 1)
        return g_strdup("just now");
    /* Whole seconds are enough, and minutes after an hour. */
    guint64 s = (guint64)(now - seconds);
    if (s < 60)
        return g_strdup_printf("%u s ago", (unsigned)s);
    if (s < 3600)
        return g_strdup_printf("%u min ago", (unsigned)(s / 60));
    g_autofree char *text = mh_duration_text(s * G_USEC_PER_SEC);
    return g_strdup_printf("%s ago", text);
}

bool
mh_duration_parse(const char *text, uint32_t *out_seconds)
{
    static const struct {
        char letter;
        uint32_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
    MhSpan span = mh_span_from_string(text);
    for (size_t i = 0; i < G_N_ELEMENTS(units) && span.len > 1; i++) {
        uint32_t number;
        if (span.data[span.len - 1] != (uint8_t)units[i].letter)
            continue;
        if (!mh_span_to_u32(mh_span(span.data, span.len - 1), 100 * YEAR_S / units[i].seconds,
                            &number))
            return false;
        *out_seconds = number * units[i].seconds;
        return true;
    }
    return false;
}
