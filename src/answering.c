#include "answering.h"

#include "bytes.h"

#include <glib.h>
#include <string.h>
#include <sys/sysmacros.h>

static const char *const answering[] = {"ext2", "ext3", "ext4",  "xfs",     "btrfs", "zfs",
                                        "f2fs", "jfs",  "tmpfs", "overlay", "ramfs", "bcachefs"};

static GHashTable *devices; /* of those that answer: uint64_t */

static bool
is_answering(MhSpan type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(answering); i++) {
        if (mh_span_equal(type, mh_span_from_string(answering[i])))
            return true;
    }
    return false;
}

static void
add_mount(MhSpan line)
{
    MhSpan word, device = mh_span(NULL, 0), major_text, minor_text;
    uint32_t major_number, minor_number;
    for (unsigned i = 0; mh_span_take_word(&line, &word); i++) {
        if (i == 2)
            device = word;
        if (i > 5 && mh_span_equal(word, MH_SPAN_LITERAL("-")))
            break;
    }
    if (!mh_span_take_word(&line, &word) || !is_answering(word) ||
        !mh_span_split(device, ':', &major_text, &minor_text) ||
        !mh_span_to_u32(major_text, UINT32_MAX, &major_number) ||
        !mh_span_to_u32(minor_text, UINT32_MAX, &minor_number))
        return;
    uint64_t number = makedev(major_number, minor_number);
    g_hash_table_add(devices, g_memdup2(&number, sizeof number));
}

bool
mh_answering(uint64_t device)
{
    g_autofree char *text = NULL;
    gsize len;
    if (devices == NULL) {
        devices = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
        if (g_file_get_contents("/proc/self/mountinfo", &text, &len, NULL)) {
            MhSpan rest = mh_span(text, len), line;
            while (mh_span_take_line(&rest, &line, NULL))
                add_mount(line);
        }
    }
    return g_hash_table_contains(devices, &device);
}
