#include "target-limits.h"

#include "keyed-hash.h"
#include "printable.h"

/* One quota on one file system, and who draws on it. */
typedef struct {
    char *place, *user; /* the first of them */
    MhQuotaKind kind;
    uint32_t id;
    size_t accounts;
    uint64_t need_bytes, need_files;
    MhQuotaLeft left;
} Quota;

/* A directory and the subdirectories or entries that it will have. */
typedef struct {
    char *path; /* printable */
    const char *what, *system;
    uint64_t count, limit;
} Directory;

struct MhTargetLimits {
    GPtrArray *quotas;      /* of Quota */
    GHashTable *by_key;     /* "DEVICE:KIND:ID" -> Quota; NULL where there is none */
    GPtrArray *directories; /* of Directory, those near or past their limit alone */
    GHashTable *parents;    /* path -> Directory */
};

static void
quota_free(gpointer item)
{
    Quota *quota = item;
    g_free(quota->place);
    g_free(quota->user);
    g_free(quota);
}

static void
directory_free(gpointer item)
{
    Directory *directory = item;
    g_free(directory->path);
    g_free(directory);
}

MhTargetLimits *
mh_target_limits_new(void)
{
    MhTargetLimits *limits = g_new0(MhTargetLimits, 1);
    limits->quotas = g_ptr_array_new_with_free_func(quota_free);
    limits->by_key = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    limits->directories = g_ptr_array_new_with_free_func(directory_free);
    limits->parents = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    return limits;
}

void
mh_target_limits_free(MhTargetLimits *limits)
{
    if (limits == NULL)
        return;
    g_hash_table_unref(limits->by_key);
    g_hash_table_unref(limits->parents);
    g_ptr_array_unref(limits->quotas);
    g_ptr_array_unref(limits->directories);
    g_free(limits);
}

/* ---- quotas ------------------------------------------------------------------------------- */

/* NULL: nothing is limited there. What was told first counts. */
static Quota *
find_quota(MhTargetLimits *limits, const MhTargetNeed *need, MhQuotaKind kind, uint32_t id)
{
    g_autofree char *key =
        g_strdup_printf("%" G_GUINT64_FORMAT ":%d:%u", (guint64)need->device, kind, id);
    gpointer known;
    if (g_hash_table_lookup_extended(limits->by_key, key, NULL, &known))
        return known;
    Quota *quota = NULL;
    if (need->look->limited[kind]) {
        quota = g_new0(Quota, 1);
        quota->place = g_strdup(need->place);
        quota->user = g_strdup(need->user);
        quota->kind = kind;
        quota->id = id;
        quota->left = mh_quota_left(&need->look->quotas[kind]);
        g_ptr_array_add(limits->quotas, quota);
    }
    g_hash_table_insert(limits->by_key, g_steal_pointer(&key), quota);
    return quota;
}

static void
draw_on(MhTargetLimits *limits, const MhTargetNeed *need, MhQuotaKind kind, uint32_t id)
{
    Quota *quota = find_quota(limits, need, kind, id);
    if (quota == NULL)
        return;
    quota->accounts++;
    quota->need_bytes += need->bytes;
    quota->need_files += need->files;
}

static void
tell_quota(const Quota *quota, const char *need, const char *left, MhTargetLimitTake take,
           void *user)
{
    g_autofree char *whose = quota->accounts == 1
                                 ? g_strdup(quota->user)
                                 : g_strdup_printf("%zu accounts", quota->accounts);
    g_autofree char *text =
        g_strdup_printf("%s: %s needed by %s, %s left to %s %u", quota->place, need, whose, left,
                        mh_quota_kind_name(quota->kind), quota->id);
    take(text, user);
}

void
mh_target_limits_quotas(const MhTargetLimits *limits, MhTargetLimitTake take, void *user)
{
    for (guint i = 0; i < limits->quotas->len; i++) {
        const Quota *quota = limits->quotas->pdata[i];
        if (quota->need_bytes > quota->left.free_bytes) {
            g_autofree char *need = g_format_size(quota->need_bytes);
            g_autofree char *left = g_format_size(quota->left.free_bytes);
            tell_quota(quota, need, left, take, user);
        }
        if (quota->need_files > quota->left.free_files) {
            g_autofree char *need =
                g_strdup_printf("%" G_GUINT64_FORMAT " files", (guint64)quota->need_files);
            g_autofree char *left =
                g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)quota->left.free_files);
            tell_quota(quota, need, left, take, user);
        }
    }
}

/* ---- directories -------------------------------------------------------------------------- */

static Directory *
add_directory(MhTargetLimits *limits, const MhTargetNeed *need, const char *path, const char *what,
              uint64_t count, uint64_t limit)
{
    Directory *directory = g_new0(Directory, 1);
    directory->path = mh_printable_string(path);
    directory->what = what;
    directory->system = need->kind->name;
    directory->count = count;
    directory->limit = limit;
    g_ptr_array_add(limits->directories, directory);
    return directory;
}

/* The directory above the target: it holds those of all the others. */
static void
add_to_parent(MhTargetLimits *limits, const MhTargetNeed *need)
{
    g_autofree char *parent = g_path_get_dirname(need->path);
    Directory *directory = g_hash_table_lookup(limits->parents, parent);
    if (directory == NULL) {
        directory = add_directory(limits, need, parent, "subdirectories", need->look->beside,
                                  need->kind->subdirectories);
        g_hash_table_insert(limits->parents, g_steal_pointer(&parent), directory);
    }
    directory->count++;
}

/* cur, new and tmp stand beside the folders. */
static void
add_subdirectories(MhTargetLimits *limits, const MhTargetNeed *need)
{
    bool whole = need->look->whole;
    uint64_t count = need->folders + (whole ? need->look->subdirectories : 3);
    if (count > need->kind->subdirectories)
        add_directory(limits, need, need->path, "subdirectories", count,
                      need->kind->subdirectories);
    if (!whole)
        add_to_parent(limits, need);
}

void
mh_target_limits_add(MhTargetLimits *limits, const MhTargetNeed *need)
{
    draw_on(limits, need, MH_QUOTA_USER, need->uid);
    draw_on(limits, need, MH_QUOTA_GROUP, need->gid);
    if (need->look->project != 0)
        draw_on(limits, need, MH_QUOTA_PROJECT, need->look->project);
    if (need->kind->subdirectories > 0)
        add_subdirectories(limits, need);
    if (need->kind->entries > 0 && need->most_entries > need->kind->entries) {
        g_autofree char *folder = g_build_filename(need->path, need->most_entries_in, "cur", NULL);
        add_directory(limits, need, folder, "entries", need->most_entries, need->kind->entries);
    }
}

void
mh_target_limits_directories(const MhTargetLimits *limits, MhTargetLimitTake take, void *user)
{
    for (guint i = 0; i < limits->directories->len; i++) {
        const Directory *directory = limits->directories->pdata[i];
        if (directory->count <= directory->limit)
            continue;
        g_autofree char *text =
            g_strdup_printf("%s: %" G_GUINT64_FORMAT " %s, and %s has room for %" G_GUINT64_FORMAT,
                            directory->path, (guint64)directory->count, directory->what,
                            directory->system, (guint64)directory->limit);
        take(text, user);
    }
}
