/* courier-virtual-size: the size of a message with every line ending in CRLF, as Dovecot counts it:
 * a byte more for each LF that no CR stands before. A missing last line end is not counted.
 *
 * Courier's own list has a size too: the file's, and one more for *every* LF. That is the same for
 * a file without CR LF, and too large for one with; up to 4.18 and in 6.0 it also counts a line end
 * that the server adds at the end. Neither can be told from the number; but files with CR LF come
 * into a Courier Maildir by some other way than mail does, and then many do. So every message
 * is read once, unless the admin prefers the list (COURIER_SIZES_LIST). Then a listed size is
 * believed when
 * - it exceeds the file's size by at least 1 and at most by that size,
 * - the file has not been written to since the list was,
 * - ",S=" in its name, if there is one, is the file's size,
 * - and the list is right about a sample of such messages of this folder, which are read: all of
 *   64, and one of 128 of those beyond, spread over the folder. If it is wrong about one, then none
 *   is believed and all are read.
 * What escapes this are a few odd files in a large folder: one in a hundred is found with a chance
 * of one half in a folder of 500, nearly surely in one of 50,000. Their sizes are then too large,
 * as they were at the old server; Dovecot notices, and repairs that, when the message is read. A
 * size that is too small, which would cost text, cannot come about: that needs more line ends in as
 * many bytes, written without a trace in the file's time.
 */
#pragma once

#include "bytes.h"

typedef struct {
    uint64_t size_bytes;
    uint64_t line_ends; /* LF, with or without CR */
    uint64_t crlf;      /* of these, those with CR */
    uint8_t last;       /* the last byte */
} CourierLineCount;

/* Counts what follows; start with a zeroed struct. However the bytes are cut, the sum is the same.
 */
void courier_virtual_size_count(CourierLineCount *count, MhSpan bytes);
uint64_t courier_virtual_size(const CourierLineCount *count);

/* Reads the file @fd from its beginning. False with @error in G_FILE_ERROR: INTR when the process
 * was asked to stop meanwhile, and @may_stop. */
bool courier_virtual_size_read(int fd, bool may_stop, CourierLineCount *out_count, GError **error);

/* May @listed_size be that of a file of @size_bytes? */
static inline bool
courier_virtual_size_plausible(uint64_t size_bytes, uint64_t listed_size)
{
    return listed_size > size_bytes && listed_size - size_bytes <= size_bytes;
}

/* Of so many messages whose listed sizes may be right, how many are read to see whether they are?
 */
static inline size_t
courier_virtual_size_samples(size_t messages)
{
    return messages <= 64 ? messages : 64 + (messages - 64) / 128;
}
