#include "sync-pairing.h"

#include "keyed-hash.h"

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
    pairing->pairs->is_paired[target / 8] |= (uint8_t)(1u << target % 8);
}

static MhDigest
target_id(const Pairing *pairing, size_t index)
{
    return mh_target_index_id(pairing->target, index);
}

static MhDigest
source_id(const Pairing *pairing, size_t index)
{
    return mh_mailbox_get(pairing->source, index)->id;
}

static int
compare_ids(MhDigest a, MhDigest b)
{
    return memcmp(a.bytes, b.bytes, MH_DIGEST_BYTES);
}

/* The messages of one side by an order of theirs. Most lists come in it, and need no array. */
typedef struct Side Side;
struct Side {
    const Pairing *pairing;
    size_t count;
    MhDigest (*id_of)(const Pairing *pairing, size_t index);
    /* The entry of a message; false: it is not to be looked at. */
    bool (*make)(const Pairing *pairing, uint32_t index, Entry *out);
    int (*compare)(const Side *side, const Entry *a, const Entry *b);
    GArray *sorted; /* NULL: they are in order as they are */
    size_t at;
};

/* By UID, then identity, then place; so equal lists of entries run side by side. */
static int
compare_entries(const Side *side, const Entry *a, const Entry *b)
{
    if (a->uid != b->uid)
        return a->uid < b->uid ? -1 : 1;
    int order =
        compare_ids(side->id_of(side->pairing, a->index), side->id_of(side->pairing, b->index));
    if (order != 0)
        return order;
    if (a->weak != b->weak)
        return a->weak ? 1 : -1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* What was carried before what only looks the same, then by UID. */
static int
compare_uids(const Side *side, const Entry *a, const Entry *b)
{
    (void)side;
    if (a->weak != b->weak)
        return a->weak ? 1 : -1;
    uint32_t a_uid = a->uid - 1, b_uid = b->uid - 1; /* 0, not listed, becomes the largest */
    if (a_uid != b_uid)
        return a_uid < b_uid ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static int
compare_sorted(gconstpointer a, gconstpointer b, gpointer user)
{
    const Side *side = user;
    return side->compare(side, a, b);
}

/* The next entry; false at the end. */
static bool
side_next(Side *side, Entry *out)
{
    if (side->sorted != NULL) {
        if (side->at == side->sorted->len)
            return false;
        *out = g_array_index(side->sorted, Entry, side->at++);
        return true;
    }
    while (side->at < side->count) {
        if (side->make(side->pairing, (uint32_t)side->at++, out))
            return true;
    }
    return false;
}

static bool
side_is_sorted(Side *side)
{
    Entry before, entry;
    bool sorted = true;
    side->at = 0;
    if (side_next(side, &before)) {
        for (; sorted && side_next(side, &entry); before = entry)
            sorted = side->compare(side, &before, &entry) <= 0;
    }
    side->at = 0;
    return sorted;
}

static void
side_sort(Side *side)
{
    Entry entry;
    if (side_is_sorted(side))
        return;
    GArray *sorted = g_array_new(FALSE, FALSE, sizeof(Entry));
    while (side_next(side, &entry))
        g_array_append_val(sorted, entry);
    g_array_sort_with_data(sorted, compare_sorted, side);
    side->sorted = sorted;
    side->at = 0;
}

static void
side_clear(Side *side)
{
    g_clear_pointer(&side->sorted, g_array_unref);
}

/* ---- by identity and UID ------------------------------------------------------------------ */

static bool
source_entry(const Pairing *pairing, uint32_t index, Entry *out)
{
    *out = (Entry){.uid = mh_mailbox_get(pairing->source, index)->uid, .index = index & INDEX_MAX};
    return out->uid != 0;
}

/* A message that could not have its UID of the source is known by the one it came with. */
static bool
target_entry(const Pairing *pairing, uint32_t index, Entry *out)
{
    const MhTargetMessage *there = mh_target_index_get(pairing->target, index);
    bool weak = !there->has_carried || there->carried_uid == 0;
    *out = (Entry){
        .uid = weak ? there->uid : there->carried_uid, .index = index & INDEX_MAX, .weak = weak};
    return out->uid != 0;
}

static void
pair_by_uid(Pairing *pairing)
{
    Side source = {.pairing = pairing,
                   .count = mh_mailbox_length(pairing->source),
                   .id_of = source_id,
                   .make = source_entry,
                   .compare = compare_entries};
    Side target = {.pairing = pairing,
                   .count = pairing->target->messages->len,
                   .id_of = target_id,
                   .make = target_entry,
                   .compare = compare_entries};
    Entry ours, theirs;
    side_sort(&source);
    side_sort(&target);
    bool more = side_next(&source, &ours) && side_next(&target, &theirs);
    while (more) {
        bool same_uid = ours.uid == theirs.uid;
        int order = ours.uid < theirs.uid ? -1 : 1;
        if (same_uid)
            order = compare_ids(source_id(pairing, ours.index), target_id(pairing, theirs.index));
        if (order == 0)
            pair(pairing, ours.index, theirs.index);
        more =
            (order > 0 || side_next(&source, &ours)) && (order < 0 || side_next(&target, &theirs));
    }
    side_clear(&source);
    side_clear(&target);
}

/* ---- by identity alone -------------------------------------------------------------------- */

/* Several messages of the source with one identity are a chain of these, in mailbox order. */
typedef struct {
    uint32_t source, next; /* next: its number; 0: there is none */
} Twin;

/* A hash table from identity to the messages of the source that are not paired. A slot holds the
 * number of the only one, or that of the first of a chain. Numbers are indexes + 1. */
typedef struct {
    uint32_t *slots;
    size_t slot_count;
    GArray *twins; /* of Twin; few, mostly */
} IdTable;

#define CHAIN (UINT32_C(1) << 31)

static Twin *
twin_at(const IdTable *table, uint32_t number)
{
    return &g_array_index(table->twins, Twin, number - 1);
}

/* The message that the slot is about, or the first of them. */
static uint32_t
slot_source(const IdTable *table, uint32_t slot)
{
    return (slot & CHAIN) != 0 ? twin_at(table, slot & ~CHAIN)->source : slot - 1;
}

static size_t
id_slot(const IdTable *table, const Pairing *pairing, const MhDigest *id)
{
    size_t slot = (size_t)((uint64_t)mh_keyed_hash_digest(id) * table->slot_count >> 32);
    while (table->slots[slot] != 0) {
        MhDigest other = source_id(pairing, slot_source(table, table->slots[slot]));
        if (mh_digest_equal(&other, id))
            break;
        slot = slot + 1 < table->slot_count ? slot + 1 : 0;
    }
    return slot;
}

static uint32_t
add_twin(IdTable *table, uint32_t source, uint32_t next)
{
    Twin twin = {source, next};
    g_array_append_val(table->twins, twin);
    return table->twins->len;
}

/* Before those that are there. */
static void
id_table_add(IdTable *table, const Pairing *pairing, uint32_t source)
{
    MhDigest id = source_id(pairing, source);
    uint32_t *slot = &table->slots[id_slot(table, pairing, &id)];
    if (*slot == 0) {
        *slot = source + 1;
        return;
    }
    uint32_t next = (*slot & CHAIN) != 0 ? *slot & ~CHAIN : add_twin(table, *slot - 1, 0);
    *slot = CHAIN | add_twin(table, source, next);
}

/* How many messages of the source are not paired. */
static size_t
count_unpaired(const Pairing *pairing)
{
    size_t count = mh_mailbox_length(pairing->source), unpaired = 0;
    for (size_t s = 0; s < count; s++)
        unpaired += pairing->pairs->target_of[s] == 0;
    return unpaired;
}

static void
id_table_init(IdTable *table, const Pairing *pairing, size_t unpaired)
{
    table->slot_count = unpaired + unpaired / 4 + 16;
    table->slots = g_new0(uint32_t, table->slot_count);
    table->twins = g_array_new(FALSE, FALSE, sizeof(Twin));
    /* backwards, so that chains run forwards */
    for (size_t s = mh_mailbox_length(pairing->source); s-- > 0;) {
        if (pairing->pairs->target_of[s] == 0)
            id_table_add(table, pairing, (uint32_t)s);
    }
}

/* The first message with @id that is not paired yet, as index + 1; 0 when there is none. */
static uint32_t
id_table_take(IdTable *table, const Pairing *pairing, const MhDigest *id)
{
    const uint32_t *target_of = pairing->pairs->target_of;
    uint32_t *slot = &table->slots[id_slot(table, pairing, id)];
    if (*slot == 0)
        return 0;
    uint32_t source = slot_source(table, *slot);
    if (target_of[source] == 0)
        return source + 1;
    if ((*slot & CHAIN) == 0 || twin_at(table, *slot & ~CHAIN)->next == 0)
        return 0;
    /* The head of a chain is never taken off: an empty slot would end the search for others. So it
     * stands for what was taken last, and only the one behind it is new. */
    *slot = CHAIN | twin_at(table, *slot & ~CHAIN)->next;
    return slot_source(table, *slot) + 1;
}

static bool
unpaired_entry(const Pairing *pairing, uint32_t index, Entry *out)
{
    const MhTargetMessage *there = mh_target_index_get(pairing->target, index);
    *out = (Entry){.uid = there->uid, .index = index & INDEX_MAX, .weak = !there->ours};
    return !mh_sync_pairing_has(pairing->pairs, index);
}

/* As far as both sides are the same there is nothing to look up: mostly that is all that has been
 * carried before. @out_next is what comes then; false when it is the end. */
static bool
pair_in_order(Pairing *pairing, Side *target, Entry *out_next)
{
    size_t s = 0, count = mh_mailbox_length(pairing->source);
    while (side_next(target, out_next)) {
        while (s < count && pairing->pairs->target_of[s] != 0)
            s++;
        if (s == count ||
            compare_ids(source_id(pairing, s), target_id(pairing, out_next->index)) != 0)
            return true;
        pair(pairing, s, out_next->index);
    }
    return false;
}

static void
pair_by_id(Pairing *pairing)
{
    IdTable table;
    Entry theirs;
    Side target = {.pairing = pairing,
                   .count = pairing->target->messages->len,
                   .make = unpaired_entry,
                   .compare = compare_uids};
    if (count_unpaired(pairing) == 0) /* as mostly, where there are UIDs */
        return;
    side_sort(&target);
    bool more = pair_in_order(pairing, &target, &theirs);
    size_t unpaired = more ? count_unpaired(pairing) : 0;
    if (unpaired > 0) {
        id_table_init(&table, pairing, unpaired);
        for (; more; more = side_next(&target, &theirs)) {
            MhDigest id = target_id(pairing, theirs.index);
            uint32_t s = id_table_take(&table, pairing, &id);
            if (s != 0)
                pair(pairing, s - 1, theirs.index);
        }
        g_free(table.slots);
        g_array_unref(table.twins);
    }
    side_clear(&target);
}

void
mh_sync_pairing_init(MhSyncPairing *pairing, const MhMailbox *source, const MhTargetIndex *target)
{
    Pairing making = {.source = source, .target = target, .pairs = pairing};
    pairing->target_of = g_new0(uint32_t, mh_mailbox_length(source));
    pairing->is_paired = g_new0(uint8_t, target->messages->len / 8 + 1);
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
    g_clear_pointer(&pairing->is_paired, g_free);
}
