/* courier-virtual-size: the size of a message with every line ending in CRLF, as Dovecot counts it:
 * a byte more for each LF that no CR stands before. A missing last line end is not counted.
 *
 * Courier's own list has a size too: the file's, and one more for *every* LF. That is the same for
 * a file without CR LF, and wrong for one with; up to 4.18 and in 6.0 it also counts a line end
 * that the server adds at the end. Both cannot be told from the number. So a listed size is
 * believed only for a file that is large (reading a small one is as cheap as looking at it), and
 * only when
 * - it exceeds the file's size by at least 1 and at most by that size,
 * - the file has not been written to since the list was,
 * - ",S=" in its name, if there is one, is the file's size,
 * - the first 64 kB and the last 4 kB hold no CR LF, no more line ends than the list says, and the
 *   last byte is LF.
 * What escapes this is a large file with CR LF in its middle alone. Its size is then too large,
 * which Dovecot notices, and repairs, when the message is read.
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

/* Reads the file @fd from its beginning. False with @error in G_FILE_ERROR. */
bool courier_virtual_size_read(int fd, CourierLineCount *out_count, GError **error);

/* May @listed_size be believed for the file @fd of @size_bytes? For the rules about the file's own
 * bytes and numbers; name and times are for the caller. Reading errors are a "no". */
bool courier_virtual_size_believe(int fd, uint64_t size_bytes, uint64_t listed_size);
