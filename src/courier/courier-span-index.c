#include "courier-span-index.h"

typedef struct {
    MhSpan key;
    uint32_t order; /* place in the list: a later one wins */
    uint32_t value;
} Slot;

struct CourierSpanIndex {
    GArray *slots; /* of Slot */
    uint32_t added;
    bool sorted;
    size_t hidden;
};

CourierSpanIndex *
courier_span_index_new(void)
{
    CourierSpanIndex *index = g_new0(CourierSpanIndex, 1);
    index->slots = g_array_new(FALSE, FALSE, sizeof(Slot));
    return index;
}

void
courier_span_index_free(CourierSpanIndex *index)
{
    if (index == NULL)
        return;
    g_array_unref(index->slots);
    g_free(index);
}

void
courier_span_index_add(CourierSpanIndex *index, MhSpan key, uint32_t value)
{
    Slot slot = {.key = key, .order = index->added++, .value = value};
    g_array_append_val(index->slots, slot);
    index->sorted = false;
}

static int
compare_slots(const void *a, const void *b)
{
    const Slot *slot_a = a, *slot_b = b;
    int order = mh_span_compare(slot_a->key, slot_b->key);
    return order != 0 ? order : slot_a->order < slot_b->order ? -1 : 1;
}

/* Sorts, and keeps the last entry of each key. */
static void
settle(CourierSpanIndex *index)
{
    Slot *slots = (Slot *)(void *)index->slots->data;
    guint kept = 0;
    if (index->sorted)
        return;
    g_array_sort(index->slots, compare_slots);
    for (guint i = 0; i < index->slots->len; i++) {
        if (kept > 0 && mh_span_equal(slots[kept - 1].key, slots[i].key))
            slots[kept - 1] = slots[i];
        else
            slots[kept++] = slots[i];
    }
    index->hidden += index->slots->len - kept;
    g_array_set_size(index->slots, kept);
    index->sorted = true;
}

bool
courier_span_index_find(CourierSpanIndex *index, MhSpan key, uint32_t *out_value)
{
    settle(index);
    size_t low = 0, high = index->slots->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const Slot *slot = &g_array_index(index->slots, Slot, middle);
        int order = mh_span_compare(key, slot->key);
        if (order == 0) {
            *out_value = slot->value;
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

size_t
courier_span_index_hidden(CourierSpanIndex *index)
{
    settle(index);
    return index->hidden;
}
