/* mbox-holes: the places of a file that cannot be read, because the device fails there.
 *
 * A place is passed over in blocks of 4 kB, and then, while it goes on, in larger and larger steps
 * up to 1 MiB: a disk may take half a minute to say that it cannot read.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

typedef struct {
    uint64_t from, to;
} MboxHole;

typedef struct {
    GArray *holes; /* of MboxHole, ascending, apart from one another */
    unsigned tries;
} MboxHoles;

void mbox_holes_init(MboxHoles *holes);
void mbox_holes_clear(MboxHoles *holes); /* of one that is all zero, too */

/* Reading failed at @offset of a file of @size bytes. False after MH_LIMIT_BAD_READS of them. */
bool mbox_holes_add(MboxHoles *holes, uint64_t offset, uint64_t size);
/* The first hole that ends after @offset; NULL. Borrowed until the next is added. */
const MboxHole *mbox_holes_find(const MboxHoles *holes, uint64_t offset);
/* Is a piece of @from to @to in a hole, or right behind one? What begins there may be the end of
 * something else. */
bool mbox_holes_touch(const MboxHoles *holes, uint64_t from, uint64_t to);
