/* bytes: a span of bytes, and the only ways we read from one.
 *
 * Mail, state files and folder names come from strangers: they may hold NUL, bare CR, 8-bit, a
 * line of 100 MB, no final newline, or nothing at all. A span is (data, length); it borrows the
 * bytes it points to and lives no longer than they do.
 *
 * One contract for all number readers: the whole span is decimal digits and the value is in
 * range, or the result is left untouched and false is returned.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *data; /* may be NULL when len is 0 */
    size_t len;
} MhSpan;

static inline MhSpan
mh_span(const void *data, size_t len)
{
    return (MhSpan){.data = data, .len = len};
}

/* A span over a string literal or an array, without its final NUL. */
#define MH_SPAN_LITERAL(text) ((MhSpan){.data = (const uint8_t *)(text), .len = sizeof(text) - 1})

static inline MhSpan
mh_span_from_string(const char *text) /* NULL gives an empty span */
{
    return mh_span(text, text != NULL ? strlen(text) : 0);
}

MhSpan mh_span_from_bytes(GBytes *bytes); /* borrows; NULL gives an empty span */

/* A NUL-terminated copy; a NUL inside the span cuts what string functions see of it. g_free(). */
char *mh_span_dup(MhSpan span);

static inline bool
mh_span_equal(MhSpan a, MhSpan b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Two spans of one length. */
bool mh_span_same_nocase(MhSpan a, MhSpan b);

static inline bool
mh_span_equal_nocase(MhSpan a, MhSpan b) /* ASCII letters only */
{
    return a.len == b.len && mh_span_same_nocase(a, b);
}

static inline bool
mh_span_starts_with(MhSpan span, MhSpan prefix)
{
    return span.len >= prefix.len &&
           (prefix.len == 0 || memcmp(span.data, prefix.data, prefix.len) == 0);
}

bool mh_span_starts_with_nocase(MhSpan span, MhSpan prefix);
bool mh_span_ends_with(MhSpan span, MhSpan suffix);
int mh_span_compare(MhSpan a, MhSpan b); /* bytes, unsigned; shorter first */

/* The part of @span from @offset on; empty when @offset is past its end. */
static inline MhSpan
mh_span_from(MhSpan span, size_t offset)
{
    if (offset >= span.len)
        return mh_span(NULL, 0);
    return mh_span(span.data + offset, span.len - offset);
}

/* The first @len bytes, or all when there are fewer. */
static inline MhSpan
mh_span_first(MhSpan span, size_t len)
{
    return mh_span(span.data, MIN(span.len, len));
}

/* Without blanks (space and tab), or with LF, CR, VT and FF too, at both ends. */
MhSpan mh_span_trim_blanks(MhSpan span);
MhSpan mh_span_trim(MhSpan span);

/* Index of the first (last) @byte; false when there is none. */
static inline bool
mh_span_find(MhSpan span, uint8_t byte, size_t *out_index)
{
    const void *hit = span.len > 0 ? memchr(span.data, byte, span.len) : NULL;
    if (hit == NULL)
        return false;
    *out_index = (size_t)((const uint8_t *)hit - span.data);
    return true;
}

bool mh_span_find_last(MhSpan span, uint8_t byte, size_t *out_index);

/* Takes the next line off @rest. @out_line is without its LF (a CR before it stays); @out_ended,
 * which may be NULL, says whether there was an LF. False at the end: nothing was left. */
bool mh_span_take_line(MhSpan *rest, MhSpan *out_line, bool *out_ended);

/* Takes the next word off @rest: skips spaces and tabs, then everything up to the next one.
 * False when only blanks were left. */
bool mh_span_take_word(MhSpan *rest, MhSpan *out_word);

/* Splits at the first @byte: @out_before is what stands before it, @out_after what stands behind.
 * False, and nothing set, when there is none. */
bool mh_span_split(MhSpan span, uint8_t byte, MhSpan *out_before, MhSpan *out_after);

bool mh_span_to_u32(MhSpan digits, uint32_t max, uint32_t *out_value);
bool mh_span_to_u64(MhSpan digits, uint64_t max, uint64_t *out_value);
/* Hexadecimal, either case, 1 to 16 digits, no prefix. */
bool mh_span_to_u64_hex(MhSpan digits, uint64_t *out_value);

/* Characters, without a locale. */
static inline bool
mh_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static inline bool
mh_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline uint8_t
mh_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}
