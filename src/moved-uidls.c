#include "moved-uidls.h"

#include "maildir/maildir-uidlist.h"

#include <sodium.h>
#include <stdlib.h>

typedef struct {
    const MaildirFolder *folder;
    GArray *known; /* of uint64_t, sorted: keyed hashes of what was carried */
    uint8_t hash_key[crypto_shorthash_KEYBYTES];
} Moved;

static uint64_t
hash_of(const Moved *moved, MhSpan uidl)
{
    uint64_t hash;
    G_STATIC_ASSERT(sizeof hash == crypto_shorthash_BYTES);
    crypto_shorthash((unsigned char *)&hash, uidl.data, uidl.len, moved->hash_key);
    return hash;
}

static int
compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* What the list says of the message; empty when that is nothing. */
static MhSpan
carried_uidl(const Moved *moved, size_t target)
{
    const MhTargetMessage *there = mh_target_index_get(&moved->folder->index, target);
    uint32_t place = there->ours ? maildir_folder_line(moved->folder, there) : 0;
    MaildirUidlistEntry entry;
    bool listed = place != 0 && maildir_uidlist_read(moved->folder->uidlist, place, &entry);
    return listed ? entry.uidl : mh_span(NULL, 0);
}

static void
find_known(Moved *moved)
{
    for (guint i = 0; i < moved->folder->index.messages->len; i++) {
        MhSpan uidl = carried_uidl(moved, i);
        if (uidl.len == 0)
            continue;
        uint64_t hash = hash_of(moved, uidl);
        g_array_append_val(moved->known, hash);
    }
    if (moved->known->len > 1)
        qsort(moved->known->data, moved->known->len, sizeof(uint64_t), compare_hashes);
}

static bool
has_moved(const Moved *moved, const MhMailbox *mailbox, const MhSyncLine *line)
{
    const char *uidl = line->source != 0
                           ? mh_mailbox_uidl(mailbox, mh_mailbox_get(mailbox, line->source - 1))
                           : NULL;
    if (uidl == NULL || moved->known->len == 0)
        return false;
    MhSpan now = mh_span_from_string(uidl);
    if (line->target != 0 && mh_span_equal(carried_uidl(moved, line->target - 1), now))
        return false;
    uint64_t hash = hash_of(moved, now);
    return bsearch(&hash, moved->known->data, moved->known->len, sizeof hash, compare_hashes) !=
           NULL;
}

size_t
mh_moved_uidls_count(const MhMailbox *mailbox, const MhSyncPlan *plan, const MaildirFolder *folder)
{
    Moved moved = {.folder = folder, .known = g_array_new(FALSE, FALSE, sizeof(uint64_t))};
    size_t count = 0;
    randombytes_buf(moved.hash_key, sizeof moved.hash_key);
    find_known(&moved);
    for (guint i = 0; i < plan->lines->len; i++)
        count += has_moved(&moved, mailbox, &g_array_index(plan->lines, MhSyncLine, i));
    g_array_unref(moved.known);
    return count;
}
