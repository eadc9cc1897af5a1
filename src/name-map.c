#include "name-map.h"

#include "account.h"
#include "config-error.h"
#include "folder-list.h"
#include "printable.h"

#include <string.h>

struct MhNameMap {
    GTree *targets; /* "user/source" -> target; a user holds no '/', so the key is unambiguous */
};

static int
compare_keys(const void *a, const void *b, void *data)
{
    (void)data;
    return strcmp(a, b);
}

MhNameMap *
mh_name_map_new(void)
{
    MhNameMap *map = g_new0(MhNameMap, 1);
    map->targets = g_tree_new_full(compare_keys, NULL, g_free, g_free);
    return map;
}

void
mh_name_map_free(MhNameMap *map)
{
    if (map == NULL)
        return;
    g_tree_unref(map->targets);
    g_free(map);
}

static char *
make_key(const char *user, MhSpan source)
{
    g_autofree char *path = mh_span_dup(source);
    return g_strconcat(user, "/", path, NULL);
}

static bool
check_target(MhSpan target, GError **error)
{
    const char *fault = NULL;
    if (!mh_folder_path_check(target, error))
        return false;
    if (!g_utf8_validate_len((const char *)target.data, target.len, NULL))
        fault = "is not UTF-8";
    for (size_t i = 0; i < target.len && fault == NULL; i++) {
        if (target.data[i] < ' ' || target.data[i] == 0x7f)
            fault = "has a control character";
    }
    if (fault == NULL)
        return true;
    g_autofree char *shown = mh_printable(target);
    g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_REFUSED, "target '%s' %s", shown, fault);
    return false;
}

bool
mh_name_map_add(MhNameMap *map, const char *user, MhSpan source, MhSpan target, GError **error)
{
    if ((strcmp(user, MH_NAME_MAP_EVERYBODY) != 0 &&
         !mh_account_check_user(mh_span_from_string(user), error)) ||
        !mh_folder_path_check(source, error) || !check_target(target, error))
        return false;
    g_autofree char *key = make_key(user, source);
    g_autofree char *value = mh_span_dup(target);
    const char *earlier = g_tree_lookup(map->targets, key);
    if (earlier != NULL && strcmp(earlier, value) != 0) {
        g_autofree char *shown = mh_printable_string(key);
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX,
                    "'%s' has another target already, '%s'", shown, earlier);
        return false;
    }
    g_tree_insert(map->targets, g_steal_pointer(&key), g_steal_pointer(&value));
    return true;
}

const char *
mh_name_map_lookup(const MhNameMap *map, const char *user, MhSpan source)
{
    size_t nul;
    if (mh_span_find(source, '\0', &nul))
        return NULL;
    g_autofree char *own = make_key(user, source);
    g_autofree char *common = make_key(MH_NAME_MAP_EVERYBODY, source);
    const char *target = g_tree_lookup(map->targets, own);
    return target != NULL ? target : g_tree_lookup(map->targets, common);
}

/* Takes back the escapes. Bytes that are no escape stay as they are. */
static char *
unescape(MhSpan text, size_t *out_len, GError **error)
{
    size_t nul;
    g_autofree char *copy = mh_span_dup(text);
    char *bytes = mh_span_find(text, '\0', &nul) ? NULL : mh_printable_undo(copy, out_len);
    if (bytes == NULL)
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX,
                    "a backslash is written \\\\, another byte \\xNN");
    return bytes;
}

static bool
take_line(MhNameMap *map, MhSpan line, GError **error)
{
    MhSpan left, right, user, source;
    size_t left_len, right_len;
    if (!mh_span_split(line, '=', &left, &right)) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX,
                    "a line is 'user/source = target' or '*/source = target'");
        return false;
    }
    g_autofree char *left_bytes = unescape(mh_span_trim_blanks(left), &left_len, error);
    if (left_bytes == NULL)
        return false;
    g_autofree char *right_bytes = unescape(mh_span_trim_blanks(right), &right_len, error);
    if (right_bytes == NULL)
        return false;
    if (!mh_span_split(mh_span(left_bytes, left_len), '/', &user, &source)) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX,
                    "left of '=' stands 'user/source' or '*/source'");
        return false;
    }
    bool everybody = mh_span_equal(user, MH_SPAN_LITERAL(MH_NAME_MAP_EVERYBODY));
    if (!everybody && !mh_account_check_user(user, error))
        return false;
    g_autofree char *name = mh_span_dup(user);
    return mh_name_map_add(map, name, source, mh_span(right_bytes, right_len), error);
}

MhNameMap *
mh_name_map_parse(MhSpan text, MhLineErrors *errors)
{
    MhNameMap *map = mh_name_map_new();
    MhSpan line;
    size_t number = 0;
    while (mh_list_take_line(&text, &number, &line)) {
        g_autoptr(GError) error = NULL;
        line = mh_span_trim_blanks(line);
        if (line.len > 0 && line.data[0] != '#' && !take_line(map, line, &error))
            mh_line_errors_add_error(errors, number, error);
    }
    return map;
}

/* Printable, and without what the line's own form gives a meaning. */
static void
append_escaped(GString *out, const char *name, bool escape_equals)
{
    size_t len = strlen(name);
    bool first = name[0] == '#' || mh_is_blank((uint8_t)name[0]);
    bool last = len > 1 && mh_is_blank((uint8_t)name[len - 1]);
    size_t from = first ? 1 : 0, to = last ? len - 1 : len;
    if (first)
        g_string_append_printf(out, "\\x%02x", (uint8_t)name[0]);
    g_autofree char *shown = mh_printable(mh_span(name + from, to - from));
    for (const char *at = shown; *at != '\0'; at++) {
        if (*at == '=' && escape_equals)
            g_string_append(out, "\\x3d");
        else
            g_string_append_c(out, *at);
    }
    if (last)
        g_string_append_printf(out, "\\x%02x", (uint8_t)name[len - 1]);
}

static gboolean
append_line(void *key, void *value, void *data)
{
    GString *out = data;
    append_escaped(out, key, true);
    g_string_append(out, " = ");
    append_escaped(out, value, false);
    g_string_append_c(out, '\n');
    return FALSE;
}

char *
mh_name_map_format(const MhNameMap *map)
{
    GString *out = g_string_new(NULL);
    g_tree_foreach(map->targets, append_line, out);
    return g_string_free(out, FALSE);
}

char *
mh_name_map_line(const char *user, const char *source, char *const *levels)
{
    g_autoptr(MhNameMap) map = mh_name_map_new();
    g_autofree char *target = g_strjoinv("/", (char **)(uintptr_t)levels);
    for (size_t i = 0; levels[i] != NULL; i++) {
        if (strchr(levels[i], '/') != NULL) /* it would be taken for two levels */
            return NULL;
    }
    if (!mh_name_map_add(map, user, mh_span_from_string(source), mh_span_from_string(target), NULL))
        return NULL;
    return g_strchomp(mh_name_map_format(map));
}

bool
mh_name_map_is_line_of(const char *user, const char *line)
{
    g_autoptr(GString) start = g_string_new(NULL);
    g_autofree char *key = g_strconcat(user, "/", NULL);
    append_escaped(start, key, true);
    return strcmp(user, MH_NAME_MAP_EVERYBODY) != 0 && g_str_has_prefix(line, start->str);
}
