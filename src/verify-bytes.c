#include "verify-bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (128u << 10)

void
mh_verify_counter_init(MhVerifyCounter *counter)
{
    *counter = (MhVerifyCounter){0};
    mh_digester_init(&counter->digester);
}

void
mh_verify_counter_add(MhVerifyCounter *counter, MhSpan bytes)
{
    const uint8_t *at = bytes.data, *end = at + bytes.len;
    if (bytes.len == 0)
        return;
    mh_digester_add(&counter->digester, bytes);
    for (; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
        uint8_t before = at > bytes.data ? at[-1] : counter->last;
        counter->lf++;
        counter->bare_lf += before != '\r';
    }
    counter->last = end[-1];
    counter->size_bytes += bytes.len;
}

MhVerifyBytes
mh_verify_counter_finish(MhVerifyCounter *counter)
{
    return (MhVerifyBytes){.digest = mh_digester_finish(&counter->digester),
                           .size_bytes = counter->size_bytes,
                           .virtual_size = counter->size_bytes + counter->bare_lf,
                           .sent_size = counter->size_bytes + counter->lf};
}

/* Counts to the end of @fd. 0, or errno. */
static int
count_all(int fd, MhVerifyBytes *out)
{
    g_autofree uint8_t *buffer = g_malloc(READ_BYTES);
    MhVerifyCounter counter;
    mh_verify_counter_init(&counter);
    for (;;) {
        ssize_t got = read(fd, buffer, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        mh_verify_counter_add(&counter, mh_span(buffer, (size_t)got));
    }
    *out = mh_verify_counter_finish(&counter);
    return 0;
}

bool
mh_verify_count_file(int fd, MhVerifyBytes *out, GError **error)
{
    int errnum = count_all(fd, out);
    return errnum == 0 || mh_set_errno(error, errnum, "cannot read a message");
}

/* ---- what a source writes ----------------------------------------------------------------- */

typedef struct {
    int fd;
    MhVerifyBytes bytes;
    int errnum;
} Reader;

static gpointer
read_pipe(gpointer data)
{
    Reader *reader = data;
    reader->errnum = count_all(reader->fd, &reader->bytes);
    close(reader->fd); /* after an error the writer must not wait for ever */
    return NULL;
}

/* The message goes through a pipe: it is never held whole, whatever its size. */
static bool
count_copy(MhSource *source, const MhMessage *message, MhVerifyBytes *out, GError **error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return mh_set_errno(error, errno, "cannot make a pipe");
    Reader reader = {.fd = ends[0]};
    GThread *thread = g_thread_new("verify", read_pipe, &reader);
    bool good = source->class->copy(source, message, ends[1], error);
    close(ends[1]);
    g_thread_join(thread);
    if (good && reader.errnum != 0)
        good = mh_set_errno(error, reader.errnum, "cannot read from a pipe");
    if (good)
        *out = reader.bytes;
    return good;
}

bool
mh_verify_count_message(MhSource *source, const MhMessage *message, MhVerifyBytes *out,
                        GError **error)
{
    if (source->class->open_message == NULL)
        return count_copy(source, message, out, error);
    int fd = source->class->open_message(source, message, error);
    if (fd < 0)
        return false;
    bool good = mh_verify_count_file(fd, out, error);
    close(fd);
    return good;
}
