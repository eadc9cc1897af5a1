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

static void
append_printable(GString *text, MhSpan bytes, bool escape_backslash)
{
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
            g_string_append(text, escape_backslash ? "\\\\" : "\\");
            i++;
        } else {
            g_string_append_printf(text, "\\x%02x", bytes.data[i]);
            i++;
        }
    }
}

static char *
make_printable(MhSpan bytes, bool escape_backslash)
{
    GString *text = g_string_sized_new(bytes.len + 1);
    append_printable(text, bytes, escape_backslash);
    return g_string_free(text, FALSE);
}

void
mh_printable_append(GString *text, MhSpan bytes)
{
    append_printable(text, bytes, true);
}

char *
mh_printable(MhSpan bytes)
{
    return make_printable(bytes, true);
}

char *
mh_printable_string(const char *string)
{
    return mh_printable(mh_span_from_string(string));
}

char *
mh_printable_again(const char *text)
{
    return make_printable(mh_span_from_string(text), false);
}

static GVariant *
again_string(GVariant *value)
{
    g_autofree char *text = mh_printable_again(g_variant_get_string(value, NULL));
    if (strcmp(text, g_variant_get_string(value, NULL)) == 0)
        return g_variant_ref(value);
    return g_variant_ref_sink(g_variant_new_string(text));
}

/* Strings are in what has an s in its type, and may be in a variant. A worker cannot make this go
 * deep: GVariant refuses a depth of more than 128. */
// NOLINTBEGIN(misc-no-recursion)
static GVariant *
again_container(GVariant *value)
{
    GVariantBuilder builder;
    bool changed = false;
    g_variant_builder_init(&builder, g_variant_get_type(value));
    for (gsize i = 0; i < g_variant_n_children(value); i++) {
        g_autoptr(GVariant) child = g_variant_get_child_value(value, i);
        g_autoptr(GVariant) printable = mh_printable_variant(child);
        changed |= printable != child;
        g_variant_builder_add_value(&builder, printable);
    }
    g_autoptr(GVariant) made = g_variant_ref_sink(g_variant_builder_end(&builder));
    return g_variant_ref(changed ? made : value);
}

GVariant *
mh_printable_variant(GVariant *value)
{
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING))
        return again_string(value);
    if (strpbrk(g_variant_get_type_string(value), "sv") == NULL)
        return g_variant_ref(value);
    return again_container(value);
}
// NOLINTEND(misc-no-recursion)

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
