#include "mbox-source.h"

#include "mbox-header.h"
#include "mbox-holes.h"
#include "mbox-index.h"
#include "mbox-render.h"
#include "printable.h"
#include "size-limits.h"
#include "stopping.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_BYTES  (128u * 1024)
#define WRITE_BYTES (256u * 1024)
/* How much of a file is looked at to guess its dialect. */
#define FIRST_LOOK_BYTES READ_BYTES
/* A file of this size that nobody has read of late leaves the cache when we have read it: mail that
 * the live server uses would go in its place. */
#define LARGE_BYTES (UINT64_C(16) << 20)
#define SAMPLES     16
/* A file that is replaced while we lock it is opened again this often. */
#define OPEN_TRIES 5

typedef struct {
    MhSource base;
    MboxSourceOptions options;
    MboxDialect dialect;
    char *shown; /* the path, printable */
    int fd;
    MboxLock *lock;
    time_t mtime;
    bool is_cold;    /* it was large, and not in the cache */
    uint64_t end;    /* of what can be read: the size, or where reading failed */
    bool failed;     /* reading failed there */
    bool around;     /* what cannot be read is passed over; it reads as NULs */
    MboxHoles holes; /* and it is here */
    uint64_t last;   /* where the last message of the last pass begins */
    uint8_t *buffer; /* READ_BYTES, or a header */
    size_t buffer_size;
    uint8_t *out; /* WRITE_BYTES */
} Source;

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
    Source *source = (Source *)base;
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
open_once(Source *source, int dirfd, const char *path, MhFindings *findings, bool *out_again,
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
        Source *source = g_new0(Source, 1);
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
    return ((const Source *)base)->dialect;
}

/* --- reading --- */

/* As pread(2), with NULs for what is known to be in a hole. */
static ssize_t
read_some(Source *source, uint64_t offset, uint8_t *buffer, size_t len)
{
    const MboxHole *hole = mbox_holes_find(&source->holes, offset);
    if (hole != NULL && hole->from <= offset) {
        len = (size_t)MIN((uint64_t)len, hole->to - offset);
        memset(buffer, 0, len);
        return (ssize_t)len;
    }
    if (hole != NULL)
        len = (size_t)MIN((uint64_t)len, hole->from - offset);
    return pread(source->fd, buffer, len, (off_t)offset);
}

/* Only where the device itself fails; a file that cannot be reached at all is none with holes. */
static bool
passes_over(Source *source, uint64_t offset)
{
    return errno == EIO && mbox_holes_add(&source->holes, offset, source->base.stamp.size_bytes);
}

/* Exactly @len bytes; a file that ends earlier has changed. */
static bool
read_at(void *user, uint64_t offset, void *buffer, size_t len, GError **error)
{
    Source *source = user;
    size_t done = 0;
    while (done < len) {
        ssize_t got = read_some(source, offset + done, (uint8_t *)buffer + done, len - done);
        if (got < 0 && (errno == EINTR || (source->around && passes_over(source, offset + done))))
            continue;
        if (got < 0) {
            source->failed = true;
            source->end = MIN(source->end, offset + done);
            return mh_set_errno(error, errno, "cannot read '%s' at offset %" G_GUINT64_FORMAT,
                                source->shown, offset + done);
        }
        if (got == 0) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                        "'%s' became shorter while it was read", source->shown);
            return false;
        }
        done += (size_t)got;
    }
    return true;
}

static void
need_buffer(Source *source, size_t size)
{
    if (source->buffer_size >= size)
        return;
    g_free(source->buffer);
    source->buffer = g_malloc(size);
    source->buffer_size = size;
}

/* Feeds the first @size bytes of the file. */
static bool
scan_file(Source *source, const MboxScanOptions *options, GError **error)
{
    g_autoptr(MboxScan) scan = mbox_scan_new(options);
    need_buffer(source, READ_BYTES);
    for (uint64_t at = 0; at < options->size;) {
        size_t len = (size_t)MIN((uint64_t)READ_BYTES, options->size - at);
        if (!read_at(source, at, source->buffer, len, error))
            return false;
        if (!mbox_scan_feed(scan, mh_span(source->buffer, len), error)) {
            if (error != NULL && g_error_matches(*error, MBOX_ERROR, MBOX_ERROR_NOT_MBOX))
                g_prefix_error(error, "cannot read '%s': ", source->shown);
            return false;
        }
        at += len;
        if (source->lock != NULL)
            mbox_lock_refresh(source->lock);
        if (at < options->size && mh_stopping())
            return mh_set_errno(error, EINTR, "reading '%s' was stopped", source->shown);
    }
    return true;
}

/* The scanner has one user pointer; peek wants the source, events want the index. */
typedef struct {
    Source *source;
    MboxIndex *index;
    unsigned begun;   /* messages */
    bool first_lost;  /* the first, which has the UID state, cannot be read whole */
    MboxMarks *marks; /* of the first look, which has no index */
    MboxFromLine from;
    char sender[128];
} Pass;

static bool
pass_peek(void *user, uint64_t offset, void *buffer, size_t len, GError **error)
{
    return read_at(((Pass *)user)->source, offset, buffer, len, error);
}

/* The message that has been read goes up to @end: was all of it readable? */
static void
judge_last(Pass *pass, uint64_t end)
{
    if (pass->begun == 0 || !mbox_holes_touch(&pass->source->holes, pass->source->last, end))
        return;
    pass->first_lost |= pass->begun == 1;
    mbox_index_drop_last(pass->index);
}

static void
pass_begin(void *user, uint64_t offset, MhSpan line, const MboxFromLine *from)
{
    Pass *pass = user;
    if (pass->index != NULL)
        judge_last(pass, offset);
    pass->begun++;
    pass->source->last = offset;
    if (pass->index != NULL) {
        mbox_index_events().begin(pass->index, offset, line, from);
        return;
    }
    pass->from = *from;
    pass->from.sender = mh_span_first(from->sender, sizeof(pass->sender));
    if (pass->from.sender.len > 0)
        memcpy(pass->sender, from->sender.data, pass->from.sender.len);
    pass->from.sender.data = (const uint8_t *)pass->sender;
}

static void
pass_header(void *user, uint64_t offset, MhSpan block)
{
    Pass *pass = user;
    if (pass->index != NULL)
        mbox_index_events().header(pass->index, offset, block);
    else
        mbox_index_mark(pass->marks, block, &pass->from);
}

static void
pass_body(void *user, uint64_t offset, MhSpan bytes)
{
    Pass *pass = user;
    if (pass->index != NULL)
        mbox_index_events().body(pass->index, offset, bytes);
}

static void
pass_end(void *user, uint64_t offset)
{
    Pass *pass = user;
    if (pass->index != NULL)
        mbox_index_events().end(pass->index, offset);
}

static void
pass_boundary(void *user, const MboxBoundary *boundary)
{
    Pass *pass = user;
    if (pass->index != NULL)
        mbox_index_events().boundary(pass->index, boundary);
}

static bool
run_pass(Pass *pass, MboxDialect dialect, uint64_t size, MhFindings *findings, GError **error)
{
    MboxScanOptions options = {
        .dialect = dialect,
        .size = size,
        .peek = pass_peek,
        .events = {pass_begin, pass_header, pass_body, pass_end,
                   pass->source->options.boundary != NULL ? pass_boundary : NULL},
        .user = pass,
        .findings = findings,
    };
    return scan_file(pass->source, &options, error);
}

/* A guess from the file's beginning, so that the one pass is mostly the right one. Whoever wants
 * boundaries is told of each once, so then the whole file is looked at, and the guess stands. */
static bool
look_first(Source *source, MboxDialect *out_dialect, GError **error)
{
    MboxMarks marks = {0};
    Pass pass = {.source = source, .marks = &marks};
    uint64_t size = source->end;
    if (source->options.boundary == NULL)
        size = MIN(size, FIRST_LOOK_BYTES);
    if (!run_pass(&pass, MBOX_DIALECT_PLAIN, size, NULL, error))
        return false;
    *out_dialect = mbox_dialect_decide(&marks);
    return true;
}

/* One pass in @dialect. What the marks of all messages say comes through @out_decided. */
static bool
index_as(Source *source, MboxDialect dialect, MhMailbox *mailbox, MhFindings *findings,
         MboxDialect *out_decided, GError **error)
{
    MboxIndexOptions options = {
        .dialect = dialect,
        .unquote = source->options.unquote,
        .uidl = source->options.uidl,
        .local = source->options.local,
        .file_time = source->mtime,
        .boundary = source->options.boundary,
        .user = source->options.user,
    };
    g_autoptr(MboxIndex) index = mbox_index_new(&options, mailbox, findings);
    Pass pass = {.source = source, .index = index};
    if (!run_pass(&pass, dialect, source->end, findings, error))
        return false;
    judge_last(&pass, source->end);
    if (pass.first_lost) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "the first message cannot be read");
        return false;
    }
    mbox_index_finish(index);
    *out_decided = mbox_dialect_decide(mbox_index_marks(index));
    return true;
}

static bool source_check(MhSource *base, GError **error);

/* Moves the contents of @from to @out, which is new and stays where it is. */
static void
move_mailbox(MhMailbox *out, MhMailbox *from)
{
    MhMailbox empty = *out;
    *out = *from;
    *from = empty;
}

/* All that can be read, into @out, which is new. */
static bool
index_readable(Source *source, MhMailbox *out, MhFindings *findings, GError **error)
{
    MboxDialect dialect = source->options.dialect, decided;
    if (dialect == MBOX_DIALECT_AUTO && !look_first(source, &dialect, error))
        return false;
    g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
    g_autoptr(MhFindings) found = mh_findings_new();
    if (!index_as(source, dialect, mailbox, found, &decided, error))
        return false;
    if (source->options.dialect == MBOX_DIALECT_AUTO && source->options.boundary == NULL &&
        decided != dialect) {
        dialect = decided; /* the beginning of the file was not like the rest */
        g_clear_pointer(&mailbox, mh_mailbox_free);
        g_clear_pointer(&found, mh_findings_free);
        mailbox = mh_mailbox_new();
        found = mh_findings_new();
        if (!index_as(source, dialect, mailbox, found, &decided, error))
            return false;
    }
    source->dialect = dialect;
    mailbox->dialect = mbox_dialect_name(dialect);
    move_mailbox(out, mailbox);
    if (findings != NULL)
        mh_findings_merge(findings, found);
    return true;
}

/* Where the device fails, what can be read is read again, before and behind: messages that are
 * whole, and whose number does not depend on one that is not. False: it fails in the first message,
 * which holds the UID state, or too often. */
static bool
index_around_failures(Source *source, MhMailbox *out, MhFindings *findings)
{
    uint64_t failed_at = source->end;
    mbox_holes_init(&source->holes);
    source->end = source->base.stamp.size_bytes;
    source->around = true;
    if (index_readable(source, out, findings, NULL))
        return true;
    source->around = false;
    source->end = failed_at;
    source->failed = true;
    mbox_holes_clear(&source->holes);
    return false;
}

/* As a last resort what stands before is read again up to there, to find the messages, and then
 * without the last of them, which goes on where nothing can be read. False: there is none. */
static bool
index_before_failure(Source *source, MhMailbox *out, MhFindings *findings)
{
    bool good = false;
    while (!good && source->failed && source->end > 0) {
        g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
        source->failed = false;
        source->last = 0;
        good = index_readable(source, mailbox, NULL, NULL);
    }
    source->end = source->last;
    return good && source->end > 0 && index_readable(source, out, findings, NULL);
}

static bool
source_index(MhSource *base, MhMailbox *out, MhFindings *findings, GError **error)
{
    Source *source = (Source *)base;
    g_autoptr(GError) failure = NULL;
    if (base->stamp.size_bytes > MH_LIMIT_MESSAGE_BYTES) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "cannot read '%s': it is larger than %" G_GUINT64_FORMAT " bytes",
                    source->shown, MH_LIMIT_MESSAGE_BYTES);
        return false;
    }
    source->end = base->stamp.size_bytes;
    source->failed = source->around = false;
    mbox_holes_clear(&source->holes);
    if (!index_readable(source, out, findings, &failure)) {
        if (!source->failed || source->options.boundary != NULL ||
            (!index_around_failures(source, out, findings) &&
             !index_before_failure(source, out, findings))) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return false;
        }
        out->unread = g_strdup(failure->message);
    }
    return source_check(base, error);
}

/* --- copying --- */

typedef struct {
    Source *source;
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
    return held == 0 || mh_write_all(writer->fd, mh_span(writer->source->out, held), writer->error);
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
        return mh_write_all(writer->fd, text, writer->error);
    }
    if (text.len > 0)
        memcpy(writer->source->out + writer->held, text.data, text.len);
    writer->held += text.len;
    return true;
}

/* Reads the header of the range, and with it as much of the body as came along. */
static bool
read_header(Source *source, const MhMessage *message, size_t *out_read, size_t *out_header,
            GError **error)
{
    MboxHeaderEnd end;
    for (size_t size = 64 * 1024;; size = MH_LIMIT_HEADER_BYTES) {
        size_t len = (size_t)MIN((uint64_t)size, message->where_len);
        need_buffer(source, MAX(len, READ_BYTES));
        if (!read_at(source, message->where, source->buffer, len, error))
            return false;
        *out_header = mbox_header_length(mh_span(source->buffer, len), &end);
        *out_read = len;
        if (end != MBOX_HEADER_OPEN || len == message->where_len)
            return true;
    }
}

static bool
copy_body(Source *source, const MhMessage *message, uint64_t done, MboxRender *render,
          GError **error)
{
    while (done < message->where_len) {
        size_t len = (size_t)MIN((uint64_t)READ_BYTES, message->where_len - done);
        if (!read_at(source, message->where + done, source->buffer, len, error) ||
            !mbox_render_body(render, mh_span(source->buffer, len)))
            return false;
        done += len;
    }
    return true;
}

static bool
source_copy(MhSource *base, const MhMessage *message, int fd, GError **error)
{
    Source *source = (Source *)base;
    Writer writer = {.source = source, .fd = fd, .error = error};
    MboxRender render;
    size_t len, header;
    if (source->out == NULL)
        source->out = g_malloc(WRITE_BYTES);
    mbox_render_begin(&render, mbox_index_hiding(source->dialect), source->options.unquote,
                      write_text, &writer);
    if (source->lock != NULL)
        mbox_lock_refresh(source->lock);
    if (!read_header(source, message, &len, &header, error) ||
        !mbox_render_header(&render, mh_span(source->buffer, header)) ||
        !mbox_render_body(&render, mh_span(source->buffer + header, len - header)) ||
        !copy_body(source, message, len, &render, error) || !mbox_render_end(&render) ||
        !flush(&writer))
        return false;
    if (writer.written == message->size_bytes)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                "'%s' changed: the message at offset %" G_GUINT64_FORMAT " has another size",
                source->shown, (guint64)message->where);
    return false;
}

static bool
source_check(MhSource *base, GError **error)
{
    Source *source = (Source *)base;
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
    .index = source_index,
    .copy = source_copy,
    .open_message = NULL,
    .check = source_check,
    .free = source_free,
};
