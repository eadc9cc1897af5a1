/* Reading an mbox in passes from front to back, and around what cannot be read. */
#include "mbox-index.h"
#include "mbox-source-private.h"
#include "size-limits.h"
#include "stopping.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* How much of a file is looked at to guess its dialect. */
#define FIRST_LOOK_BYTES MBOX_READ_BYTES

/* --- bytes --- */

/* As pread(2), with NULs for what is known to be in a hole. */
static ssize_t
read_some(MboxSource *source, uint64_t offset, uint8_t *buffer, size_t len)
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
passes_over(MboxSource *source, uint64_t offset)
{
    return errno == EIO && mbox_holes_add(&source->holes, offset, source->base.stamp.size_bytes);
}

/* Exactly @len bytes; a file that ends earlier has changed. */
bool
mbox_source_read(void *user, uint64_t offset, void *buffer, size_t len, GError **error)
{
    MboxSource *source = user;
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
need_buffer(MboxSource *source, size_t size)
{
    source->held_len = 0;
    if (source->buffer_size >= size)
        return;
    g_free(source->buffer);
    source->buffer_size = MAX(size, MBOX_READ_BYTES);
    source->buffer = g_malloc(source->buffer_size);
}

MhSpan
mbox_source_held(const MboxSource *source, uint64_t offset, uint64_t len)
{
    if (offset < source->held_at || offset - source->held_at >= source->held_len)
        return mh_span(NULL, 0);
    size_t from = (size_t)(offset - source->held_at);
    return mh_span(source->buffer + from, (size_t)MIN((uint64_t)(source->held_len - from), len));
}

bool
mbox_source_hold(MboxSource *source, uint64_t offset, size_t len, GError **error)
{
    if (mbox_source_held(source, offset, len).len == len)
        return true;
    need_buffer(source, len);
    if (!mbox_source_read(source, offset, source->buffer, len, error))
        return false;
    source->held_at = offset;
    source->held_len = len;
    return true;
}

/* Reading may take longer than a lock lasts. */
static void
keep_lock(const MboxSource *source)
{
    if (source->lock != NULL)
        mbox_lock_refresh(source->lock);
}

static bool
stopped(const MboxSource *source, GError **error)
{
    return mh_set_errno(error, EINTR, "reading '%s' was stopped", source->shown);
}

/* Feeds the first @size bytes of the file. */
static bool
scan_file(MboxSource *source, const MboxScanOptions *options, GError **error)
{
    g_autoptr(MboxScan) scan = mbox_scan_new(options);
    for (uint64_t at = 0; at < options->size;) {
        size_t len = (size_t)MIN((uint64_t)MBOX_READ_BYTES, options->size - at);
        if (!mbox_source_hold(source, at, len, error))
            return false;
        if (!mbox_scan_feed(scan, mbox_source_held(source, at, len), error)) {
            if (error != NULL && g_error_matches(*error, MBOX_ERROR, MBOX_ERROR_NOT_MBOX))
                g_prefix_error(error, "cannot read '%s': ", source->shown);
            return false;
        }
        at += len;
        keep_lock(source);
        if (at < options->size && mh_stopping())
            return stopped(source, error);
    }
    return true;
}

/* The scanner has one user pointer; peek wants the source, events want the index. */
typedef struct {
    MboxSource *source;
    MboxIndex *index;
    unsigned begun;   /* messages */
    bool first_lost;  /* the first, which has the UID state, cannot be read whole */
    MboxMarks *marks; /* of the first look, which has no index */
    MboxFromLine from;
    char sender[128];
} Pass;

/* What is not in the piece at hand: a hole may be as large as the file. */
static bool
pass_peek(void *user, uint64_t offset, void *buffer, size_t len, GError **error)
{
    MboxSource *source = ((Pass *)user)->source;
    keep_lock(source);
    return mh_stopping() ? stopped(source, error)
                         : mbox_source_read(source, offset, buffer, len, error);
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
look_first(MboxSource *source, MboxDialect *out_dialect, GError **error)
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
index_as(MboxSource *source, MboxDialect dialect, MhMailbox *mailbox, MhFindings *findings,
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
index_readable(MboxSource *source, MhMailbox *out, MhFindings *findings, GError **error)
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
index_around_failures(MboxSource *source, MhMailbox *out, MhFindings *findings)
{
    uint64_t failed_at = source->end;
    mbox_holes_init(&source->holes);
    source->end = source->base.stamp.size_bytes;
    source->around = true;
    bool good = index_readable(source, out, findings, NULL);
    source->around = false; /* what was whole is an error when it cannot be read to be copied */
    source->held_len = 0;   /* there may be NULs in the place of what could not be read */
    if (good)
        return true;
    source->end = failed_at;
    source->failed = true;
    mbox_holes_clear(&source->holes);
    return false;
}

/* As a last resort what stands before is read again up to there, to find the messages, and then
 * without the last of them, which goes on where nothing can be read. False: there is none. */
static bool
index_before_failure(MboxSource *source, MhMailbox *out, MhFindings *findings)
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

bool
mbox_source_index(MhSource *base, MhMailbox *out, MhFindings *findings, GError **error)
{
    MboxSource *source = (MboxSource *)base;
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
    return mbox_source_check(base, error);
}
