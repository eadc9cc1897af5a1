#include "mbox-source.h"

#include "mbox-header.h"
#include "mbox-index.h"
#include "mbox-render.h"
#include "mbox-source-private.h"
#include "printable.h"
#include "sparse-write.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define WRITE_BYTES (256u * 1024)
/* A file of this size that nobody has read of late leaves the cache when we have read it: mail that
 * the live server uses would go in its place. */
#define LARGE_BYTES (UINT64_C(16) << 20)
#define SAMPLES     16
/* Most headers are shorter. */
#define HEADER_BYTES (64u * 1024)
/* What stands between two messages at most, for them to be read together. */
#define GAP_BYTES 4096
/* A file that is replaced while we lock it is opened again this often. */
#define OPEN_TRIES 5

static const MhSourceClass source_class;

MboxSourceOptions
mbox_source_options_default(void)
{
    return (MboxSourceOptions){
        .dialect = MBOX_DIALECT_AUTO,
        .locks = MBOX_LOCK_ALL,
        .lock_timeout_ms = 30000,
        .unquote = MBOX_UNQUOTE_NONE,
        .uidl = MBOX_UIDL_NONE,
        .links = MH_LINKS_REFUSE,
    };
}

static void
source_free(MhSource *base)
{
    MboxSource *source = (MboxSource *)base;
    mbox_lock_free(source->lock);
    if (source->is_cold)
        posix_fadvise(source->fd, 0, 0, POSIX_FADV_DONTNEED);
    if (source->fd >= 0)
        close(source->fd);
    g_clear_pointer(&source->options.local, g_time_zone_unref);
    mbox_holes_clear(&source->holes);
    g_free(source->shown);
    g_free(source->buffer);
    g_free(source->out);
    g_free(source);
}

/* Is little of the file in the cache? Where this cannot be asked, it is taken to be in use. */
static bool
is_cold(int fd, uint64_t size)
{
    unsigned absent = 0;
    for (unsigned i = 0; size >= LARGE_BYTES && i < SAMPLES; i++) {
        uint8_t byte;
        struct iovec part = {&byte, 1};
        ssize_t got = preadv2(fd, &part, 1, (off_t)(size / SAMPLES * i), RWF_NOWAIT);
        absent += got < 0 && errno == EAGAIN;
    }
    return absent > SAMPLES / 2;
}

/* Opens and locks; sets @out_again when the file was replaced meanwhile. */
static bool
open_once(MboxSource *source, int dirfd, const char *path, MhFindings *findings, bool *out_again,
          GError **error)
{
    struct stat st, there;
    const MboxSourceOptions *options = &source->options;
    source->fd = mh_open_file(dirfd, path, options->links, &st, error);
    if (source->fd < 0)
        return false;
    if (options->locks != MBOX_LOCK_NONE) {
        source->lock = mbox_lock_take(dirfd, path, source->fd, options->locks,
                                      options->lock_timeout_ms, findings, error);
        if (source->lock == NULL)
            return false;
    }
    int again = mh_open_file(dirfd, path, options->links, &there, error);
    if (again < 0)
        return false;
    close(again);
    *out_again = there.st_ino != st.st_ino || there.st_dev != st.st_dev;
    source->base.stamp = mh_stamp_of(&there); /* mail may have come while we waited */
    source->mtime = there.st_mtim.tv_sec;
    return true;
}

MhSource *
mbox_source_open(int dirfd, const char *path, const MboxSourceOptions *options,
                 MhFindings *findings, GError **error)
{
    for (int i = 0; i < OPEN_TRIES; i++) {
        bool again;
        g_autoptr(MhFindings) found = mh_findings_new();
        MboxSource *source = g_new0(MboxSource, 1);
        g_autoptr(MhSource) base = &source->base;
        source->base.class = &source_class;
        source->options = *options;
        source->dialect = options->dialect;
        source->fd = -1;
        source->shown = mh_printable_string(path);
        if (options->local != NULL)
            g_time_zone_ref(options->local);
        if (!open_once(source, dirfd, path, found, &again, error))
            return NULL;
        if (again)
            continue;
        if (findings != NULL)
            mh_findings_merge(findings, found);
        source->is_cold = is_cold(source->fd, source->base.stamp.size_bytes);
        posix_fadvise(source->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        return g_steal_pointer(&base);
    }
    g_autofree char *shown = mh_printable_string(path);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "'%s' is replaced again and again", shown);
    return NULL;
}

MboxDialect
mbox_source_dialect(const MhSource *base)
{
    return ((const MboxSource *)base)->dialect;
}

/* --- copying --- */

typedef struct {
    MboxSource *source;
    int fd;
    size_t held;
    uint64_t written;
    GError **error;
} Writer;

static bool
flush(Writer *writer)
{
    size_t held = writer->held;
    writer->held = 0;
    writer->written += held;
    return mh_sparse_write(writer->fd, mh_span(writer->source->out, held), writer->error);
}

/* Small messages collect in the buffer and leave it in one write. */
static bool
write_text(MhSpan text, void *user)
{
    Writer *writer = user;
    if (text.len > WRITE_BYTES - writer->held && !flush(writer))
        return false;
    if (text.len > WRITE_BYTES) {
        writer->written += text.len;
        return mh_sparse_write(writer->fd, text, writer->error);
    }
    if (text.len > 0)
        memcpy(writer->source->out + writer->held, text.data, text.len);
    writer->held += text.len;
    return true;
}

/* How much is read at @offset of a message that needs no more than @len: behind the message that
 * was copied before it more follow, and come along. */
static size_t
read_size(const MboxSource *source, const MhMessage *message, uint64_t offset, size_t len)
{
    bool goes_on = message->where >= source->copied && message->where - source->copied < GAP_BYTES;
    uint64_t wanted = MIN((uint64_t)len, message->where + message->where_len - offset);
    if (!goes_on || wanted > MBOX_READ_BYTES)
        return (size_t)wanted;
    return (size_t)MIN((uint64_t)MBOX_READ_BYTES, MAX(wanted, source->end - offset));
}

/* Finds the header of the message, and with it as much of the body as is held. */
static bool
read_header(MboxSource *source, const MhMessage *message, MhSpan *out_bytes, size_t *out_header,
            GError **error)
{
    MboxHeaderEnd end;
    for (size_t size = HEADER_BYTES;; size = MH_LIMIT_HEADER_BYTES) {
        *out_bytes = mbox_source_held(source, message->where, message->where_len);
        *out_header = mbox_header_length(*out_bytes, &end);
        if (end != MBOX_HEADER_OPEN || out_bytes->len == message->where_len)
            return true;
        if (!mbox_source_hold(source, message->where,
                              read_size(source, message, message->where, size), error))
            return false;
    }
}

static bool
copy_body(MboxSource *source, const MhMessage *message, uint64_t done, MboxRender *render,
          GError **error)
{
    while (done < message->where_len) {
        uint64_t at = message->where + done;
        size_t len = read_size(source, message, at, MBOX_READ_BYTES);
        if (!mbox_source_hold(source, at, len, error))
            return false;
        MhSpan bytes = mbox_source_held(source, at, message->where_len - done);
        if (!mbox_render_body(render, bytes))
            return false;
        done += bytes.len;
    }
    return true;
}

static bool
source_copy(MhSource *base, const MhMessage *message, int fd, GError **error)
{
    MboxSource *source = (MboxSource *)base;
    Writer writer = {.source = source, .fd = fd, .error = error};
    MboxRender render;
    MhSpan bytes;
    size_t header;
    if (source->out == NULL)
        source->out = g_malloc(WRITE_BYTES);
    mbox_render_begin(&render, mbox_index_hiding(source->dialect), source->options.unquote,
                      write_text, &writer);
    if (source->lock != NULL)
        mbox_lock_refresh(source->lock);
    if (!read_header(source, message, &bytes, &header, error) ||
        !mbox_render_header(&render, mh_span_first(bytes, header)) ||
        !mbox_render_body(&render, mh_span_from(bytes, header)) ||
        !copy_body(source, message, bytes.len, &render, error) || !mbox_render_end(&render) ||
        !flush(&writer) || !mh_sparse_write_end(fd, writer.written, error))
        return false;
    source->copied = message->where + message->where_len;
    if (writer.written == message->size_bytes)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                "'%s' changed: the message at offset %" G_GUINT64_FORMAT " has another size",
                source->shown, (guint64)message->where);
    return false;
}

bool
mbox_source_check(MhSource *base, GError **error)
{
    MboxSource *source = (MboxSource *)base;
    struct stat st;
    if (fstat(source->fd, &st) != 0)
        return mh_set_errno(error, errno, "cannot look at '%s'", source->shown);
    MhStamp now = mh_stamp_of(&st);
    const char *what = NULL;
    if (!mh_stamp_equal(&now, &base->stamp))
        what = "changed while it was read";
    else if (source->lock != NULL && !mbox_lock_is_held(source->lock))
        what = "was unlocked by another program while it was read";
    if (what == NULL)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "'%s' %s", source->shown, what);
    return false;
}

static const MhSourceClass source_class = {
    .index = mbox_source_index,
    .copy = source_copy,
    .open_message = NULL,
    .check = mbox_source_check,
    .free = source_free,
};
