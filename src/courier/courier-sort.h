/* courier-sort: the order in which Courier numbers messages that are in none of its lists.
 *
 * First the number that the file name begins with (white space and a sign allowed, saturating),
 * then the bytes of the name. IMAP compares unsigned bytes up to the first ':' or the end. POP3
 * compares signed bytes, so 0x80..0xff come first, and stops only where *both* names have a ':'; a
 * ':' before that is a byte like others, and the end of a name sorts as byte 0.
 *
 * Source: Courier-IMAP 5.0.13 as observed; the two servers' comparing functions.
 */
#pragma once

#include "bytes.h"

/* A sort that looks first whether @items are in order already: most lists are. */
void courier_sort_items(void *items, size_t count, size_t size, GCompareDataFunc compare,
                        gpointer data);

typedef enum {
    COURIER_SORT_IMAP,
    COURIER_SORT_POP3,
} CourierSort;

/* Negative, 0 or positive. 0 in IMAP: the same base name. 0 in POP3: the same message to the POP3
 * server, which takes "x" and "x:2,S" for two. */
int courier_sort_compare(MhSpan a, MhSpan b, CourierSort order);
