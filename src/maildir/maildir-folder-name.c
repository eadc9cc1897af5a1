#include "maildir-folder-name.h"

#include "mutf7.h"
#include "printable.h"
#include "size-limits.h"

#include <string.h>

static bool
fail(GError **error, MaildirError code, MhSpan name, const char *why)
{
    g_autofree char *shown = mh_printable(mh_span_first(name, MH_LIMIT_NAME_BYTES));
    g_set_error(error, MAILDIR_ERROR, code, "no Maildir folder can stand for '%s': %s", shown, why);
    return false;
}

bool
maildir_folder_name_escape_fits(char escape)
{
    return g_ascii_ispunct(escape) && strchr("./~&+,-", escape) == NULL;
}

/* text */

static char *
utf8_from_latin1(MhSpan bytes)
{
    GString *utf8 = g_string_sized_new(bytes.len * 2);
    for (size_t i = 0; i < bytes.len; i++)
        g_string_append_unichar(utf8, bytes.data[i]);
    return g_string_free(utf8, FALSE);
}

static void
add_finding(MhFindings *findings, MhFindingCode code, MhSpan name)
{
    g_autofree char *shown = mh_printable(name);
    mh_findings_add(findings, code, "%s", shown);
}

char *
maildir_folder_name_text(MhSpan component, MhFindings *findings)
{
    g_autofree char *text = mh_span_dup(component);
    if (!g_utf8_validate(text, -1, NULL)) {
        add_finding(findings, MH_FINDING_FOLDER_NAME_LATIN1, component);
        g_free(text);
        text = utf8_from_latin1(component);
    }
    char *composed = g_utf8_normalize(text, -1, G_NORMALIZE_NFC);
    if (strcmp(text, composed) != 0)
        add_finding(findings, MH_FINDING_FOLDER_NAME_COMPOSED, component);
    return composed;
}

/* one component */

static bool
needs_escape(const char *text, size_t at, char escape)
{
    char c = text[at];
    return c == '.' || c == '/' || c == escape || (c == '~' && at == 0);
}

/* Appends "." and the component. False when it needs an escape and there is none. */
static bool
append_component(GString *directory, const char *utf8, char escape)
{
    g_autofree char *text = mh_mutf7_encode(utf8);
    g_string_append_c(directory, '.');
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (!needs_escape(text, i, escape))
            g_string_append_c(directory, text[i]);
        else if (escape == MAILDIR_ESCAPE_NONE)
            return false;
        else
            g_string_append_printf(directory, "%c%02x", escape, (unsigned)text[i]);
    }
    return true;
}

static char *
unescape(MhSpan component, char escape)
{
    GString *text = g_string_sized_new(component.len);
    for (size_t i = 0; i < component.len; i++) {
        uint64_t byte;
        if (escape != MAILDIR_ESCAPE_NONE && component.data[i] == (uint8_t)escape &&
            i + 2 < component.len &&
            mh_span_to_u64_hex(mh_span(component.data + i + 1, 2), &byte)) {
            g_string_append_c(text, (char)byte);
            i += 2;
        } else {
            g_string_append_c(text, (char)component.data[i]);
        }
    }
    return g_string_free(text, FALSE);
}

/* whole names */

/* The next component of a directory's name: @rest begins with its '.'. */
static bool
take_component(MhSpan *rest, MhSpan *out_component)
{
    if (!mh_span_starts_with(*rest, MH_SPAN_LITERAL(".")))
        return false;
    MhSpan name = mh_span_from(*rest, 1);
    size_t end = name.len;
    mh_span_find(name, '.', &end);
    *out_component = mh_span_first(name, end);
    *rest = mh_span_from(name, end);
    return end > 0;
}

static bool
add_component(GString *directory, const char *utf8, char escape, MhSpan shown, GError **error)
{
    if (*utf8 == '\0')
        return fail(error, MAILDIR_ERROR_VALUE, shown, "a part of it is empty");
    if (!append_component(directory, utf8, escape))
        return fail(error, MAILDIR_ERROR_VALUE, shown,
                    "'.', '/' and a '~' in front need an escape character");
    if (directory->len > MH_LIMIT_NAME_BYTES)
        return fail(error, MAILDIR_ERROR_TOO_LONG, shown, "it would exceed 255 bytes");
    return true;
}

char *
maildir_folder_name_from_path(const MhSpan *components, size_t count, char escape,
                              MhFindings *findings, GError **error)
{
    g_autoptr(GString) directory = g_string_new(NULL);
    g_assert(escape == MAILDIR_ESCAPE_NONE || maildir_folder_name_escape_fits(escape));
    if (count == 0) {
        fail(error, MAILDIR_ERROR_VALUE, mh_span(NULL, 0), "it has no parts");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        size_t at;
        if (mh_span_find(components[i], '\0', &at)) {
            fail(error, MAILDIR_ERROR_VALUE, components[i], "it holds a NUL");
            return NULL;
        }
        g_autofree char *text = maildir_folder_name_text(components[i], findings);
        if (!add_component(directory, text, escape, components[i], error))
            return NULL;
    }
    return g_string_free(g_steal_pointer(&directory), FALSE);
}

/* Decodes one component; NULL when it is not what append_component() writes. */
static char *
decode_component(MhSpan component, char escape)
{
    g_autofree char *plain = unescape(component, escape);
    g_autofree char *text = mh_mutf7_decode(mh_span_from_string(plain));
    if (text == NULL)
        return NULL;
    g_autoptr(GString) again = g_string_new(NULL);
    if (!append_component(again, text, escape) ||
        !mh_span_equal(mh_span(again->str + 1, again->len - 1), component))
        return NULL;
    return g_steal_pointer(&text);
}

char **
maildir_folder_name_to_path(MhSpan directory, char escape, GError **error)
{
    g_autoptr(GPtrArray) path = g_ptr_array_new_with_free_func(g_free);
    MhSpan rest = directory;
    do {
        MhSpan component;
        char *text = take_component(&rest, &component) ? decode_component(component, escape) : NULL;
        if (text == NULL) {
            fail(error, MAILDIR_ERROR_VALUE, directory, "a server could not open it");
            return NULL;
        }
        g_ptr_array_add(path, text);
    } while (rest.len > 0);
    g_ptr_array_add(path, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&path), FALSE);
}

/* A component of Courier's as text. */
static char *
courier_text(MhSpan component, MaildirCourierCharset charset, MhFindings *findings)
{
    if (charset == MAILDIR_COURIER_MUTF7) {
        g_autofree char *decoded = mh_mutf7_decode(component);
        if (decoded != NULL)
            return maildir_folder_name_text(mh_span_from_string(decoded), findings);
        add_finding(findings, MH_FINDING_FOLDER_NAME_NOT_MUTF7, component);
    }
    return maildir_folder_name_text(component, findings);
}

char *
maildir_folder_name_from_courier(MhSpan directory, MaildirCourierCharset charset, char escape,
                                 MhFindings *findings, GError **error)
{
    g_autoptr(GString) name = g_string_new(NULL);
    MhSpan rest = directory;
    size_t at;
    g_assert(escape == MAILDIR_ESCAPE_NONE || maildir_folder_name_escape_fits(escape));
    if (mh_span_find(directory, '\0', &at)) {
        fail(error, MAILDIR_ERROR_VALUE, directory, "it holds a NUL");
        return NULL;
    }
    do {
        MhSpan component;
        if (!take_component(&rest, &component)) {
            fail(error, MAILDIR_ERROR_VALUE, directory, "a part of it is empty");
            return NULL;
        }
        g_autofree char *text = courier_text(component, charset, findings);
        if (!add_component(name, text, escape, directory, error))
            return NULL;
    } while (rest.len > 0);
    return g_string_free(g_steal_pointer(&name), FALSE);
}

bool
maildir_folder_name_is_inbox(MhSpan directory)
{
    return mh_span_equal_nocase(directory, MH_SPAN_LITERAL(".INBOX"));
}

bool
maildir_folder_name_is_below_inbox(MhSpan directory)
{
    return mh_span_starts_with_nocase(directory, MH_SPAN_LITERAL(".INBOX."));
}

/* One character at a time and without a locale: a collision must not be claimed for names that
 * are merely sorted together ("ss" and sharp s). */
static char *
fold(const char *text)
{
    GString *folded = g_string_new(NULL);
    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at))
        g_string_append_unichar(folded, g_unichar_tolower(g_unichar_toupper(g_utf8_get_char(at))));
    g_autofree char *all = g_string_free(folded, FALSE);
    return g_utf8_normalize(all, -1, G_NORMALIZE_NFC);
}

char *
maildir_folder_name_key(MhSpan directory, char escape)
{
    g_auto(GStrv) path = maildir_folder_name_to_path(directory, escape, NULL);
    if (path == NULL) {
        g_autofree char *copy = mh_span_dup(directory);
        return g_ascii_strdown(copy, -1);
    }
    GString *key = g_string_new(NULL);
    for (size_t i = 0; path[i] != NULL; i++) {
        g_autofree char *composed = g_utf8_normalize(path[i], -1, G_NORMALIZE_NFC);
        g_autofree char *folded = fold(composed);
        append_component(key, folded, escape);
    }
    return g_string_free(key, FALSE);
}
