/* sparse-write: a message that is a hole on disk does not fill another disk.
 *
 * A user can have a file of any size that takes no room. Pieces of nothing but NULs are left out
 * when it is copied to a file, and are read as NULs all the same.
 */
#pragma once

#include "bytes.h"

/* The pieces: nothing smaller becomes a hole. */
#define MH_SPARSE_PIECE_BYTES 65536

/* Writes all of @bytes where @fd stands, which nothing has been written behind. */
bool mh_sparse_write(int fd, MhSpan bytes, GError **error);
/* To be called when all @size_bytes are written: what was left out at the end is a part of the
 * file, too. */
bool mh_sparse_write_end(int fd, uint64_t size_bytes, GError **error);
