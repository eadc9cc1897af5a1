#include "line-text.h"

#include "safe-file.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>
#include <xxhash.h>

/* What is held whole; of texts that must stay more, for then they cannot but stay. */
#define HELD_BYTES         (1u << 20)
#define HELD_LASTING_BYTES (3 * HELD_BYTES)
/* What is read when lines come one after the other, and for a line from anywhere. */
#define AHEAD_BYTES 65536
#define SPOT_BYTES  256
/* Of these a text that must stay has a hash each. */
#define BLOCK_BYTES 4096
G_STATIC_ASSERT(AHEAD_BYTES % BLOCK_BYTES == 0);
#define SECRET_BYTES 192 /* of XXH3, as many as its own secret has */
G_STATIC_ASSERT(SECRET_BYTES >= XXH3_SECRET_SIZE_MIN);

/* A piece of the file. */
typedef struct {
    uint64_t start;
    GByteArray *bytes;
} Window;

struct MhLineText {
    GBytes *held; /* NULL: there is a file */
    int fd;
    uint64_t size;
    Window ahead, spot;
    uint64_t *marks; /* of the blocks: what they were when they were first read; 0: not read yet;
                        NULL: the text need not stay as it is */
    uint8_t secret[SECRET_BYTES];
    GError *failure; /* the first */
};

static MhLineText *
text_new(GBytes *held, int fd, uint64_t size)
{
    MhLineText *text = g_new0(MhLineText, 1);
    text->held = held;
    text->fd = fd;
    text->size = size;
    text->ahead.bytes = g_byte_array_new();
    text->spot.bytes = g_byte_array_new();
    return text;
}

MhLineText *
mh_line_text_new(GBytes *bytes)
{
    return text_new(g_bytes_ref(bytes), -1, g_bytes_get_size(bytes));
}

static bool
keep_failure(MhLineText *text, GError *failure)
{
    if (text->failure == NULL)
        text->failure = failure;
    else
        g_error_free(failure);
    return false;
}

/* Who changes the list while it is read cannot aim at the same mark without the secret. */
static uint64_t
mark_of(const MhLineText *text, MhSpan block)
{
    uint64_t mark = XXH3_64bits_withSecret(block.data, block.len, text->secret, SECRET_BYTES);
    return mark == 0 ? 1 : mark;
}

/* Are these @bytes, which begin at a block, what they were? */
static bool
are_as_before(MhLineText *text, uint64_t at, MhSpan bytes)
{
    for (uint64_t number = at / BLOCK_BYTES; bytes.len > 0; number++) {
        MhSpan block = mh_span_first(bytes, BLOCK_BYTES);
        uint64_t mark = mark_of(text, block);
        if (text->marks[number] == 0)
            text->marks[number] = mark;
        if (text->marks[number] != mark)
            return keep_failure(text, g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                                                          "a list was changed while it was read"));
        bytes = mh_span_from(bytes, block.len);
    }
    return true;
}

/* Reads @len bytes at @at behind what the window has. */
static bool
read_bytes(MhLineText *text, Window *window, uint64_t at, size_t len)
{
    guint had = window->bytes->len;
    g_byte_array_set_size(window->bytes, had + (guint)len);
    while (len > 0) {
        ssize_t got =
            pread(text->fd, window->bytes->data + window->bytes->len - len, len, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            GError *failure = NULL;
            mh_set_errno(&failure, got < 0 ? errno : EIO, "cannot read a list again");
            g_byte_array_set_size(window->bytes, had);
            return keep_failure(text, failure);
        }
        at += (uint64_t)got;
        len -= (size_t)got;
    }
    return true;
}

/* The same, and they are what they were before, if that is asked for. */
static bool
read_more(MhLineText *text, Window *window, uint64_t at, size_t len)
{
    guint had = window->bytes->len;
    if (!read_bytes(text, window, at, len))
        return false;
    if (text->marks == NULL || are_as_before(text, at, mh_span(window->bytes->data + had, len)))
        return true;
    g_byte_array_set_size(window->bytes, had);
    return false;
}

MhLineText *
mh_line_text_open_held(int fd, uint64_t size, uint64_t held_bytes, GError **error)
{
    g_autoptr(MhLineText) text = text_new(NULL, fd, size);
    if (size > held_bytes)
        return g_steal_pointer(&text);
    if (!read_more(text, &text->ahead, 0, (size_t)size)) {
        g_propagate_error(error, g_steal_pointer(&text->failure));
        return NULL;
    }
    text->held = g_byte_array_free_to_bytes(text->ahead.bytes);
    text->ahead.bytes = g_byte_array_new();
    close(text->fd);
    text->fd = -1;
    return g_steal_pointer(&text);
}

MhLineText *
mh_line_text_open(int fd, uint64_t size, GError **error)
{
    return mh_line_text_open_held(fd, size, HELD_BYTES, error);
}

MhLineText *
mh_line_text_open_lasting(int fd, uint64_t size, GError **error)
{
    MhLineText *text = mh_line_text_open_held(fd, size, HELD_LASTING_BYTES, error);
    if (text == NULL || text->held != NULL)
        return text;
    text->marks = g_new0(uint64_t, (size_t)(size / BLOCK_BYTES) + 1);
    randombytes_buf(text->secret, SECRET_BYTES);
    return text;
}

void
mh_line_text_free(MhLineText *text)
{
    if (text == NULL)
        return;
    g_free(text->marks);
    if (text->fd >= 0)
        close(text->fd);
    g_bytes_unref(text->held);
    g_byte_array_unref(text->ahead.bytes);
    g_byte_array_unref(text->spot.bytes);
    g_clear_error(&text->failure);
    g_free(text);
}

uint64_t
mh_line_text_size(const MhLineText *text)
{
    return text->size;
}

/* The line at @at, as far as @bytes, which begin at @start, have it. */
static bool
line_in(MhSpan bytes, uint64_t start, uint64_t at, MhSpan *out_line, uint64_t *out_next)
{
    size_t end;
    if (at < start || at - start > bytes.len)
        return false;
    MhSpan rest = mh_span_from(bytes, (size_t)(at - start));
    if (!mh_span_find(rest, '\n', &end))
        return false;
    *out_line = mh_span_first(rest, end);
    *out_next = at + end + 1;
    return true;
}

static bool
line_in_window(const Window *window, uint64_t at, MhSpan *out_line, uint64_t *out_next)
{
    return line_in(mh_span(window->bytes->data, window->bytes->len), window->start, at, out_line,
                   out_next);
}

/* Is @at within what @window has, or right behind it? */
static bool
goes_on(const Window *window, uint64_t at)
{
    return at >= window->start && at - window->start <= window->bytes->len;
}

bool
mh_line_text_get(MhLineText *text, uint64_t at, MhSpan *out_line, uint64_t *out_next)
{
    if (text->held != NULL)
        return line_in(mh_span_from_bytes(text->held), 0, at, out_line, out_next);
    if (line_in_window(&text->ahead, at, out_line, out_next) ||
        line_in_window(&text->spot, at, out_line, out_next))
        return true;
    bool on = goes_on(&text->ahead, at) || goes_on(&text->spot, at);
    Window *window = on ? &text->ahead : &text->spot;
    uint64_t step = on ? AHEAD_BYTES : text->marks != NULL ? BLOCK_BYTES : SPOT_BYTES;
    window->start = text->marks != NULL ? at - at % BLOCK_BYTES : at;
    g_byte_array_set_size(window->bytes, 0);
    for (uint64_t end = window->start; end < text->size; step *= 2) {
        size_t len = (size_t)MIN(step, text->size - end);
        if (!read_more(text, window, end, len))
            return false;
        if (line_in_window(window, at, out_line, out_next))
            return true;
        end += len;
    }
    return false;
}

bool
mh_line_text_check(const MhLineText *text, GError **error)
{
    if (text->failure != NULL && error != NULL)
        *error = g_error_copy(text->failure);
    return text->failure == NULL;
}
