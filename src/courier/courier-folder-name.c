#include "courier-folder-name.h"

#include "mutf7.h"
#include "printable.h"

#include <string.h>

static bool
has_8bit(MhSpan text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] >= 0x80)
            return true;
    }
    return false;
}

static bool
is_utf8(MhSpan text)
{
    return text.len == 0 || g_utf8_validate((const char *)text.data, (gssize)text.len, NULL);
}

/* The value of a base64 character of modified UTF-7; negative when @c is none. */
static int
base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == ',' ? 63 : -1;
}

/* Decodes what stands between '&' and '-', whoever encoded it: ASCII and left-over bits are fine.
 * False when it is no text. */
static bool
decode_run(MhSpan run, GString *out)
{
    g_autoptr(GArray) units = g_array_new(FALSE, FALSE, sizeof(gunichar2));
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < run.len; i++) {
        int value = base64_value(run.data[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 16) {
            gunichar2 unit = (gunichar2)(bits >> (have - 16));
            if (unit == 0)
                return false;
            g_array_append_val(units, unit);
            have -= 16;
        }
    }
    if (units->len == 0)
        return false;
    g_autofree char *utf8 = g_utf16_to_utf8((const gunichar2 *)(void *)units->data,
                                            (glong)units->len, NULL, NULL, NULL);
    if (utf8 == NULL)
        return false;
    g_string_append(out, utf8);
    return true;
}

/* NULL when @text is no modified UTF-7 in any form; *@out_runs says how many "&...-" there were
 * beside "&-". */
static char *
decode_leniently(MhSpan text, size_t *out_runs)
{
    g_autoptr(GString) out = g_string_new(NULL);
    MhSpan before, run;
    *out_runs = 0;
    while (mh_span_split(text, '&', &before, &text)) {
        g_string_append_len(out, (const char *)before.data, (gssize)before.len);
        if (!mh_span_split(text, '-', &run, &text))
            return NULL;
        if (run.len == 0)
            g_string_append_c(out, '&');
        else if (!decode_run(run, out))
            return NULL;
        *out_runs += run.len > 0;
    }
    g_string_append_len(out, (const char *)text.data, (gssize)text.len);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

typedef struct {
    size_t utf8, mutf7, weak_utf8, weak_mutf7;
} Evidence;

static void
weigh_path(MhSpan path, Evidence *evidence)
{
    size_t at, runs;
    if (has_8bit(path)) {
        evidence->utf8 += is_utf8(path);
        return;
    }
    if (!mh_span_find(path, '&', &at))
        return;
    g_autofree char *decoded = decode_leniently(path, &runs);
    if (decoded == NULL)
        evidence->weak_utf8++;
    else if (runs > 0)
        evidence->mutf7++;
    else
        evidence->weak_mutf7++;
}

CourierNames
courier_folder_names_guess(const MhSpan *paths, size_t count, MhFindings *findings)
{
    Evidence evidence = {0};
    for (size_t i = 0; i < count; i++)
        weigh_path(paths[i], &evidence);
    if (evidence.utf8 > 0 && evidence.mutf7 > 0) {
        mh_findings_add(findings, MH_FINDING_COURIER_FOLDERS_MIXED, "%zu and %zu", evidence.utf8,
                        evidence.mutf7);
        return COURIER_NAMES_MIXED;
    }
    if (evidence.utf8 > 0)
        return COURIER_NAMES_UTF8;
    if (evidence.mutf7 > 0)
        return COURIER_NAMES_MUTF7;
    if (evidence.weak_utf8 > 0)
        return COURIER_NAMES_UTF8;
    if (evidence.weak_mutf7 == 0)
        return COURIER_NAMES_ASCII;
    mh_findings_add(findings, MH_FINDING_COURIER_FOLDERS_AMBIGUOUS, NULL);
    return COURIER_NAMES_MUTF7;
}

bool
courier_folder_path_valid(MhSpan path)
{
    uint8_t before = '.';
    for (size_t i = 0; i < path.len; i++) {
        uint8_t c = path.data[i];
        if (c == '\0' || c == '/' || (c == '.' && before == '.'))
            return false;
        before = c;
    }
    return before != '.';
}

static void
add_about(MhFindings *findings, MhFindingCode code, MhSpan text)
{
    g_autofree char *shown = mh_printable(text);
    mh_findings_add(findings, code, "%s", shown);
}

static char *
from_latin1(MhSpan text)
{
    GString *utf8 = g_string_sized_new(text.len * 2);
    for (size_t i = 0; i < text.len; i++)
        g_string_append_unichar(utf8, text.data[i]);
    return g_string_free(utf8, FALSE);
}

static bool
has_octal(MhSpan text)
{
    for (size_t i = 0; i + 3 < text.len; i++) {
        const uint8_t *at = text.data + i;
        if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' &&
            at[3] >= '0' && at[3] <= '7')
            return true;
    }
    return false;
}

static char *
component_from_mutf7(MhSpan text, MhFindings *findings)
{
    char *decoded = mh_mutf7_decode(text);
    size_t runs, at;
    if (decoded != NULL || !mh_span_find(text, '&', &at))
        return decoded != NULL ? decoded : mh_span_dup(text);
    decoded = decode_leniently(text, &runs);
    add_about(findings,
              decoded != NULL ? MH_FINDING_COURIER_FOLDER_ODD_MUTF7
                              : MH_FINDING_COURIER_FOLDER_LITERAL,
              text);
    if (decoded == NULL)
        return mh_span_dup(text);
    if (strpbrk(decoded, "./") != NULL)
        add_about(findings, MH_FINDING_COURIER_FOLDER_SPLIT, text);
    return decoded;
}

static char *
decode_component(MhSpan text, CourierNames names, MhFindings *findings)
{
    if (!is_utf8(text)) {
        add_about(findings, MH_FINDING_COURIER_FOLDER_LATIN1, text);
        return from_latin1(text);
    }
    if (names == COURIER_NAMES_MUTF7 && !has_8bit(text))
        return component_from_mutf7(text, findings);
    if (has_octal(text))
        add_about(findings, MH_FINDING_COURIER_FOLDER_OCTAL, text);
    return mh_span_dup(text);
}

char **
courier_folder_components(MhSpan path, CourierNames names, MhFindings *findings)
{
    g_autoptr(GPtrArray) components = g_ptr_array_new();
    MhSpan component, rest;
    g_assert(courier_folder_path_valid(path));
    while (mh_span_split(path, '.', &component, &rest)) {
        g_ptr_array_add(components, decode_component(component, names, findings));
        path = rest;
    }
    g_ptr_array_add(components, decode_component(path, names, findings));
    g_ptr_array_add(components, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&components), FALSE);
}
