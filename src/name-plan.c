#include "name-plan.h"

#include "keyed-hash.h"
#include "maildir/maildir-folder-name.h"
#include "name-fit.h"
#include "printable.h"

#include <stdlib.h>
#include <string.h>

/* Who comes first; spellings follow. */
enum { RANK_MAPPED, RANK_EARLIER, RANK_SPELLING };

/* The names that a folder may get: without an ending, then with longer and longer ones. The last
 * is tried with other digests for as long as somebody has made a folder of that very name. */
static const size_t endings[] = {0, MH_NAME_ENDING, 2 * MH_NAME_ENDING, MH_DIGEST_TEXT};

typedef struct {
    const MhNameSource *source;
    char **wanted;  /* its levels as text, or as the admin wants them */
    size_t earlier; /* the attempt that gave it a name in an earlier run */
    int rank;
    MhTargetName target;
} Entry;

struct MhNamePlan {
    MhNamePlanOptions options;
    MhFindings *findings;
    GPtrArray *entries; /* of Entry, as the sources came */
    GHashTable *by_path;
    GHashTable *taken; /* directory -> Entry */
    GHashTable *keys;  /* what differs in more than case: maildir_folder_name_key() -> Entry */
};

static void
entry_free(gpointer item)
{
    Entry *entry = item;
    g_strfreev(entry->wanted);
    g_free(entry->target.directory);
    g_strfreev(entry->target.levels);
    g_free(entry);
}

void
mh_name_plan_free(MhNamePlan *plan)
{
    if (plan == NULL)
        return;
    g_hash_table_unref(plan->by_path);
    g_hash_table_unref(plan->taken);
    g_hash_table_unref(plan->keys);
    g_ptr_array_unref(plan->entries);
    g_free(plan);
}

static bool
is_inbox(const MhNameSource *source)
{
    return source->components == NULL || source->components[0] == NULL;
}

/* "'source' -> 'Target/Level'", or with another source in the place of the target. */
static void
tell(const MhNamePlan *plan, MhFindingCode code, const char *path, const char *other)
{
    g_autofree char *from = mh_printable_string(path);
    g_autofree char *to = mh_printable_string(other);
    mh_findings_add(plan->findings, code, "'%s' -> '%s'", from, to);
}

/* The admin's name as levels in NFC; NULL when there is none. */
static char **
mapped_levels(const MhNamePlan *plan, const MhNameSource *source)
{
    const MhNamePlanOptions *options = &plan->options;
    const char *mapped = options->map != NULL ? options->map(source->path, options->data) : NULL;
    if (mapped == NULL || *mapped == '\0')
        return NULL;
    g_auto(GStrv) parts = g_strsplit(mapped, "/", 0);
    g_autoptr(GPtrArray) levels = g_ptr_array_new();
    for (size_t i = 0; parts[i] != NULL; i++)
        g_ptr_array_add(levels, maildir_folder_name_text(mh_span_from_string(parts[i]), NULL));
    g_ptr_array_add(levels, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&levels), FALSE);
}

/* A component that is text already. */
static char *
plain_level(const MhNamePlan *plan, MhSpan component, MhSpelling *out_spelling)
{
    char *text = maildir_folder_name_text(component, plan->findings);
    bool same = mh_span_equal(mh_span_from_string(text), component);
    *out_spelling = same ? MH_SPELLING_PLAIN : MH_SPELLING_LOOSE;
    return text;
}

/* The levels of a source as text; @out_spelling is the worst of them. */
static char **
own_levels(const MhNamePlan *plan, const MhNameSource *source, MhSpelling *out_spelling)
{
    g_autoptr(GPtrArray) levels = g_ptr_array_new();
    *out_spelling = MH_SPELLING_PLAIN;
    for (size_t i = 0; source->components[i] != NULL; i++) {
        MhSpelling spelling;
        MhSpan component = mh_span_from_string(source->components[i]);
        g_ptr_array_add(levels, plan->options.is_text
                                    ? plain_level(plan, component, &spelling)
                                    : mh_source_name_text(component, &spelling, plan->findings));
        *out_spelling = MAX(*out_spelling, spelling);
    }
    g_ptr_array_add(levels, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&levels), FALSE);
}

/* The @attempt's ending. g_free(). */
static char *
ending_of(const char *path, size_t attempt)
{
    if (attempt < G_N_ELEMENTS(endings))
        return mh_name_fit_ending(path, endings[attempt]);
    g_autofree char *other = g_strdup_printf("%s//%zu", path, attempt);
    return mh_name_fit_ending(other, MH_DIGEST_TEXT);
}

/* What @entry would be called at the @attempt. */
static MhTargetName
candidate(const MhNamePlan *plan, const Entry *entry, size_t attempt, unsigned *out_flags)
{
    const char *path = entry->source->path;
    MhTargetName name = {.levels = g_strdupv(entry->wanted), .mapped = entry->rank == RANK_MAPPED};
    if (attempt > 0) {
        guint last = g_strv_length(name.levels) - 1;
        g_autofree char *ending = ending_of(path, attempt);
        g_autofree char *plain = name.levels[last];
        name.levels[last] = g_strconcat(plain, ending, NULL);
    }
    name.directory = mh_name_fit(name.levels, path, plan->options.escape, out_flags);
    return name;
}

static void
clear_name(MhTargetName *name)
{
    g_free(name->directory);
    g_strfreev(name->levels);
}

/* Did an earlier run give it one of the names that it may have? Then it keeps that. */
static void
look_up_earlier(const MhNamePlan *plan, Entry *entry)
{
    const MhNamePlanOptions *options = &plan->options;
    const char *directory =
        options->earlier != NULL ? options->earlier(entry->source->path, options->data) : NULL;
    for (size_t i = 0; directory != NULL && i < G_N_ELEMENTS(endings); i++) {
        unsigned flags;
        MhTargetName name = candidate(plan, entry, i, &flags);
        if (strcmp(name.directory, directory) == 0) {
            entry->rank = RANK_EARLIER;
            entry->earlier = i;
            directory = NULL;
        }
        clear_name(&name);
    }
}

static Entry *
new_entry(const MhNamePlan *plan, const MhNameSource *source)
{
    Entry *entry = g_new0(Entry, 1);
    MhSpelling spelling;
    entry->source = source;
    if (is_inbox(source)) {
        entry->target.directory = g_strdup("");
        entry->target.levels = g_strsplit("INBOX", "/", 0);
        return entry;
    }
    entry->wanted = mapped_levels(plan, source);
    entry->rank = RANK_MAPPED;
    if (entry->wanted == NULL) {
        entry->wanted = own_levels(plan, source, &spelling);
        entry->rank = RANK_SPELLING + (int)spelling;
        look_up_earlier(plan, entry);
    }
    return entry;
}

/* By rank, then by the bytes of the path. */
static gint
compare_entries(gconstpointer a, gconstpointer b)
{
    const Entry *const *left = a, *const *right = b;
    if ((*left)->rank != (*right)->rank)
        return (*left)->rank < (*right)->rank ? -1 : 1;
    return strcmp((*left)->source->path, (*right)->source->path);
}

static bool
is_free(const MhNamePlan *plan, const char *directory)
{
    g_autofree char *key =
        plan->options.folds_case
            ? maildir_folder_name_key(mh_span_from_string(directory), plan->options.escape)
            : NULL;
    return !g_hash_table_contains(plan->taken, directory) &&
           (key == NULL || !g_hash_table_contains(plan->keys, key)) &&
           !maildir_folder_name_is_inbox(mh_span_from_string(directory));
}

/* What the admin should know about the name that @entry got. */
static void
tell_changes(const MhNamePlan *plan, Entry *entry, size_t attempt, unsigned flags)
{
    const char *path = entry->source->path;
    g_autofree char *name = g_strjoinv("/", entry->target.levels);
    unsigned plain_flags;
    MhTargetName plain = candidate(plan, entry, 0, &plain_flags);
    bool clashes = maildir_folder_name_is_inbox(mh_span_from_string(plain.directory));
    clear_name(&plain);
    if (entry->target.mapped)
        tell(plan, MH_FINDING_FOLDER_NAME_MAPPED, path, name);
    if (clashes || (flags & MH_FIT_INBOX) != 0)
        tell(plan, MH_FINDING_FOLDER_NAME_INBOX, path, name);
    else if (attempt > 0)
        tell(plan, MH_FINDING_FOLDER_NAME_COLLISION, path, name);
    if ((flags & MH_FIT_CUT) != 0)
        tell(plan, MH_FINDING_FOLDER_NAME_CUT, path, name);
    if ((flags & MH_FIT_REPLACED) != 0)
        tell(plan, MH_FINDING_FOLDER_NAME_REPLACED, path, name);
    entry->target.changed = entry->target.mapped || attempt > 0 || flags != 0;
}

/* Gives @entry the first of its names that is free. */
static void
name_entry(MhNamePlan *plan, Entry *entry)
{
    unsigned flags;
    size_t attempt = entry->rank == RANK_EARLIER ? entry->earlier : 0;
    entry->target = candidate(plan, entry, attempt, &flags);
    while (!is_free(plan, entry->target.directory)) {
        clear_name(&entry->target);
        entry->target = candidate(plan, entry, ++attempt, &flags);
    }
    g_hash_table_insert(plan->taken, entry->target.directory, entry);
    tell_changes(plan, entry, attempt, flags);
}

static void
check_case(MhNamePlan *plan, Entry *entry)
{
    MhSpan directory = mh_span_from_string(entry->target.directory);
    g_autofree char *key = maildir_folder_name_key(directory, plan->options.escape);
    const Entry *other = g_hash_table_lookup(plan->keys, key);
    if (other != NULL)
        tell(plan, MH_FINDING_FOLDER_NAME_CASE, entry->source->path, other->source->path);
    else
        g_hash_table_insert(plan->keys, g_steal_pointer(&key), entry);
}

MhNamePlan *
mh_name_plan_new(const MhNameSource *sources, size_t count, const MhNamePlanOptions *options,
                 MhFindings *findings)
{
    MhNamePlan *plan = g_new0(MhNamePlan, 1);
    plan->options = *options;
    plan->findings = findings;
    plan->entries = g_ptr_array_new_with_free_func(entry_free);
    plan->by_path = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    plan->taken = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    plan->keys = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) order = g_ptr_array_new();
    for (size_t i = 0; i < count; i++) {
        Entry *entry = new_entry(plan, &sources[i]);
        g_ptr_array_add(plan->entries, entry);
        g_hash_table_insert(plan->by_path, g_strdup(sources[i].path), entry);
        if (!is_inbox(&sources[i]))
            g_ptr_array_add(order, entry);
    }
    g_ptr_array_sort(order, compare_entries);
    for (guint i = 0; i < order->len; i++) {
        name_entry(plan, order->pdata[i]);
        check_case(plan, order->pdata[i]);
    }
    plan->findings = NULL; /* borrowed for the planning only */
    return plan;
}

const MhTargetName *
mh_name_plan_get(const MhNamePlan *plan, size_t index)
{
    g_assert(index < plan->entries->len);
    return &((const Entry *)plan->entries->pdata[index])->target;
}

const MhTargetName *
mh_name_plan_find(const MhNamePlan *plan, const char *path)
{
    const Entry *entry = g_hash_table_lookup(plan->by_path, path);
    return entry != NULL ? &entry->target : NULL;
}

char *
mh_name_plan_directory(char *const *levels, char escape)
{
    unsigned flags;
    g_auto(GStrv) copy = g_strdupv((char **)(uintptr_t)levels);
    g_autofree char *path = g_strjoinv("/", copy);
    return mh_name_fit(copy, path, escape, &flags);
}
