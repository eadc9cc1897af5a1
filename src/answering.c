#include "answering.h"

#include "bytes.h"

#include <glib.h>
#include <string.h>
#include <sys/sysmacros.h>

static const char *const answering[] = {"ext2", "ext3", "ext4",  "xfs",     "btrfs", "zfs",
                                        "f2fs", "jfs",  "tmpfs", "overlay", "ramfs", "bcachefs"};

/* Beginnings of the types of those that may not. Other types are the kernel's own. */
static const char *const waiting[] = {"nfs",  "cifs",     "smb",      "fuse",  "9p",    "ceph",
                                      "afs",  "coda",     "lustre",   "gfs2",  "ocfs2", "beegfs",
                                      "gpfs", "orangefs", "virtiofs", "autofs"};

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

/* What is mounted into /proc and /sys holds no mail. */
static bool
may_wait(MhSpan type, MhSpan place)
{
    if (mh_span_starts_with(place, MH_SPAN_LITERAL("/proc/")) ||
        mh_span_starts_with(place, MH_SPAN_LITERAL("/sys/")))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(waiting); i++) {
        if (mh_span_starts_with(type, mh_span_from_string(waiting[i])))
            return true;
    }
    return false;
}

static void
add_device(MhSpan device)
{
    MhSpan major_text, minor_text;
    uint32_t major_number, minor_number;
    if (!mh_span_split(device, ':', &major_text, &minor_text) ||
        !mh_span_to_u32(major_text, UINT32_MAX, &major_number) ||
        !mh_span_to_u32(minor_text, UINT32_MAX, &minor_number))
        return;
    uint64_t number = makedev(major_number, minor_number);
    g_hash_table_add(devices, g_memdup2(&number, sizeof number));
}

static void
add_mount(MhSpan line)
{
    enum { DEVICE = 2, PLACE = 4, OPTIONS = 5 };
    MhSpan word, device = mh_span(NULL, 0), place = mh_span(NULL, 0);
    for (unsigned i = 0; mh_span_take_word(&line, &word); i++) {
        if (i == DEVICE)
            device = word;
        else if (i == PLACE)
            place = word;
        else if (i > OPTIONS && mh_span_equal(word, MH_SPAN_LITERAL("-")))
            break;
    }
    if (!mh_span_take_word(&line, &word))
        return;
    any_may_wait |= may_wait(word, place);
    if (is_answering(word))
        add_device(device);
}

/* Not every file has the number of its mount (subvolumes, layers), and that of a server changes
 * with each mount: a number that is not known is trusted where there is nothing to fear. */
bool
mh_answering(uint64_t device)
{
    g_autofree char *text = NULL;
    gsize len;
    if (devices == NULL) {
        devices = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
        any_may_wait = !g_file_get_contents("/proc/self/mountinfo", &text, &len, NULL);
        MhSpan rest = any_may_wait ? mh_span(NULL, 0) : mh_span(text, len), line;
        while (mh_span_take_line(&rest, &line, NULL))
            add_mount(line);
    }
    return !any_may_wait || g_hash_table_contains(devices, &device);
}
