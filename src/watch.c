#include "watch.h"

#include "digest.h"
#include "file-system.h"
#include "printable.h"
#include "safe-path.h"
#include "size-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)
/* The clock of a server may be so far behind ours. */
#define FOREIGN_S 600

typedef struct {
    char *path; /* absolute */
    bool local; /* this machine keeps its times */
} Root;

typedef struct {
    uint32_t root;
    char *path;
    bool follow;
    MhStamp stamp;   /* inode 0: nothing was there; device MH_STAMP_UNSURE: too young */
    uint64_t names;  /* a directory: digest of its names; 0: not listed */
    uint64_t device; /* as it was, where the stamp is too young */
} Item;

struct MhWatch {
    int64_t since_ns;
    GArray *roots; /* of Root */
    GArray *items; /* of Item */
    bool overflow;
};

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * S + now.tv_nsec;
}

static void
clear_root(gpointer root)
{
    g_free(((Root *)root)->path);
}

static void
clear_item(gpointer item)
{
    g_free(((Item *)item)->path);
}

MhWatch *
mh_watch_new(void)
{
    MhWatch *watch = g_new0(MhWatch, 1);
    watch->since_ns = now_ns();
    watch->roots = g_array_new(FALSE, TRUE, sizeof(Root));
    watch->items = g_array_new(FALSE, TRUE, sizeof(Item));
    g_array_set_clear_func(watch->roots, clear_root);
    g_array_set_clear_func(watch->items, clear_item);
    return watch;
}

void
mh_watch_free(MhWatch *watch)
{
    if (watch == NULL)
        return;
    g_array_unref(watch->roots);
    g_array_unref(watch->items);
    g_free(watch);
}

static const Root *
root_at(const MhWatch *watch, uint32_t number)
{
    return &g_array_index(watch->roots, Root, number);
}

static uint32_t
find_root(MhWatch *watch, const char *path)
{
    for (guint i = watch->roots->len; i > 0; i--) { /* mostly the last one */
        if (strcmp(root_at(watch, i - 1)->path, path) == 0)
            return i - 1;
    }
    Root root = {.path = g_strdup(path), .local = mh_file_system_near(path)->local};
    g_array_append_val(watch->roots, root);
    return watch->roots->len - 1;
}

/* Can no change after we looked leave this stamp as it is? */
static bool
is_settled(const MhWatch *watch, const Root *root, const MhStamp *stamp)
{
    int64_t last = stamp->ctime_ns; /* users cannot set it */
    int64_t grain = 2 * S;
    if (!root->local) {
        last = MAX(last, stamp->mtime_ns); /* there may be no ctime */
        grain = FOREIGN_S * S;
    } else if (stamp->ctime_ns % S != 0) {
        grain = 100 * MS;
    }
    return last < watch->since_ns - grain;
}

MhStamp
mh_watch_settle(MhWatch *watch, const char *root, const MhStamp *stamp)
{
    MhStamp settled = *stamp;
    uint32_t number = find_root(watch, root);
    if (stamp->inode != 0 && !is_settled(watch, root_at(watch, number), stamp))
        settled.device = MH_STAMP_UNSURE;
    return settled;
}

static void
add(MhWatch *watch, const char *root, const char *path, bool follow, const MhStamp *stamp,
    uint64_t names)
{
    Item item = {.root = find_root(watch, root), .follow = follow, .names = names};
    if (watch->items->len == MH_LIMIT_WATCHED_PLACES) {
        watch->overflow = true;
        return;
    }
    item.path = g_strdup(path);
    if (stamp != NULL) {
        item.stamp = mh_watch_settle(watch, root, stamp);
        if (item.stamp.device == MH_STAMP_UNSURE)
            item.device = stamp->device;
    }
    g_array_append_val(watch->items, item);
}

void
mh_watch_add(MhWatch *watch, const char *root, const char *path, bool follow, const MhStamp *stamp)
{
    add(watch, root, path, follow, stamp, 0);
}

/* Never 0. */
static uint64_t
digest_names(const GPtrArray *names)
{
    MhDigester digester;
    uint64_t number;
    mh_digester_init(&digester);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        mh_digester_add(&digester, mh_span(name, strlen(name) + 1));
    }
    MhDigest digest = mh_digester_finish(&digester);
    memcpy(&number, digest.bytes, sizeof number);
    return number | 1;
}

void
mh_watch_add_dir(MhWatch *watch, const char *root, const char *path, const MhStamp *stamp,
                 const GPtrArray *names)
{
    add(watch, root, path, false, stamp, digest_names(names));
}

/* ---- looking ------------------------------------------------------------------------------ */

/* Where the last place was: most lie side by side. */
typedef struct {
    const MhWatch *watch;
    uint32_t root;
    int root_fd; /* -1: not opened, or it cannot be */
    char *parent;
    int fd; /* the parent, O_PATH; -1 as above */
} Looker;

static void
looker_close(Looker *looker)
{
    if (looker->fd >= 0)
        close(looker->fd);
    if (looker->root_fd >= 0)
        close(looker->root_fd);
    g_free(looker->parent);
}

/* Goes to the directory that holds @item. */
static void
go_to_parent(Looker *looker, const Item *item, const char *slash)
{
    size_t len = slash != NULL ? (size_t)(slash - item->path) : 0;
    bool same_root = looker->parent != NULL && looker->root == item->root;
    if (same_root && strlen(looker->parent) == len && memcmp(looker->parent, item->path, len) == 0)
        return;
    if (!same_root) {
        if (looker->root_fd >= 0)
            close(looker->root_fd);
        looker->root = item->root;
        looker->root_fd =
            open(root_at(looker->watch, item->root)->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (looker->fd >= 0)
        close(looker->fd);
    g_free(looker->parent);
    looker->parent = g_strndup(item->path, len);
    looker->fd =
        looker->root_fd < 0
            ? -1
            : mh_safe_path_find(looker->root_fd, len > 0 ? looker->parent : ".", MH_LINKS_BENEATH);
}

/* What is at @item now; all 0 for nothing. False when that cannot be said. */
static bool
look(Looker *looker, const Item *item, MhStamp *out)
{
    struct stat st;
    const char *slash = strrchr(item->path, '/');
    *out = (MhStamp){0};
    go_to_parent(looker, item, slash);
    if (looker->fd < 0) /* a directory that is not there holds nothing */
        return looker->root_fd < 0
                   ? access(root_at(looker->watch, item->root)->path, F_OK) != 0 && errno == ENOENT
                   : looker->fd == -ENOENT;
    int failed;
    if (item->follow) {
        int fd = mh_safe_path_find(looker->root_fd, item->path, MH_LINKS_BENEATH);
        failed = fd < 0 ? -fd : fstat(fd, &st) != 0 ? errno : 0;
        if (fd >= 0)
            close(fd);
    } else {
        failed = fstatat(looker->fd, slash != NULL ? slash + 1 : item->path, &st,
                         AT_SYMLINK_NOFOLLOW) != 0
                     ? errno
                     : 0;
    }
    if (failed != 0)
        return failed == ENOENT;
    *out = mh_stamp_of(&st);
    return true;
}

static bool
names_hold(const Looker *looker, const Item *item, const MhStamp *now)
{
    uint64_t device = item->stamp.device != MH_STAMP_UNSURE ? item->stamp.device : item->device;
    if (item->names == 0 || now->inode == 0 || now->inode != item->stamp.inode ||
        mh_lasting_device(now->device) != mh_lasting_device(device))
        return false;
    int fd = mh_open_dir(looker->root_fd, item->path, NULL);
    g_autoptr(GPtrArray) names = fd >= 0 ? mh_list_dir(fd, NULL) : NULL;
    if (fd >= 0)
        close(fd);
    return names != NULL && digest_names(names) == item->names;
}

static bool
item_holds(Looker *looker, const Item *item, bool young_is_fine)
{
    MhStamp now, then = item->stamp;
    if (!look(looker, item, &now))
        return false;
    if (young_is_fine && then.device == MH_STAMP_UNSURE)
        then.device = item->device;
    return mh_stamp_equal(&now, &then) || names_hold(looker, item, &now);
}

bool
mh_watch_holds(const MhWatch *watch, bool young_is_fine, GPtrArray *out_changed)
{
    Looker looker = {.watch = watch, .root_fd = -1, .fd = -1};
    bool holds = !watch->overflow || out_changed != NULL;
    for (guint i = 0; i < watch->items->len && (holds || out_changed != NULL); i++) {
        const Item *item = &g_array_index(watch->items, Item, i);
        if (item_holds(&looker, item, young_is_fine))
            continue;
        holds = false;
        if (out_changed != NULL) {
            g_autofree char *path =
                g_build_filename(root_at(watch, item->root)->path, item->path, NULL);
            g_ptr_array_add(out_changed, mh_printable_string(path));
        }
    }
    looker_close(&looker);
    return holds;
}

void
mh_watch_look(MhWatch *watch, const char *root, const char *path)
{
    Looker looker = {.watch = watch, .root_fd = -1, .fd = -1};
    Item item = {.root = find_root(watch, root), .path = (char *)(uintptr_t)path};
    MhStamp now;
    if (!look(&looker, &item, &now))
        watch->overflow = true; /* nothing can be said of it, now or later */
    add(watch, root, path, false, now.inode != 0 ? &now : NULL, 0);
    looker_close(&looker);
}

bool
mh_watch_is_older(const MhWatch *watch, const char *root, const char *path)
{
    Looker looker = {.watch = watch, .root_fd = -1, .fd = -1};
    bool is_older = false;
    for (guint i = 0; i < watch->items->len; i++) {
        const Item *item = &g_array_index(watch->items, Item, i);
        MhStamp now;
        if (strcmp(item->path, path) == 0 && strcmp(root_at(watch, item->root)->path, root) == 0)
            is_older |=
                look(&looker, item, &now) && now.inode != 0 && now.mtime_ns < item->stamp.mtime_ns;
    }
    looker_close(&looker);
    return is_older;
}

const char *
mh_watch_foreign_root(const MhWatch *watch)
{
    for (guint i = 0; i < watch->roots->len; i++) {
        if (!root_at(watch, i)->local)
            return root_at(watch, i)->path;
    }
    return NULL;
}

bool
mh_watch_is_below(const MhWatch *watch, const GPtrArray *roots)
{
    uint32_t known = UINT32_MAX; /* mostly that of the item before */
    for (guint i = 0; i < watch->items->len; i++) {
        uint32_t root = g_array_index(watch->items, Item, i).root;
        if (root != known &&
            !g_ptr_array_find_with_equal_func((GPtrArray *)(uintptr_t)roots,
                                              root_at(watch, root)->path, g_str_equal, NULL))
            return false;
        known = root;
    }
    return true;
}

size_t
mh_watch_length(const MhWatch *watch)
{
    return watch->items->len;
}

/* ---- the stored form ---------------------------------------------------------------------- */

/* Flat, since it is read for each account in each run: texts with a NUL at the end of each, and the
 * numbers of each item. */
enum { ROOT_OF, FOLLOW, STAMP, NAMES = STAMP + MH_STAMP_NUMBERS, WAS_DEVICE, ITEM_NUMBERS };

void
mh_stamp_to_numbers(const MhStamp *stamp, uint64_t out_numbers[MH_STAMP_NUMBERS])
{
    out_numbers[0] = stamp->device;
    out_numbers[1] = stamp->inode;
    out_numbers[2] = stamp->size_bytes;
    out_numbers[3] = (uint64_t)stamp->mtime_ns;
    out_numbers[4] = (uint64_t)stamp->ctime_ns;
}

MhStamp
mh_stamp_from_numbers(const uint64_t numbers[MH_STAMP_NUMBERS])
{
    return (MhStamp){.device = numbers[0],
                     .inode = numbers[1],
                     .size_bytes = numbers[2],
                     .mtime_ns = (int64_t)numbers[3],
                     .ctime_ns = (int64_t)numbers[4]};
}

GVariant *
mh_watch_to_variant(const MhWatch *watch)
{
    if (watch->overflow)
        return NULL;
    g_autoptr(GString) roots = g_string_new(NULL);
    g_autoptr(GString) paths = g_string_new(NULL);
    g_autofree uint64_t *numbers = g_new0(uint64_t, (size_t)watch->items->len * ITEM_NUMBERS + 1);
    for (guint i = 0; i < watch->roots->len; i++) {
        const char *path = root_at(watch, i)->path;
        g_string_append_len(roots, path, (gssize)strlen(path) + 1);
    }
    for (guint i = 0; i < watch->items->len; i++) {
        const Item *item = &g_array_index(watch->items, Item, i);
        uint64_t *of_item = numbers + (size_t)i * ITEM_NUMBERS;
        g_string_append_len(paths, item->path, (gssize)strlen(item->path) + 1);
        of_item[ROOT_OF] = item->root;
        of_item[FOLLOW] = item->follow;
        mh_stamp_to_numbers(&item->stamp, of_item + STAMP);
        of_item[NAMES] = item->names;
        of_item[WAS_DEVICE] = item->device;
    }
    return g_variant_new(
        "(@ay@ay@at)", g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, roots->str, roots->len, 1),
        g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, paths->str, paths->len, 1),
        g_variant_new_fixed_array(G_VARIANT_TYPE_UINT64, numbers,
                                  (size_t)watch->items->len * ITEM_NUMBERS, sizeof(uint64_t)));
}

/* The next text of @rest, or NULL. */
static const char *
take_text(MhSpan *rest)
{
    const char *text = (const char *)rest->data;
    const char *end = rest->len > 0 ? memchr(text, '\0', rest->len) : NULL;
    if (end == NULL)
        return NULL;
    *rest = mh_span_from(*rest, (size_t)(end - text) + 1);
    return text;
}

/* Its last component is looked at without RESOLVE_BENEATH. */
static bool
ends_in_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash != NULL ? slash + 1 : path, "..") == 0;
}

static bool
take_item(MhWatch *watch, const char *path, const uint64_t *numbers)
{
    if (path == NULL || path[0] == '/' || path[0] == '\0' || ends_in_parent(path) ||
        numbers[ROOT_OF] >= watch->roots->len)
        return false;
    Item item = {.root = (uint32_t)numbers[ROOT_OF],
                 .path = g_strdup(path),
                 .follow = numbers[FOLLOW] != 0,
                 .stamp = mh_stamp_from_numbers(numbers + STAMP),
                 .names = numbers[NAMES],
                 .device = numbers[WAS_DEVICE]};
    g_array_append_val(watch->items, item);
    return true;
}

MhWatch *
mh_watch_from_variant(GVariant *variant)
{
    g_autoptr(GVariant) roots = NULL, paths = NULL, items = NULL;
    gsize roots_len, paths_len, count;
    if (!g_variant_is_of_type(variant, G_VARIANT_TYPE(MH_WATCH_TYPE)))
        return NULL;
    g_variant_get(variant, "(@ay@ay@at)", &roots, &paths, &items);
    const uint8_t *root_bytes = g_variant_get_fixed_array(roots, &roots_len, 1);
    const uint8_t *path_bytes = g_variant_get_fixed_array(paths, &paths_len, 1);
    const uint64_t *numbers = g_variant_get_fixed_array(items, &count, sizeof(uint64_t));
    MhSpan rest = mh_span(root_bytes, roots_len);
    g_autoptr(MhWatch) watch = mh_watch_new();
    while (rest.len > 0) {
        const char *path = take_text(&rest);
        if (path == NULL || path[0] != '/')
            return NULL;
        Root root = {.path = g_strdup(path)};
        g_array_append_val(watch->roots, root);
    }
    rest = mh_span(path_bytes, paths_len);
    for (gsize i = 0; i < count / ITEM_NUMBERS; i++) {
        if (!take_item(watch, take_text(&rest), numbers + i * ITEM_NUMBERS))
            return NULL;
    }
    return rest.len == 0 && count % ITEM_NUMBERS == 0 ? g_steal_pointer(&watch) : NULL;
}
