#include "mbox-holes.h"

#include "size-limits.h"

#define BLOCK_BYTES 4096u
#define STEP_BYTES  (1u << 20)

void
mbox_holes_init(MboxHoles *holes)
{
    *holes = (MboxHoles){.holes = g_array_new(FALSE, FALSE, sizeof(MboxHole))};
}

void
mbox_holes_clear(MboxHoles *holes)
{
    g_clear_pointer(&holes->holes, g_array_unref);
    holes->tries = 0;
}

bool
mbox_holes_add(MboxHoles *holes, uint64_t offset, uint64_t size)
{
    if (++holes->tries > MH_LIMIT_BAD_READS)
        return false;
    guint at = 0;
    while (at < holes->holes->len && g_array_index(holes->holes, MboxHole, at).to < offset)
        at++;
    MboxHole *there = at < holes->holes->len ? &g_array_index(holes->holes, MboxHole, at) : NULL;
    if (there != NULL && there->from <= offset) {
        there->to = MIN(size, offset + MIN(there->to - there->from, STEP_BYTES));
        return true;
    }
    MboxHole hole = {offset, MIN(size, (offset / BLOCK_BYTES + 1) * BLOCK_BYTES)};
    g_array_insert_val(holes->holes, at, hole);
    return true;
}

const MboxHole *
mbox_holes_find(const MboxHoles *holes, uint64_t offset)
{
    for (guint i = 0; holes->holes != NULL && i < holes->holes->len; i++) {
        const MboxHole *hole = &g_array_index(holes->holes, MboxHole, i);
        if (hole->to > offset)
            return hole;
    }
    return NULL;
}

bool
mbox_holes_touch(const MboxHoles *holes, uint64_t from, uint64_t to)
{
    for (guint i = 0; holes->holes != NULL && i < holes->holes->len; i++) {
        const MboxHole *hole = &g_array_index(holes->holes, MboxHole, i);
        if (hole->from < to && hole->to >= from)
            return true;
    }
    return false;
}
