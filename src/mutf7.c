#include "mutf7.h"

#include <string.h>

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool
stands_for_itself(gunichar c)
{
    return c >= 0x20 && c <= 0x7e;
}

/* Writes @count UTF-16 units as one "&...-" run. */
static void
append_run(GString *out, const gunichar2 *units, size_t count)
{
    uint32_t bits = 0;
    unsigned have = 0;
    g_string_append_c(out, '&');
    for (size_t i = 0; i < count; i++) {
        bits = bits << 16 | units[i];
        have += 16;
        for (; have >= 6; have -= 6)
            g_string_append_c(out, base64[bits >> (have - 6) & 63]);
    }
    if (have > 0)
        g_string_append_c(out, base64[bits << (6 - have) & 63]);
    g_string_append_c(out, '-');
}

char *
mh_mutf7_encode(const char *utf8)
{
    GString *out = g_string_new(NULL);
    const char *at = utf8;
    while (*at != '\0') {
        gunichar c = g_utf8_get_char(at);
        if (stands_for_itself(c)) {
            g_string_append_c(out, (char)c);
            if (c == '&')
                g_string_append_c(out, '-');
            at = g_utf8_next_char(at);
            continue;
        }
        const char *end = at;
        while (*end != '\0' && !stands_for_itself(g_utf8_get_char(end)))
            end = g_utf8_next_char(end);
        glong count = 0;
        g_autofree gunichar2 *units = g_utf8_to_utf16(at, end - at, NULL, &count, NULL);
        g_assert(units != NULL);
        append_run(out, units, (size_t)count);
        at = end;
    }
    return g_string_free(out, FALSE);
}

/* Decodes the base64 between '&' and '-'. False when it is not what append_run() writes. */
static bool
decode_run(MhSpan run, GString *out)
{
    g_autoptr(GArray) units = g_array_new(FALSE, FALSE, sizeof(gunichar2));
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < run.len; i++) {
        const char *hit = run.data[i] != '\0' ? strchr(base64, run.data[i]) : NULL;
        if (hit == NULL)
            return false;
        bits = bits << 6 | (uint32_t)(hit - base64);
        have += 6;
        if (have >= 16) {
            gunichar2 unit = (gunichar2)(bits >> (have - 16));
            if (unit == 0) /* would end the text for the converter */
                return false;
            g_array_append_val(units, unit);
            have -= 16;
        }
    }
    if (units->len == 0 || have >= 6 || (bits & ((1u << have) - 1)) != 0)
        return false;
    g_autofree char *utf8 = g_utf16_to_utf8((const gunichar2 *)(void *)units->data,
                                            (glong)units->len, NULL, NULL, NULL);
    if (utf8 == NULL)
        return false;
    for (const char *at = utf8; *at != '\0'; at = g_utf8_next_char(at)) {
        if (stands_for_itself(g_utf8_get_char(at)))
            return false;
    }
    g_string_append(out, utf8);
    return strlen(utf8) > 0;
}

char *
mh_mutf7_decode(MhSpan text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    bool after_run = false; /* a run right behind a run would have been one run */
    while (text.len > 0) {
        if (text.data[0] != '&') {
            if (!stands_for_itself(text.data[0]))
                return NULL;
            g_string_append_c(out, (char)text.data[0]);
            text = mh_span_from(text, 1);
            after_run = false;
            continue;
        }
        MhSpan run, rest;
        if (!mh_span_split(mh_span_from(text, 1), '-', &run, &rest))
            return NULL;
        if (run.len == 0)
            g_string_append_c(out, '&');
        else if (after_run || !decode_run(run, out))
            return NULL;
        after_run = run.len > 0;
        text = rest;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
