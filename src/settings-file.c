#include "settings-file.h"

#include "config-error.h"
#include "keyed-hash.h"
#include "line-errors.h"
#include "nearest.h"
#include "printable.h"

#include <string.h>

#define GROUP "mailhaul"

typedef struct {
    MhSettings *settings;
    const char *file;
    size_t line;
    bool in_group;
    GHashTable *seen; /* key -> nothing */
} Reader;

static bool fault(const Reader *reader, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static bool
fault(const Reader *reader, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *file = mh_printable_string(reader->file);
    g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX, "%s:%zu: %s", file, reader->line,
                message);
    return false;
}

static bool
unknown_key(const Reader *reader, const char *key, GError **error)
{
    size_t count;
    const MhOption *options = mh_options(&count);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (size_t i = 0; i < count; i++) {
        if (!options[i].no_key)
            g_ptr_array_add(names, (void *)(uintptr_t)options[i].name);
    }
    const char *near = mh_nearest_word(key, (const char *const *)names->pdata, names->len);
    g_autofree char *shown = mh_printable_string(key);
    if (near == NULL)
        return fault(reader, error, "there is no key '%s'", shown);
    return fault(reader, error, "there is no key '%s'; is '%s' meant?", shown, near);
}

static bool
read_pair(Reader *reader, MhSpan key_span, MhSpan value_span, GError **error)
{
    g_autofree char *key = mh_span_dup(mh_span_trim_blanks(key_span));
    g_autofree char *value = mh_span_dup(mh_span_trim_blanks(value_span));
    const MhOption *option = mh_option_find(key);
    g_autoptr(GError) why = NULL;
    if (option == NULL)
        return unknown_key(reader, key, error);
    if (option->no_key)
        return fault(reader, error, "'%s' belongs on the command line", key);
    if (!reader->in_group)
        return fault(reader, error, "key '%s' stands before the line [" GROUP "]", key);
    if (g_hash_table_contains(reader->seen, key))
        return fault(reader, error, "key '%s' stands here a second time", key);
    g_hash_table_add(reader->seen, g_steal_pointer(&key));
    if (!mh_settings_set(reader->settings, option, value, &why))
        return fault(reader, error, "%s: %s", option->name, why->message);
    return true;
}

static bool
read_line(Reader *reader, MhSpan line, GError **error)
{
    MhSpan key, value;
    size_t nul;
    line = mh_span_trim_blanks(line);
    if (line.len == 0 || line.data[0] == '#')
        return true;
    if (mh_span_find(line, '\0', &nul))
        return fault(reader, error, "the line has a NUL byte");
    if (line.data[0] == '[') {
        reader->in_group = mh_span_equal(line, MH_SPAN_LITERAL("[" GROUP "]"));
        return reader->in_group || fault(reader, error, "the only group is [" GROUP "]");
    }
    if (!mh_span_split(line, '=', &key, &value))
        return fault(reader, error, "a line is 'key = value'");
    return read_pair(reader, key, value, error);
}

bool
mh_settings_file_parse(MhSpan text, const char *file, MhSettings *settings, GError **error)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    Reader reader = {.settings = settings, .file = file, .seen = seen};
    MhSpan line;
    while (mh_list_take_line(&text, &reader.line, &line)) {
        if (!read_line(&reader, line, error))
            return false;
    }
    return true;
}
