#include "answering.h"

#include "bytes.h"

#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *const answering[] = {"ext2", "ext3", "ext4",  "xfs",     "btrfs", "zfs",
                                        "f2fs", "jfs",  "tmpfs", "overlay", "ramfs", "bcachefs"};

/* Beginnings of the types of those that may not. Other types are the kernel's own. */
static const char *const waiting[] = {"nfs",  "cifs",     "smb",      "fuse",  "9p",    "ceph",
                                      "afs",  "coda",     "lustre",   "gfs2",  "ocfs2", "beegfs",
                                      "gpfs", "orangefs", "virtiofs", "autofs"};

typedef struct {
    uint32_t id, parent;
    uint64_t device;
    bool may_wait;
} Mount;

static GHashTable *devices; /* of those that answer: uint64_t */
static bool any_may_wait;

static bool
is_answering(MhSpan type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(answering); i++) {
        if (mh_span_equal(type, mh_span_from_string(answering[i])))
            return true;
    }
    return false;
}

/* What is mounted there holds no mail. */
static bool
is_without_mail(MhSpan place)
{
    return mh_span_starts_with(place, MH_SPAN_LITERAL("/proc/")) ||
           mh_span_starts_with(place, MH_SPAN_LITERAL("/sys/")) ||
           mh_span_starts_with(place, MH_SPAN_LITERAL("/run/user/"));
}

static bool
may_wait(MhSpan type, MhSpan place)
{
    for (size_t i = 0; i < G_N_ELEMENTS(waiting); i++) {
        if (mh_span_starts_with(type, mh_span_from_string(waiting[i])))
            return !is_without_mail(place);
    }
    return false;
}

static bool
take_device(MhSpan text, uint64_t *out_device)
{
    MhSpan major_text, minor_text;
    uint32_t major_number, minor_number;
    if (!mh_span_split(text, ':', &major_text, &minor_text) ||
        !mh_span_to_u32(major_text, UINT32_MAX, &major_number) ||
        !mh_span_to_u32(minor_text, UINT32_MAX, &minor_number))
        return false;
    *out_device = makedev(major_number, minor_number);
    return true;
}

static void
add_mount(MhSpan line, GArray *mounts)
{
    enum { ID, PARENT, DEVICE, PLACE = 4, OPTIONS };
    MhSpan word, words[OPTIONS + 1] = {{0}};
    Mount mount;
    for (unsigned i = 0; mh_span_take_word(&line, &word); i++) {
        if (i <= OPTIONS)
            words[i] = word;
        else if (mh_span_equal(word, MH_SPAN_LITERAL("-")))
            break;
    }
    if (!mh_span_take_word(&line, &word) || !mh_span_to_u32(words[ID], UINT32_MAX, &mount.id) ||
        !mh_span_to_u32(words[PARENT], UINT32_MAX, &mount.parent) ||
        !take_device(words[DEVICE], &mount.device))
        return;
    mount.may_wait = may_wait(word, words[PLACE]);
    any_may_wait |= mount.may_wait;
    if (is_answering(word))
        g_hash_table_add(devices, g_memdup2(&mount.device, sizeof mount.device));
    g_array_append_val(mounts, mount);
}

static const Mount *
find_mount(const GArray *mounts, uint32_t id)
{
    for (guint i = 0; i < mounts->len; i++) {
        const Mount *mount = &g_array_index(mounts, Mount, i);
        if (mount->id == id)
            return mount;
    }
    return NULL;
}

/* Who walks over what @mount is mounted on may come to it, too. */
static void
distrust_below(const GArray *mounts, const Mount *mount)
{
    for (guint i = 0; mount != NULL && i < mounts->len; i++) { /* the first is its own parent */
        g_hash_table_remove(devices, &mount->device);
        mount = find_mount(mounts, mount->parent);
    }
}

static void
read_mounts(void)
{
    g_autofree char *text = NULL;
    g_autoptr(GArray) mounts = g_array_new(FALSE, FALSE, sizeof(Mount));
    gsize len;
    if (devices == NULL)
        devices = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_hash_table_remove_all(devices);
    any_may_wait = !g_file_get_contents("/proc/self/mountinfo", &text, &len, NULL);
    MhSpan rest = any_may_wait ? mh_span(NULL, 0) : mh_span(text, len), line;
    while (mh_span_take_line(&rest, &line, NULL))
        add_mount(line, mounts);
    for (guint i = 0; i < mounts->len; i++) {
        const Mount *mount = &g_array_index(mounts, Mount, i);
        if (mount->may_wait)
            distrust_below(mounts, mount);
    }
}

/* Has something been mounted, or unmounted, since this was asked? The first time: yes. */
static bool
has_changed(void)
{
    static int fd = -1;
    if (fd < 0) {
        fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
        return true;
    }
    struct pollfd change = {.fd = fd, .events = POLLPRI};
    return poll(&change, 1, 0) != 0;
}

/* Not every file has the number of its mount (subvolumes, layers), and that of a server changes
 * with each mount: a number that is not known is trusted where there is nothing to fear. */
bool
mh_answering(uint64_t device)
{
    if (has_changed())
        read_mounts();
    return !any_may_wait || g_hash_table_contains(devices, &device);
}
