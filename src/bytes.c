#include "bytes.h"

#include <string.h>

MhSpan
mh_span_from_bytes(GBytes *bytes)
{
    gsize len = 0;
    const void *data = bytes != NULL ? g_bytes_get_data(bytes, &len) : NULL;
    return mh_span(data, len);
}

char *
mh_span_dup(MhSpan span)
{
    char *copy = g_malloc(span.len + 1);
    if (span.len > 0)
        memcpy(copy, span.data, span.len);
    copy[span.len] = '\0';
    return copy;
}

bool
mh_span_same_nocase(MhSpan a, MhSpan b)
{
    for (size_t i = 0; i < a.len; i++) {
        if (a.data[i] != b.data[i] && mh_lower(a.data[i]) != mh_lower(b.data[i]))
            return false;
    }
    return true;
}

bool
mh_span_starts_with_nocase(MhSpan span, MhSpan prefix)
{
    return span.len >= prefix.len && mh_span_equal_nocase(mh_span_first(span, prefix.len), prefix);
}

bool
mh_span_ends_with(MhSpan span, MhSpan suffix)
{
    return span.len >= suffix.len &&
           mh_span_equal(mh_span_from(span, span.len - suffix.len), suffix);
}

int
mh_span_compare(MhSpan a, MhSpan b)
{
    size_t common = MIN(a.len, b.len);
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    if (order != 0)
        return order < 0 ? -1 : 1;
    return a.len < b.len ? -1 : a.len > b.len;
}

static bool
is_space(uint8_t c)
{
    return mh_is_blank(c) || (c >= '\n' && c <= '\r');
}

MhSpan
mh_span_trim_blanks(MhSpan span)
{
    while (span.len > 0 && mh_is_blank(span.data[0]))
        span = mh_span(span.data + 1, span.len - 1);
    while (span.len > 0 && mh_is_blank(span.data[span.len - 1]))
        span.len--;
    return span;
}

MhSpan
mh_span_trim(MhSpan span)
{
    while (span.len > 0 && is_space(span.data[0]))
        span = mh_span(span.data + 1, span.len - 1);
    while (span.len > 0 && is_space(span.data[span.len - 1]))
        span.len--;
    return span;
}

bool
mh_span_find_last(MhSpan span, uint8_t byte, size_t *out_index)
{
    const uint8_t *hit = span.len > 0 ? memrchr(span.data, byte, span.len) : NULL;
    if (hit == NULL)
        return false;
    *out_index = (size_t)(hit - span.data);
    return true;
}

bool
mh_span_take_line(MhSpan *rest, MhSpan *out_line, bool *out_ended)
{
    if (rest->len == 0)
        return false;
    size_t end = rest->len;
    bool ended = mh_span_find(*rest, '\n', &end);
    *out_line = mh_span_first(*rest, end);
    *rest = mh_span_from(*rest, ended ? end + 1 : end);
    if (out_ended != NULL)
        *out_ended = ended;
    return true;
}

bool
mh_span_take_word(MhSpan *rest, MhSpan *out_word)
{
    size_t start = 0;
    while (start < rest->len && mh_is_blank(rest->data[start]))
        start++;
    size_t end = start;
    while (end < rest->len && !mh_is_blank(rest->data[end]))
        end++;
    MhSpan word = mh_span_first(mh_span_from(*rest, start), end - start);
    *rest = mh_span_from(*rest, end);
    if (word.len == 0)
        return false;
    *out_word = word;
    return true;
}

bool
mh_span_split(MhSpan span, uint8_t byte, MhSpan *out_before, MhSpan *out_after)
{
    size_t at;
    if (!mh_span_find(span, byte, &at))
        return false;
    *out_before = mh_span_first(span, at);
    *out_after = mh_span_from(span, at + 1);
    return true;
}

#define DIGITS_THAT_FIT 19 /* whichever they are, 64 bits hold them */

bool
mh_span_to_u64(MhSpan digits, uint64_t max, uint64_t *out_value)
{
    uint64_t value = 0;
    if (digits.len == 0)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        uint64_t digit = (uint64_t)digits.data[i] - '0';
        if (digit > 9)
            return false;
        if (i >= DIGITS_THAT_FIT && value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (value > max)
        return false;
    *out_value = value;
    return true;
}

bool
mh_span_to_u32(MhSpan digits, uint32_t max, uint32_t *out_value)
{
    uint64_t value;
    if (!mh_span_to_u64(digits, max, &value))
        return false;
    *out_value = (uint32_t)value;
    return true;
}

bool
mh_span_to_u64_hex(MhSpan digits, uint64_t *out_value)
{
    uint64_t value = 0;
    if (digits.len == 0 || digits.len > 16)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = g_ascii_xdigit_value((char)digits.data[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint64_t)digit;
    }
    *out_value = value;
    return true;
}
