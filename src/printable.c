#include "printable.h"

#include <string.h>

static bool
prints(gunichar c)
{
    if (c == '\\' || !g_unichar_isprint(c))
        return false;
    GUnicodeType type = g_unichar_type(c);
    return type != G_UNICODE_FORMAT && type != G_UNICODE_LINE_SEPARATOR &&
           type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* How many bytes from @from on stand for themselves in any case. */
static size_t
plain_bytes(MhSpan bytes, size_t from)
{
    size_t end = from;
    while (end < bytes.len && bytes.data[end] >= ' ' && bytes.data[end] <= '~' &&
           bytes.data[end] != '\\')
        end++;
    return end - from;
}

char *
mh_printable(MhSpan bytes)
{
    GString *text = g_string_sized_new(bytes.len + 1);
    size_t i = 0;
    for (;;) {
        size_t plain = plain_bytes(bytes, i);
        if (plain > 0)
            g_string_append_len(text, (const char *)bytes.data + i, (gssize)plain);
        i += plain;
        if (i == bytes.len)
            break;
        const char *at = (const char *)bytes.data + i;
        gunichar c = g_utf8_get_char_validated(at, (gssize)MIN(bytes.len - i, 6));
        bool valid = c != (gunichar)-1 && c != (gunichar)-2 && c != 0;
        if (valid && prints(c)) {
            g_string_append_unichar(text, c);
            i += (size_t)g_unichar_to_utf8(c, NULL);
        } else if (bytes.data[i] == '\\') {
            g_string_append(text, "\\\\");
            i++;
        } else {
            g_string_append_printf(text, "\\x%02x", bytes.data[i]);
            i++;
        }
    }
    return g_string_free(text, FALSE);
}

char *
mh_printable_string(const char *string)
{
    return mh_printable(mh_span_from_string(string));
}

char *
mh_printable_undo(const char *text, size_t *out_len)
{
    GString *bytes = g_string_new(NULL);
    for (const char *at = text; *at != '\0'; at++) {
        uint64_t value;
        if (*at != '\\') {
            g_string_append_c(bytes, *at);
        } else if (at[1] == '\\') {
            g_string_append_c(bytes, '\\');
            at++;
        } else if (at[1] == 'x' && at[2] != '\0' && at[3] != '\0' &&
                   mh_span_to_u64_hex(mh_span(at + 2, 2), &value)) {
            g_string_append_c(bytes, (char)value);
            at += 3;
        } else {
            g_string_free(bytes, TRUE);
            return NULL;
        }
    }
    *out_len = bytes->len;
    return g_string_free(bytes, FALSE);
}
