#include "maildir-old-names.h"

#include "keyed-hash.h"
#include "maildir-file-name.h"
#include "printable.h"
#include "safe-file.h"
#include "size-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *new_path, *old_path;
} Rename;

struct MaildirOldNames {
    GHashTable *by_base; /* base name that the file has -> Rename */
    GHashTable *old;     /* old paths */
};

static void
rename_free(gpointer data)
{
    Rename *item = data;
    g_free(item->new_path);
    g_free(item->old_path);
    g_free(item);
}

MaildirOldNames *
maildir_old_names_new(void)
{
    MaildirOldNames *names = g_new0(MaildirOldNames, 1);
    names->by_base = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, rename_free);
    names->old = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    return names;
}

void
maildir_old_names_free(MaildirOldNames *names)
{
    if (names == NULL)
        return;
    g_hash_table_unref(names->by_base);
    g_hash_table_unref(names->old);
    g_free(names);
}

/* "cur/" and "new/" are of one length. */
static const char *
name_of(const char *path)
{
    return path + 4;
}

static char *
base_of(const char *path)
{
    const char *name = name_of(path);
    return g_strndup(name, strcspn(name, ":"));
}

static void
take(MaildirOldNames *names, char *new_path, char *old_path)
{
    Rename *item = g_new0(Rename, 1);
    item->new_path = new_path;
    item->old_path = old_path;
    g_hash_table_add(names->old, g_strdup(old_path));
    g_hash_table_replace(names->by_base, base_of(new_path), item);
}

void
maildir_old_names_add(MaildirOldNames *names, const char *path, const char *new_path)
{
    if (strcmp(path, new_path) == 0)
        return;
    char *old_path = maildir_old_names_restore(names, path);
    take(names, g_strdup(new_path), old_path != NULL ? old_path : g_strdup(path));
}

size_t
maildir_old_names_length(const MaildirOldNames *names)
{
    return g_hash_table_size(names->by_base);
}

/* ---- the way back ------------------------------------------------------------------------- */

/* The old base name with the flags that @path has now. */
static char *
with_flags_of(const char *path, const MaildirFileName *now, const Rename *item)
{
    MaildirFileName old;
    bool is_new = g_str_has_prefix(path, "new/");
    maildir_file_name_parse(mh_span_from_string(name_of(item->old_path)), &old);
    bool moved = is_new != g_str_has_prefix(item->old_path, "new/");
    bool nameless = is_new && old.base.len == 0; /* ":2,S" has no name in new/ */
    if (nameless || (!moved && old.flags == now->flags))
        return g_strdup(item->old_path);
    g_autofree char *name = is_new ? mh_span_dup(old.base)
                                   : maildir_file_name_format(old.base, now->flags, 0, now->info);
    return g_strconcat(is_new ? "new/" : "cur/", name, NULL);
}

char *
maildir_old_names_restore(const MaildirOldNames *names, const char *path)
{
    MaildirFileName now;
    g_autofree char *base = base_of(path);
    const Rename *item = g_hash_table_lookup(names->by_base, base);
    if (item == NULL)
        return NULL;
    maildir_file_name_parse(mh_span_from_string(name_of(path)), &now);
    g_autofree char *old = strcmp(path, item->new_path) == 0 ? g_strdup(item->old_path)
                                                             : with_flags_of(path, &now, item);
    return strcmp(old, path) != 0 ? g_steal_pointer(&old) : NULL;
}

bool
maildir_old_names_knows(const MaildirOldNames *names, const char *path)
{
    g_autofree char *base = base_of(path);
    const Rename *item = g_hash_table_lookup(names->by_base, base);
    return g_hash_table_contains(names->old, path) ||
           (item != NULL && strcmp(item->new_path, path) == 0);
}

GPtrArray *
maildir_old_names_of_ours(const MaildirOldNames *names)
{
    GPtrArray *bases = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer base, item;
    g_hash_table_iter_init(&iter, names->by_base);
    while (g_hash_table_iter_next(&iter, &base, &item)) {
        if (maildir_file_name_parse_own(mh_span_from_string(base), NULL, NULL))
            g_ptr_array_add(bases, base_of(((const Rename *)item)->old_path));
    }
    return bases;
}

/* ---- the record --------------------------------------------------------------------------- */

/* A path that we have written; NULL for any other. */
static char *
read_path(MhSpan text)
{
    g_autofree char *shown = mh_span_dup(text);
    size_t len = 0;
    g_autofree char *path = mh_printable_undo(shown, &len);
    bool good = path != NULL && strlen(path) == len && len > 4 &&
                (g_str_has_prefix(path, "cur/") || g_str_has_prefix(path, "new/")) &&
                path[4] != '.' && strchr(name_of(path), '/') == NULL;
    return good ? g_steal_pointer(&path) : NULL;
}

MaildirOldNames *
maildir_old_names_parse(MhSpan text)
{
    MaildirOldNames *names = maildir_old_names_new();
    MhSpan line, new_text, old_text;
    while (mh_span_take_line(&text, &line, NULL)) {
        if (!mh_span_split(line, '\t', &new_text, &old_text))
            continue;
        g_autofree char *new_path = read_path(new_text), *old_path = read_path(old_text);
        if (new_path != NULL && old_path != NULL)
            take(names, g_steal_pointer(&new_path), g_steal_pointer(&old_path));
    }
    return names;
}

static gint
compare_keys(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

GString *
maildir_old_names_format(const MaildirOldNames *names)
{
    GString *text = g_string_new(NULL);
    g_autoptr(GList) bases = g_list_sort(g_hash_table_get_keys(names->by_base), compare_keys);
    for (const GList *base = bases; base != NULL; base = base->next) {
        const Rename *item = g_hash_table_lookup(names->by_base, base->data);
        mh_printable_append(text, mh_span_from_string(item->new_path));
        g_string_append_c(text, '\t');
        mh_printable_append(text, mh_span_from_string(item->old_path));
        g_string_append_c(text, '\n');
    }
    return text;
}

MaildirOldNames *
maildir_old_names_load(int folder_fd, GError **error)
{
    g_autoptr(GBytes) text = NULL;
    int fd = mh_open_file_if_there(folder_fd, MAILDIR_OLD_NAMES_FILE, MH_LINKS_REFUSE, NULL, error);
    if (fd < 0)
        return NULL;
    close(fd);
    text = mh_read_file(folder_fd, MAILDIR_OLD_NAMES_FILE, MH_LIMIT_STATE_FILE_BYTES, NULL, error);
    return text != NULL ? maildir_old_names_parse(mh_span_from_bytes(text)) : NULL;
}

/* That it is there is all that an empty one says: it becomes durable with the batch. */
static bool
make_empty(int folder_fd, mode_t mode, GError **error)
{
    int fd = openat(folder_fd, MAILDIR_OLD_NAMES_FILE,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return errno == EEXIST ||
               mh_set_errno(error, errno, "cannot write '%s'", MAILDIR_OLD_NAMES_FILE);
    close(fd);
    return true;
}

bool
maildir_old_names_save(const MaildirOldNames *names, int folder_fd, mode_t mode, GError **error)
{
    if (maildir_old_names_length(names) == 0)
        return make_empty(folder_fd, mode, error);
    g_autoptr(GString) text = maildir_old_names_format(names);
    return mh_replace_file(folder_fd, MAILDIR_OLD_NAMES_FILE, mh_span(text->str, text->len), mode,
                           (uid_t)-1, (gid_t)-1, error);
}
