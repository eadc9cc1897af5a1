#include "courier-span-index.h"

#include <sodium.h>

#define SLOTS_AT_FIRST 64

/* Small, and the hash is made again when the table grows: there is one for each line of a list. */
typedef struct {
    const uint8_t *key;
    uint32_t key_len;
    uint32_t value;
} Entry;

/* Open addressing; at least half of the slots are free. */
struct CourierSpanIndex {
    GArray *entries; /* of Entry */
    uint32_t *slots; /* number of an entry + 1; 0: free */
    size_t mask;
    size_t hidden;
    uint8_t hash_key[crypto_shorthash_KEYBYTES];
};

CourierSpanIndex *
courier_span_index_new(void)
{
    CourierSpanIndex *index = g_new0(CourierSpanIndex, 1);
    index->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    index->slots = g_new0(uint32_t, SLOTS_AT_FIRST);
    index->mask = SLOTS_AT_FIRST - 1;
    /* names come from strangers: without a key they could make all of them collide */
    randombytes_buf(index->hash_key, sizeof index->hash_key);
    return index;
}

void
courier_span_index_free(CourierSpanIndex *index)
{
    if (index == NULL)
        return;
    g_array_unref(index->entries);
    g_free(index->slots);
    g_free(index);
}

static uint32_t
hash_of(const CourierSpanIndex *index, MhSpan key)
{
    uint64_t hash;
    G_STATIC_ASSERT(sizeof hash == crypto_shorthash_BYTES);
    crypto_shorthash((unsigned char *)&hash, key.data, key.len, index->hash_key);
    return (uint32_t)hash;
}

static Entry *
entry_of(const CourierSpanIndex *index, size_t slot)
{
    return &g_array_index(index->entries, Entry, index->slots[slot] - 1);
}

static MhSpan
key_of(const Entry *entry)
{
    return mh_span(entry->key, entry->key_len);
}

/* The slot of @key, or the free one where it belongs. */
static size_t
find_slot(const CourierSpanIndex *index, MhSpan key)
{
    size_t slot = hash_of(index, key) & index->mask;
    while (index->slots[slot] != 0 && !mh_span_equal(key_of(entry_of(index, slot)), key))
        slot = (slot + 1) & index->mask;
    return slot;
}

static void
grow(CourierSpanIndex *index)
{
    index->mask = 2 * index->mask + 1;
    g_free(index->slots);
    index->slots = g_new0(uint32_t, index->mask + 1);
    for (guint i = 0; i < index->entries->len; i++) {
        MhSpan key = key_of(&g_array_index(index->entries, Entry, i));
        size_t slot = hash_of(index, key) & index->mask;
        while (index->slots[slot] != 0)
            slot = (slot + 1) & index->mask;
        index->slots[slot] = i + 1;
    }
}

void
courier_span_index_add(CourierSpanIndex *index, MhSpan key, uint32_t value)
{
    g_assert(key.len <= UINT32_MAX);
    Entry entry = {.key = key.data, .key_len = (uint32_t)key.len, .value = value};
    size_t slot = find_slot(index, key);
    if (index->slots[slot] != 0) {
        *entry_of(index, slot) = entry;
        index->hidden++;
        return;
    }
    g_array_append_val(index->entries, entry);
    index->slots[slot] = index->entries->len;
    if (2 * (size_t)index->entries->len > index->mask)
        grow(index);
}

bool
courier_span_index_find(const CourierSpanIndex *index, MhSpan key, uint32_t *out_value)
{
    size_t slot = find_slot(index, key);
    if (index->slots[slot] == 0)
        return false;
    *out_value = entry_of(index, slot)->value;
    return true;
}

size_t
courier_span_index_hidden(const CourierSpanIndex *index)
{
    return index->hidden;
}
