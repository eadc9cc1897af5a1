#include "in-place.h"

#include "keyed-hash.h"
#include "printable.h"
#include "size-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A directory's name from the record. NULL when it is none that we wrote. */
static char *
read_name(MhSpan text)
{
    g_autofree char *shown = mh_span_dup(text);
    size_t len;
    g_autofree char *name = mh_printable_undo(shown, &len);
    bool good = name != NULL && len > 1 && strlen(name) == len && name[0] == '.' &&
                name[1] != '.' && strchr(name, '/') == NULL;
    return good ? g_steal_pointer(&name) : NULL;
}

GHashTable *
mh_in_place_names_parse(MhSpan text)
{
    GHashTable *names = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, g_free);
    MhSpan line, target, source;
    while (mh_span_take_line(&text, &line, NULL)) {
        if (!mh_span_split(line, '\t', &target, &source))
            continue;
        g_autofree char *target_name = read_name(target), *source_name = read_name(source);
        if (target_name != NULL && source_name != NULL)
            g_hash_table_insert(names, g_steal_pointer(&target_name),
                                g_steal_pointer(&source_name));
    }
    return names;
}

GHashTable *
mh_in_place_names(int root_fd, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(GBytes) text =
        mh_read_file_if_there(root_fd, MH_IN_PLACE_FILE, MH_LIMIT_STATE_FILE_BYTES, NULL, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    return mh_in_place_names_parse(text != NULL ? mh_span_from_bytes(text) : mh_span(NULL, 0));
}

/* What the folders of @names are called now, by name; only the list is the caller's. */
static GList *
sorted_targets(GHashTable *names)
{
    return g_list_sort(g_hash_table_get_keys(names), (GCompareFunc)strcmp);
}

static bool
write_names(const MaildirTree *tree, GHashTable *names, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GList) targets = sorted_targets(names);
    for (const GList *key = targets; key != NULL; key = key->next) {
        g_autofree char *target = mh_printable_string(key->data);
        g_autofree char *source = mh_printable_string(g_hash_table_lookup(names, key->data));
        g_string_append_printf(text, "%s\t%s\n", target, source);
    }
    return mh_replace_file(tree->fd, MH_IN_PLACE_FILE, mh_span(text->str, text->len),
                           tree->options.file_mode, (uid_t)-1, (gid_t)-1, error);
}

bool
mh_in_place_look(int root_fd, bool *out_is, GError **error)
{
    return mh_look_for(root_fd, MH_IN_PLACE_FILE, out_is, error);
}

/* The folders that can be renamed now, since nothing has the name. One may wait for another. */
static GPtrArray *
next_batch(const MaildirTree *tree, const MhAccountSurvey *survey, size_t *out_waiting,
           GError **error)
{
    g_autoptr(GPtrArray) batch = g_ptr_array_new();
    *out_waiting = 0;
    for (guint i = 0; i < survey->mailboxes->len; i++) {
        MhSurveyMailbox *mailbox = survey->mailboxes->pdata[i];
        if (mailbox->directory == NULL || strcmp(mailbox->directory, mailbox->target) == 0)
            continue;
        bool taken;
        if (!mh_look_for(tree->fd, mailbox->target, &taken, error))
            return NULL;
        if (taken)
            (*out_waiting)++;
        else
            g_ptr_array_add(batch, mailbox);
    }
    return g_steal_pointer(&batch);
}

static bool
rename_batch(const MaildirTree *tree, const GPtrArray *batch, GHashTable *names, GError **error)
{
    bool stale = false; /* the record has a name that nothing has any more */
    for (guint i = 0; i < batch->len; i++) {
        const MhSurveyMailbox *mailbox = batch->pdata[i];
        const char *before = g_hash_table_lookup(names, mailbox->directory);
        g_hash_table_insert(names, g_strdup(mailbox->target),
                            g_strdup(before != NULL ? before : mailbox->directory));
    }
    if (!write_names(tree, names, error))
        return false;
    for (guint i = 0; i < batch->len; i++) {
        MhSurveyMailbox *mailbox = batch->pdata[i];
        if (!mh_rename_noreplace(tree->fd, mailbox->directory, tree->fd, mailbox->target, error))
            return false;
        stale |= g_hash_table_remove(names, mailbox->directory);
        g_free(mailbox->directory);
        mailbox->directory = g_strdup(mailbox->target);
    }
    return mh_sync_dir(tree->fd, error) && (!stale || write_names(tree, names, error));
}

/* That it is there is all that the record says where no folder gets another name. It is durable
 * before anything else is changed: with the first list that is written, mostly. */
static bool
make_record(MaildirTree *tree, GError **error)
{
    bool there;
    if (!mh_in_place_look(tree->fd, &there, error))
        return false;
    if (there)
        return true;
    int fd = openat(tree->fd, MH_IN_PLACE_FILE,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, tree->options.file_mode);
    if (fd < 0)
        return mh_set_errno(error, errno, "cannot write '%s'", MH_IN_PLACE_FILE);
    close(fd);
    tree->root_unsynced = true;
    return true;
}

bool
mh_in_place_rename(MaildirTree *tree, const MhAccountSurvey *survey, GError **error)
{
    g_autoptr(GHashTable) names = mh_in_place_names(tree->fd, error);
    if (names == NULL || !make_record(tree, error))
        return false;
    for (;;) {
        size_t waiting;
        g_autoptr(GPtrArray) batch = next_batch(tree, survey, &waiting, error);
        if (batch == NULL)
            return false;
        if (batch->len == 0 && waiting == 0)
            return true;
        if (batch->len == 0) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                        "%zu folders cannot be renamed: something in '%s' has their new names",
                        waiting, tree->path);
            return false;
        }
        if (!rename_batch(tree, batch, names, error)) {
            g_prefix_error(error, "cannot rename a folder in '%s': ", tree->path);
            return false;
        }
    }
}

/* The folders that can have their names back now: what has TARGET is the folder, and nothing has
 * SOURCE. Lines of others that are not there are dropped, and of those that another name map has
 * given their names back. */
static GPtrArray *
next_restored(int root_fd, GHashTable *names, GError **error)
{
    g_autoptr(GPtrArray) batch = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GList) targets = sorted_targets(names);
    for (const GList *at = targets; at != NULL; at = at->next) {
        const char *target = at->data, *source = g_hash_table_lookup(names, target);
        bool there, taken;
        if (!mh_look_for(root_fd, target, &there, error) ||
            !mh_look_for(root_fd, source, &taken, error))
            return NULL;
        if (!there || strcmp(target, source) == 0)
            g_hash_table_remove(names, target);
        else if (!taken)
            g_ptr_array_add(batch, g_strdup(target));
    }
    return g_steal_pointer(&batch);
}

/* Once they have their names, the record is without them: what comes to have the name TARGET then
 * is another folder. */
static bool
restore_batch(const MaildirTree *tree, const GPtrArray *batch, GHashTable *names, GError **error)
{
    for (guint i = 0; i < batch->len; i++) {
        const char *target = batch->pdata[i];
        if (!mh_rename_noreplace(tree->fd, target, tree->fd, g_hash_table_lookup(names, target),
                                 error))
            return false;
        g_hash_table_remove(names, target);
    }
    return mh_sync_dir(tree->fd, error) && write_names(tree, names, error);
}

/* A folder of which the name it had is, round about, waiting for its own; NULL: there is none. */
static const char *
find_ring(GHashTable *names)
{
    g_autoptr(GHashTable) begun = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    g_autoptr(GList) targets = sorted_targets(names);
    for (const GList *target = targets; target != NULL; target = target->next) {
        gpointer at = target->data, source;
        while (!g_hash_table_contains(begun, at) &&
               (source = g_hash_table_lookup(names, at)) != NULL) {
            g_hash_table_insert(begun, at, target->data);
            at = source;
        }
        if (g_hash_table_lookup(begun, at) == target->data)
            return at;
    }
    return NULL;
}

/* Folders that have one another's names: one goes out of the way, and the record says what it is
 * before it does. @out_none: there are no such folders. */
static bool
break_ring(const MaildirTree *tree, GHashTable *names, bool *out_none, GError **error)
{
    g_autofree char *target = g_strdup(find_ring(names)), *away = NULL;
    bool taken = true;
    *out_none = target == NULL;
    for (unsigned i = 0; taken && target != NULL; i++) {
        g_free(away);
        away = g_strdup_printf(".mailhaul-away-%u", i);
        if (!mh_look_for(tree->fd, away, &taken, error))
            return false;
    }
    if (target == NULL)
        return true;
    g_hash_table_insert(names, g_strdup(away), g_strdup(g_hash_table_lookup(names, target)));
    if (!write_names(tree, names, error) ||
        !mh_rename_noreplace(tree->fd, target, tree->fd, away, error))
        return false;
    g_hash_table_remove(names, target);
    return mh_sync_dir(tree->fd, error) && write_names(tree, names, error);
}

bool
mh_in_place_restore(const MaildirTree *tree, GError **error)
{
    g_autoptr(GHashTable) names = mh_in_place_names(tree->fd, error);
    if (names == NULL)
        return false;
    for (;;) {
        g_autoptr(GPtrArray) batch = next_restored(tree->fd, names, error);
        if (batch == NULL)
            return false;
        bool stuck = false;
        bool good = batch->len > 0 ? restore_batch(tree, batch, names, error)
                                   : break_ring(tree, names, &stuck, error);
        if (good && stuck)
            break;
        if (!good) {
            g_prefix_error(error, "cannot give a folder of '%s' its name back: ", tree->path);
            return false;
        }
    }
    if (g_hash_table_size(names) > 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                    "%u folders cannot have their names back: something in '%s' has them",
                    g_hash_table_size(names), tree->path);
        return false;
    }
    mh_replace_file_tidy(tree->fd, MH_IN_PLACE_FILE);
    if (unlinkat(tree->fd, MH_IN_PLACE_FILE, 0) != 0 && errno != ENOENT)
        return mh_set_errno(error, errno, "cannot remove '%s'", MH_IN_PLACE_FILE);
    return true;
}
