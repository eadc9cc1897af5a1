#include "source-name.h"

#include "maildir/maildir-folder-name.h"
#include "mutf7.h"

#include <string.h>

/* The decoded form of modified UTF-7 that says more than plain text; NULL for all else. */
static char *
decode(MhSpan component)
{
    size_t at;
    if (!mh_span_find(component, '&', &at))
        return NULL;
    g_autofree char *text = mh_mutf7_decode(component);
    if (text == NULL || *text == '\0' || !g_utf8_validate(text, -1, NULL))
        return NULL;
    g_autofree char *again = mh_mutf7_encode(text);
    return mh_span_equal(mh_span_from_string(again), component) ? g_steal_pointer(&text) : NULL;
}

static bool
is_ascii(MhSpan bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] >= 0x80)
            return false;
    }
    return true;
}

static MhSpelling
spelling_of(MhSpan component, const char *text)
{
    if (is_ascii(component))
        return MH_SPELLING_PLAIN;
    if (mh_span_equal(component, mh_span_from_string(text)))
        return MH_SPELLING_UTF8;
    return g_utf8_validate((const char *)component.data, (gssize)component.len, NULL)
               ? MH_SPELLING_LOOSE
               : MH_SPELLING_LATIN1;
}

char *
mh_source_name_text(MhSpan component, MhSpelling *out_spelling, MhFindings *findings)
{
    g_autofree char *decoded = decode(component);
    MhSpan bytes = decoded != NULL ? mh_span_from_string(decoded) : component;
    char *text = maildir_folder_name_text(bytes, findings);
    if (out_spelling != NULL && decoded != NULL)
        *out_spelling = strcmp(decoded, text) == 0 ? MH_SPELLING_PLAIN : MH_SPELLING_LOOSE;
    else if (out_spelling != NULL)
        *out_spelling = spelling_of(component, text);
    return text;
}

char **
mh_source_name_levels(const char *const *components, MhFindings *findings)
{
    g_autoptr(GPtrArray) levels = g_ptr_array_new();
    for (size_t i = 0; components[i] != NULL; i++)
        g_ptr_array_add(levels,
                        mh_source_name_text(mh_span_from_string(components[i]), NULL, findings));
    g_ptr_array_add(levels, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&levels), FALSE);
}
