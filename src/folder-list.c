#include "folder-list.h"

#include "account.h"
#include "config-error.h"
#include "keyed-hash.h"
#include "printable.h"
#include "size-limits.h"

typedef struct {
    GPtrArray *in_order; /* of char *, owned */
    GHashTable *set;     /* of the same strings */
} Folders;

struct MhFolderList {
    GHashTable *users; /* user -> Folders */
};

static Folders *
folders_new(void)
{
    Folders *folders = g_new0(Folders, 1);
    folders->in_order = g_ptr_array_new_with_free_func(g_free);
    folders->set = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    return folders;
}

static void
folders_free(void *data)
{
    Folders *folders = data;
    g_hash_table_unref(folders->set);
    g_ptr_array_unref(folders->in_order);
    g_free(folders);
}

void
mh_folder_list_free(MhFolderList *list)
{
    if (list == NULL)
        return;
    g_hash_table_unref(list->users);
    g_free(list);
}

/* NULL when @part is a good component. */
static const char *
component_fault(MhSpan part)
{
    size_t nul;
    if (part.len == 0)
        return "has an empty component";
    if (part.len > MH_LIMIT_NAME_BYTES)
        return "has a component that is too long";
    if (mh_span_find(part, '\0', &nul))
        return "has a NUL byte";
    if (mh_span_equal(part, MH_SPAN_LITERAL(".")) || mh_span_equal(part, MH_SPAN_LITERAL("..")))
        return "has a component '.' or '..'";
    return NULL;
}

static const char *
path_fault(MhSpan path)
{
    MhSpan part, rest = path;
    if (path.len > 0 && path.data[0] == '/')
        return "is absolute";
    for (size_t depth = 1; depth <= MH_LIMIT_FOLDER_DEPTH; depth++) {
        if (!mh_span_split(rest, '/', &part, &rest))
            return component_fault(rest);
        const char *fault = component_fault(part);
        if (fault != NULL)
            return fault;
    }
    return "has too many levels";
}

bool
mh_folder_path_check(MhSpan path, GError **error)
{
    const char *fault = path_fault(path);
    if (fault == NULL)
        return true;
    g_autofree char *shown = mh_printable(mh_span_first(path, 4 * MH_LIMIT_NAME_BYTES));
    g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_REFUSED, "folder '%s' %s", shown, fault);
    return false;
}

static bool
take_line(MhFolderList *list, MhSpan line, MhUserKnown known, void *known_data, GError **error)
{
    MhSpan user, folder;
    if (line.data[0] == '/' || !mh_span_split(line, '/', &user, &folder) || folder.len == 0) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX,
                    "a line is 'user/Folder' or 'user/Folder/Sub'");
        return false;
    }
    if (!mh_account_check_user(user, error))
        return false;
    g_autofree char *name = mh_span_dup(user);
    if (!known(name, known_data)) {
        g_autofree char *shown = mh_printable(user);
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_UNKNOWN, "there is no user '%s'",
                    shown);
        return false;
    }
    if (!mh_folder_path_check(folder, error))
        return false;
    Folders *folders = g_hash_table_lookup(list->users, name);
    if (folders == NULL) {
        folders = folders_new();
        g_hash_table_insert(list->users, g_steal_pointer(&name), folders);
    }
    g_autofree char *path = mh_span_dup(folder);
    if (!g_hash_table_contains(folders->set, path)) {
        g_hash_table_add(folders->set, path);
        g_ptr_array_add(folders->in_order, g_steal_pointer(&path));
    }
    return true;
}

MhFolderList *
mh_folder_list_parse(MhSpan text, MhUserKnown known, void *known_data, MhLineErrors *errors)
{
    MhFolderList *list = g_new0(MhFolderList, 1);
    list->users = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, folders_free);
    MhSpan line;
    size_t number = 0;
    while (mh_list_take_line(&text, &number, &line)) {
        g_autoptr(GError) error = NULL;
        if (mh_span_trim_blanks(line).len == 0 || line.data[0] == '#')
            continue;
        if (!take_line(list, line, known, known_data, &error))
            mh_line_errors_add_error(errors, number, error);
    }
    return list;
}

const GPtrArray *
mh_folder_list_get(const MhFolderList *list, const char *user)
{
    const Folders *folders = g_hash_table_lookup(list->users, user);
    return folders != NULL ? folders->in_order : NULL;
}

bool
mh_folder_list_has(const MhFolderList *list, const char *user, MhSpan folder)
{
    const Folders *folders = g_hash_table_lookup(list->users, user);
    size_t nul;
    if (folders == NULL || mh_span_find(folder, '\0', &nul))
        return false;
    g_autofree char *path = mh_span_dup(folder);
    return g_hash_table_contains(folders->set, path);
}
