#include "mbox-measure.h"

#include <string.h>

typedef uint8_t Block __attribute__((vector_size(16)));

static inline Block
load(const uint8_t *data)
{
    Block block;
    memcpy(&block, data, sizeof(block));
    return block;
}

/* Up to 255 blocks, so that no byte of the count overflows. */
static uint64_t
count_blocks(const uint8_t *data, size_t blocks)
{
    Block count = {0};
    uint64_t sum = 0;
    for (size_t i = 0; i < blocks; i++, data += sizeof(Block))
        count -= (Block)((load(data) == '\n') & (load(data - 1) != '\r'));
    for (size_t i = 0; i < sizeof(Block); i++)
        sum += count[i];
    return sum;
}

void
mbox_measure_add(MboxMeasure *measure, MhSpan text)
{
    if (text.len == 0)
        return;
    measure->size_bytes += text.len;
    measure->bare_lines += text.data[0] == '\n' && measure->last != '\r';
    size_t i = 1;
    while (text.len - i >= sizeof(Block)) {
        size_t blocks = MIN((text.len - i) / sizeof(Block), 255);
        measure->bare_lines += count_blocks(text.data + i, blocks);
        i += blocks * sizeof(Block);
    }
    for (; i < text.len; i++)
        measure->bare_lines += text.data[i] == '\n' && text.data[i - 1] != '\r';
    measure->last = text.data[text.len - 1];
}
