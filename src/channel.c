#include "channel.h"

#include "safe-file.h"
#include "size-limits.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A record could not be sent. None follows then, least of all the one that says that all is done.
 */
static bool lost;

bool
mh_channel_send(int fd, MhRecordKind kind, GVariant *content)
{
    g_autoptr(GVariant) record = g_variant_ref_sink(g_variant_new("(yv)", (guchar)kind, content));
    gsize size = g_variant_get_size(record);
    g_assert(size <= MH_LIMIT_RECORD_BYTES);
    uint32_t length = (uint32_t)size;
    g_autofree char *bytes = g_malloc(sizeof length + size); /* one piece wakes the reader once */
    memcpy(bytes, &length, sizeof length);
    memcpy(bytes + sizeof length, g_variant_get_data(record), size);
    lost = lost || !mh_write_all(fd, mh_span(bytes, sizeof length + size), NULL);
    return !lost;
}

void
mh_channel_reader_init(MhChannelReader *reader)
{
    reader->bytes = g_byte_array_new();
}

void
mh_channel_reader_clear(MhChannelReader *reader)
{
    g_clear_pointer(&reader->bytes, g_byte_array_unref);
}

MhChannelState
mh_channel_fill(MhChannelReader *reader, int fd)
{
    guint8 buffer[65536];
    ssize_t n;
    do
        n = recv(fd, buffer, sizeof buffer, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return MH_CHANNEL_MORE;
    if (n <= 0)
        return MH_CHANNEL_END;
    g_byte_array_append(reader->bytes, buffer, (guint)n);
    return MH_CHANNEL_MORE;
}

MhChannelState
mh_channel_take(MhChannelReader *reader, MhRecordKind *out_kind, GVariant **out_content)
{
    uint32_t length;
    if (reader->bytes->len < sizeof length)
        return MH_CHANNEL_MORE;
    memcpy(&length, reader->bytes->data, sizeof length);
    if (length > MH_LIMIT_RECORD_BYTES)
        return MH_CHANNEL_GARBLED;
    if (reader->bytes->len - sizeof length < length)
        return MH_CHANNEL_MORE;

    g_autoptr(GBytes) body = g_bytes_new(reader->bytes->data + sizeof length, length);
    g_byte_array_remove_range(reader->bytes, 0, (guint)(sizeof length + length));
    g_autoptr(GVariant) record =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE("(yv)"), body, FALSE));
    if (!g_variant_is_normal_form(record))
        return MH_CHANNEL_GARBLED;
    guchar kind;
    g_variant_get(record, "(yv)", &kind, out_content);
    *out_kind = (MhRecordKind)kind;
    return MH_CHANNEL_RECORD;
}
