#include "courier-number.h"

typedef struct {
    bool negative;
    uint64_t magnitude; /* UINT64_MAX when it does not fit */
    size_t end;         /* bytes read; 0: there was no number */
} Scan;

static bool
is_space(uint8_t c)
{
    return mh_is_blank(c) || (c >= '\n' && c <= '\r');
}

static uint64_t
append_digit(uint64_t value, uint8_t digit)
{
    if (value > UINT64_MAX / 10 || value * 10 > UINT64_MAX - digit)
        return UINT64_MAX;
    return value * 10 + digit;
}

static Scan
scan(MhSpan text)
{
    Scan found = {0};
    size_t at = 0;
    bool overflow = false;
    while (at < text.len && is_space(text.data[at]))
        at++;
    if (at < text.len && (text.data[at] == '-' || text.data[at] == '+'))
        found.negative = text.data[at++] == '-';
    for (; at < text.len && mh_is_digit(text.data[at]); at++) {
        found.magnitude =
            overflow ? UINT64_MAX : append_digit(found.magnitude, (uint8_t)(text.data[at] - '0'));
        overflow = overflow || found.magnitude == UINT64_MAX;
        found.end = at + 1;
    }
    return found;
}

/* Nearly all numbers: 1 to 18 digits, nothing before them. How many; 0 for others. */
static size_t
read_plain(MhSpan text, uint64_t *out_value)
{
    uint64_t value = 0;
    size_t at = 0;
    while (at < text.len && at < 19 && mh_is_digit(text.data[at]))
        value = value * 10 + (text.data[at++] - '0');
    *out_value = value;
    return at < 19 ? at : 0;
}

bool
courier_number_take(MhSpan *rest, uint64_t *out_value)
{
    uint64_t plain;
    size_t digits = read_plain(*rest, &plain);
    if (digits > 0) {
        *out_value = plain;
        *rest = mh_span_from(*rest, digits);
        return true;
    }
    Scan found = scan(*rest);
    if (found.end == 0)
        return false;
    bool negate = found.negative && found.magnitude != UINT64_MAX;
    *out_value = negate ? -found.magnitude : found.magnitude;
    *rest = mh_span_from(*rest, found.end);
    return true;
}

int64_t
courier_number_signed(MhSpan text)
{
    uint64_t plain;
    if (read_plain(text, &plain) > 0)
        return (int64_t)plain;
    Scan found = scan(text);
    if (found.negative)
        return found.magnitude > INT64_MAX ? INT64_MIN : -(int64_t)found.magnitude;
    return found.magnitude > INT64_MAX ? INT64_MAX : (int64_t)found.magnitude;
}
