#include "sparse-write.h"

#include "printable.h"
#include "safe-error.h"
#include "safe-file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_hole(MhSpan piece)
{
    return piece.len == MH_SPARSE_PIECE_BYTES && piece.data[0] == '\0' &&
           memcmp(piece.data, piece.data + 1, piece.len - 1) == 0;
}

/* How many of @bytes come before the first piece that is to be a hole. */
static size_t
data_length(MhSpan bytes)
{
    size_t len = 0;
    while (len < bytes.len &&
           !is_hole(mh_span_first(mh_span_from(bytes, len), MH_SPARSE_PIECE_BYTES)))
        len += MIN(bytes.len - len, MH_SPARSE_PIECE_BYTES);
    return len;
}

static bool
fail(int fd, GError **error)
{
    int errnum = errno;
    g_autofree char *path = mh_safe_error_path(fd);
    g_autofree char *shown = mh_printable_string(path != NULL ? path : "?");
    return mh_set_errno(error, errnum, "cannot write '%s'", shown);
}

/* Leaves out the first piece of @bytes; a pipe has no holes. */
static bool
make_hole(int fd, MhSpan bytes, GError **error)
{
    if (lseek(fd, MH_SPARSE_PIECE_BYTES, SEEK_CUR) >= 0)
        return true;
    return errno == ESPIPE ? mh_write_all(fd, mh_span_first(bytes, MH_SPARSE_PIECE_BYTES), error)
                           : fail(fd, error);
}

bool
mh_sparse_write(int fd, MhSpan bytes, GError **error)
{
    while (bytes.len > 0) {
        size_t len = data_length(bytes);
        if (!mh_write_all(fd, mh_span_first(bytes, len), error))
            return false;
        bytes = mh_span_from(bytes, len);
        if (bytes.len > 0 && !make_hole(fd, bytes, error))
            return false;
        bytes = mh_span_from(bytes, MH_SPARSE_PIECE_BYTES);
    }
    return true;
}

bool
mh_sparse_write_end(int fd, uint64_t size_bytes, GError **error)
{
    struct stat st;
    if (size_bytes < MH_SPARSE_PIECE_BYTES) /* nearly every message: it has no hole */
        return true;
    off_t end = lseek(fd, 0, SEEK_CUR);
    if (end < 0 && errno == ESPIPE)
        return true;
    if (end < 0 || fstat(fd, &st) != 0 || (end > st.st_size && ftruncate(fd, end) != 0))
        return fail(fd, error);
    return true;
}
