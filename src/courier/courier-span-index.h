/* courier-span-index: from names to the last entry of that name in a list.
 *
 * A hash table with a key of its own: names come from strangers, who could choose them to collide.
 */
#pragma once

#include "bytes.h"

typedef struct CourierSpanIndex CourierSpanIndex;

CourierSpanIndex *courier_span_index_new(void);
void courier_span_index_free(CourierSpanIndex *index); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CourierSpanIndex, courier_span_index_free)

/* Borrows the bytes of @key. A later entry hides an earlier one with the same key. */
void courier_span_index_add(CourierSpanIndex *index, MhSpan key, uint32_t value);
/* False when there is no such key. */
bool courier_span_index_find(const CourierSpanIndex *index, MhSpan key, uint32_t *out_value);
/* How many entries are hidden by later ones. */
size_t courier_span_index_hidden(const CourierSpanIndex *index);
