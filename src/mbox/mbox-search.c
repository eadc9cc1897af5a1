#include "mbox-search.h"

#include <string.h>

/* GCC's and Clang's portable vectors: one source for every processor. */
typedef uint8_t Block __attribute__((vector_size(16)));
typedef uint64_t Halves __attribute__((vector_size(16)));

static inline Block
load(const uint8_t *data)
{
    Block block;
    memcpy(&block, data, sizeof(block));
    return block;
}

static inline Block
pairs_at(const uint8_t *data)
{
    Block first = load(data), second = load(data + 1);
    return (Block)((first == '\n') & (second == 'F')) | (Block)((first | second) == 0);
}

static inline bool
is_pair(const uint8_t *data)
{
    return (data[0] == '\n' && data[1] == 'F') || (data[0] == 0 && data[1] == 0);
}

size_t
mbox_search_pair(MhSpan bytes)
{
    size_t i = 0;
    while (bytes.len - i > 64) {
        const uint8_t *data = bytes.data + i;
        Halves any = (Halves)(pairs_at(data) | pairs_at(data + 16) | pairs_at(data + 32) |
                              pairs_at(data + 48));
        if ((any[0] | any[1]) != 0)
            break;
        i += 64;
    }
    for (; i + 1 < bytes.len; i++) {
        if (is_pair(bytes.data + i))
            return i;
    }
    return bytes.len;
}
