#include "courier-virtual-size.h"

#include "safe-file.h"
#include "stopping.h"

#include <errno.h>
#include <unistd.h>

#define BLOCK_BYTES 65536

void
courier_virtual_size_count(CourierLineCount *count, MhSpan bytes)
{
    size_t at;
    count->size_bytes += bytes.len;
    while (mh_span_find(bytes, '\n', &at)) {
        uint8_t before = at > 0 ? bytes.data[at - 1] : count->last;
        count->line_ends++;
        count->crlf += before == '\r';
        count->last = '\n';
        bytes = mh_span_from(bytes, at + 1);
    }
    if (bytes.len > 0)
        count->last = bytes.data[bytes.len - 1];
}

uint64_t
courier_virtual_size(const CourierLineCount *count)
{
    return count->size_bytes + count->line_ends - count->crlf;
}

static ssize_t
read_at(int fd, void *buffer, size_t len, uint64_t offset)
{
    ssize_t got;
    do
        got = pread(fd, buffer, len, (off_t)offset);
    while (got < 0 && errno == EINTR);
    return got;
}

bool
courier_virtual_size_read(int fd, bool may_stop, CourierLineCount *out_count, GError **error)
{
    g_autofree uint8_t *block = g_malloc(BLOCK_BYTES);
    CourierLineCount count = {0};
    ssize_t got;
    while ((got = read_at(fd, block, BLOCK_BYTES, count.size_bytes)) > 0) {
        if (may_stop && mh_stopping())
            return mh_set_errno(error, EINTR, "reading was stopped");
        courier_virtual_size_count(&count, mh_span(block, (size_t)got));
    }
    if (got < 0)
        return mh_set_errno(error, errno, "cannot read at offset %" G_GUINT64_FORMAT,
                            count.size_bytes);
    *out_count = count;
    return true;
}
