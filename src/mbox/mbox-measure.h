/* mbox-measure: the size of text, and its size with every line ending in CRLF. */
#pragma once

#include "bytes.h"

typedef struct {
    uint64_t size_bytes;
    uint64_t bare_lines; /* LFs without a CR before them */
    uint8_t last;
} MboxMeasure;

/* Starts from {0}; pieces of any size. */
void mbox_measure_add(MboxMeasure *measure, MhSpan text);

static inline uint64_t
mbox_measure_virtual_size(const MboxMeasure *measure)
{
    return measure->size_bytes + measure->bare_lines;
}
