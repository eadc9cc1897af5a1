#include "sync-pairing.h"

#include <string.h>

/* One message on one side, with what it is sorted by. Small: there are two for each message. */
typedef struct {
    uint32_t uid;
    uint32_t index : 31;
    uint32_t weak : 1; /* the worse guess of two that are otherwise equal */
} Entry;

#define INDEX_MAX (UINT32_MAX >> 1)

typedef struct {
    const MhMailbox *source;
    const MhTargetIndex *target;
    MhSyncPairing *pairs;
} Pairing;

static void
pair(Pairing *pairing, size_t source, size_t target)
{
    pairing->pairs->target_of[source] = (uint32_t)target + 1;
    pairing->pairs->source_of[target] = (uint32_t)source + 1;
}

static const MhDigest *
target_id(const Pairing *pairing, size_t index)
{
    return &mh_target_index_get(pairing->target, index)->id;
}

static const MhDigest *
source_id(const Pairing *pairing, size_t index)
{
    return &mh_mailbox_get(pairing->source, index)->id;
}

typedef const MhDigest *(*IdOf)(const Pairing *pairing, size_t index);

/* What entries of one side are compared with. */
typedef struct {
    const Pairing *pairing;
    IdOf id_of;
} Side;

/* By UID, then identity, then place; so equal lists of entries run side by side. */
static int
compare_entries(gconstpointer a, gconstpointer b, gpointer user)
{
    const Entry *x = a, *y = b;
    const Side *side = user;
    if (x->uid != y->uid)
        return x->uid < y->uid ? -1 : 1;
    int order = memcmp(side->id_of(side->pairing, x->index)->bytes,
                       side->id_of(side->pairing, y->index)->bytes, MH_DIGEST_BYTES);
    if (order != 0)
        return order;
    if (x->weak != y->weak)
        return x->weak ? 1 : -1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* What was carried before what only looks the same, then by UID. */
static int
compare_uids(gconstpointer a, gconstpointer b, gpointer user)
{
    (void)user;
    const Entry *x = a, *y = b;
    if (x->weak != y->weak)
        return x->weak ? 1 : -1;
    uint32_t x_uid = x->uid - 1, y_uid = y->uid - 1; /* 0, not listed, becomes the largest */
    if (x_uid != y_uid)
        return x_uid < y_uid ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Most lists come in order; looking is cheaper than sorting. */
static void
sort_entries(GArray *entries, GCompareDataFunc compare, gpointer user)
{
    for (guint i = 1; i < entries->len; i++) {
        if (compare(&g_array_index(entries, Entry, i - 1), &g_array_index(entries, Entry, i),
                    user) > 0) {
            g_array_sort_with_data(entries, compare, user);
            return;
        }
    }
}

/* ---- by identity and UID ------------------------------------------------------------------ */

static GArray *
source_entries(const Pairing *pairing)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    for (uint32_t s = 0; s < mh_mailbox_length(pairing->source); s++) {
        const MhMessage *message = mh_mailbox_get(pairing->source, s);
        Entry entry = {.uid = message->uid, .index = s & INDEX_MAX};
        if (entry.uid != 0)
            g_array_append_val(entries, entry);
    }
    Side side = {pairing, source_id};
    sort_entries(entries, compare_entries, &side);
    return entries;
}

/* A message that could not have its UID of the source is known by the one it came with. */
static GArray *
target_entries(const Pairing *pairing)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    for (uint32_t t = 0; t < pairing->target->messages->len; t++) {
        const MhTargetMessage *there = mh_target_index_get(pairing->target, t);
        bool weak = !there->has_carried || there->carried_uid == 0;
        Entry entry = {.index = t & INDEX_MAX, .weak = weak};
        entry.uid = weak ? there->uid : there->carried_uid;
        if (entry.uid != 0)
            g_array_append_val(entries, entry);
    }
    Side side = {pairing, target_id};
    sort_entries(entries, compare_entries, &side);
    return entries;
}

static void
pair_by_uid(Pairing *pairing)
{
    g_autoptr(GArray) source = source_entries(pairing);
    g_autoptr(GArray) target = target_entries(pairing);
    guint s = 0, t = 0;
    while (s < source->len && t < target->len) {
        const Entry *ours = &g_array_index(source, Entry, s);
        const Entry *theirs = &g_array_index(target, Entry, t);
        bool same_uid = ours->uid == theirs->uid;
        int order = same_uid ? memcmp(source_id(pairing, ours->index)->bytes,
                                      target_id(pairing, theirs->index)->bytes, MH_DIGEST_BYTES)
                             : (ours->uid < theirs->uid ? -1 : 1);
        if (order == 0)
            pair(pairing, ours->index, theirs->index);
        s += order <= 0;
        t += order >= 0;
    }
}

/* ---- by identity alone -------------------------------------------------------------------- */

/* A hash table from identity to the target messages that have it, in order: slots hold the first
 * of a chain, next[] the one after; both are indexes + 1. Identities are digests, so their first
 * bytes are the hash. */
typedef struct {
    uint32_t *slots, *next;
    size_t mask;
} IdTable;

static size_t
id_slot(const IdTable *table, const Pairing *pairing, const MhDigest *id)
{
    size_t slot;
    memcpy(&slot, id->bytes, sizeof slot);
    for (slot &= table->mask; table->slots[slot] != 0; slot = (slot + 1) & table->mask) {
        if (mh_digest_equal(target_id(pairing, table->slots[slot] - 1), id))
            break;
    }
    return slot;
}

/* Holds what is not paired yet. */
static void
id_table_init(IdTable *table, const Pairing *pairing)
{
    size_t count = pairing->target->messages->len, size = 16;
    g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(Entry));
    for (uint32_t t = 0; t < count; t++) {
        const MhTargetMessage *there = mh_target_index_get(pairing->target, t);
        Entry entry = {.uid = there->uid, .index = t & INDEX_MAX, .weak = !there->ours};
        if (pairing->pairs->source_of[t] == 0)
            g_array_append_val(order, entry);
    }
    sort_entries(order, compare_uids, NULL);
    while (size < 2 * (size_t)order->len)
        size *= 2;
    table->mask = size - 1;
    table->slots = g_new0(uint32_t, size);
    table->next = g_new0(uint32_t, count);
    for (guint i = order->len; i-- > 0;) { /* backwards, so that chains run forwards */
        uint32_t t = g_array_index(order, Entry, i).index;
        size_t slot = id_slot(table, pairing, target_id(pairing, t));
        table->next[t] = table->slots[slot];
        table->slots[slot] = t + 1;
    }
}

/* The first message with @id that is not paired yet, as index + 1; 0 when there is none. */
static uint32_t
id_table_take(IdTable *table, const Pairing *pairing, const MhDigest *id)
{
    size_t slot = id_slot(table, pairing, id);
    uint32_t at = table->slots[slot];
    if (at == 0 || pairing->pairs->source_of[at - 1] == 0)
        return at;
    /* The head of a chain is never taken off: an empty slot would end the search for others. So
     * it stands for what was taken last, and only the one behind it is new. */
    uint32_t next = table->next[at - 1];
    if (next != 0)
        table->slots[slot] = next;
    return next;
}

static void
pair_by_id(Pairing *pairing)
{
    IdTable table;
    id_table_init(&table, pairing);
    for (size_t s = 0; s < mh_mailbox_length(pairing->source); s++) {
        if (pairing->pairs->target_of[s] != 0)
            continue;
        uint32_t t = id_table_take(&table, pairing, &mh_mailbox_get(pairing->source, s)->id);
        if (t != 0)
            pair(pairing, s, t - 1);
    }
    g_free(table.slots);
    g_free(table.next);
}

void
mh_sync_pairing_init(MhSyncPairing *pairing, const MhMailbox *source, const MhTargetIndex *target)
{
    Pairing making = {.source = source, .target = target, .pairs = pairing};
    pairing->target_of = g_new0(uint32_t, mh_mailbox_length(source));
    pairing->source_of = g_new0(uint32_t, target->messages->len);
    g_assert(mh_mailbox_length(source) < MH_FOLDER_INDEX &&
             target->messages->len < MH_FOLDER_INDEX);
    if (mh_mailbox_length(source) == 0 || target->messages->len == 0)
        return;
    pair_by_uid(&making);
    pair_by_id(&making);
}

void
mh_sync_pairing_clear(MhSyncPairing *pairing)
{
    g_clear_pointer(&pairing->target_of, g_free);
    g_clear_pointer(&pairing->source_of, g_free);
}
