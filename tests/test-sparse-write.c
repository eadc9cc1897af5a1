#include "testing.h"

#include "safe-file.h"
#include "sparse-write.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE MH_SPARSE_PIECE_BYTES

/* Texts by their pieces: '0' is a piece of NULs, 'x' one of data, 'n' one whose last byte alone is
 * none, and 's' half a piece of NULs. */
static const char *const rows[] = {"",   "x",   "0",     "s",    "n",      "0x",   "x0",
                                   "0s", "0xs", "x00x0", "000n", "x0s",    "nn0n", "sx0x",
                                   "x0", "00s", "s0s",   "xxxx", "0000000"};

static void
append(GByteArray *text, char kind)
{
    guint8 piece[PIECE] = {0};
    guint len = kind == 's' ? PIECE / 2 : PIECE;
    if (kind == 'x')
        memset(piece, 'x', sizeof piece);
    if (kind == 'n')
        piece[PIECE - 1] = 'n';
    g_byte_array_append(text, piece, len);
}

/* Writes @text in parts of @part bytes, and gives what is in the file then. */
static GBytes *
write_and_read(MhSpan text, size_t part, blkcnt_t *out_blocks)
{
    g_autofree char *path = g_strdup("/var/tmp/mh-sparse-XXXXXX");
    int fd = g_mkstemp(path);
    struct stat st;
    GBytes *bytes = NULL;
    assert_true(fd >= 0);
    unlink(path);
    for (MhSpan rest = text; rest.len > 0; rest = mh_span_from(rest, part))
        assert_true(mh_sparse_write(fd, mh_span_first(rest, part), NULL));
    assert_true(mh_sparse_write_end(fd, text.len, NULL));
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(fstat(fd, &st), 0);
    *out_blocks = st.st_blocks;
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(mh_read_to_end(fd, (uint64_t)st.st_size, text.len + 1, &bytes), 0);
    close(fd);
    return bytes;
}

static void
test_bytes(void **state)
{
    static const size_t parts[] = {PIECE, 4 * PIECE, PIECE / 2, 3 * PIECE + 5};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows) * G_N_ELEMENTS(parts); i++) {
        const char *row = rows[i / G_N_ELEMENTS(parts)];
        g_autoptr(GByteArray) text = g_byte_array_new();
        blkcnt_t blocks;
        for (const char *kind = row; *kind != '\0'; kind++)
            append(text, *kind);
        MhSpan wanted = mh_span(text->data, text->len);
        g_autoptr(GBytes) got = write_and_read(wanted, parts[i % G_N_ELEMENTS(parts)], &blocks);
        if (!mh_span_equal(mh_span_from_bytes(got), wanted))
            fail_msg("'%s' in parts of %zu", row, parts[i % G_N_ELEMENTS(parts)]);
    }
}

/* 16 MB that take no more than their ends do. */
static void
test_room(void **state)
{
    g_autoptr(GByteArray) text = g_byte_array_new();
    blkcnt_t blocks;
    (void)state;
    append(text, 'x');
    for (int i = 0; i < 256; i++)
        append(text, '0');
    append(text, 'x');
    append(text, '0');
    g_autoptr(GBytes) got = write_and_read(mh_span(text->data, text->len), 2 * PIECE, &blocks);
    assert_int_equal(g_bytes_get_size(got), text->len);
    assert_true(blocks * 512 < 8 * PIECE);
}

/* Where there are no holes all is written. */
static void
test_pipe(void **state)
{
    guint8 nothing[PIECE] = {0};
    guint8 got[PIECE];
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, PIECE) >= PIECE);
    assert_true(mh_sparse_write(ends[1], mh_span(nothing, sizeof nothing), NULL));
    assert_true(mh_sparse_write_end(ends[1], PIECE, NULL));
    assert_int_equal(read(ends[0], got, sizeof got), PIECE);
    close(ends[0]);
    close(ends[1]);
}

static void
test_failure(void **state)
{
    g_autoptr(GError) error = NULL;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)state;
    assert_false(mh_sparse_write(fd, MH_SPAN_LITERAL("x"), &error));
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_BADF));
    close(fd);
    g_clear_error(&error);
    assert_false(mh_sparse_write_end(fd, PIECE, &error));
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_BADF));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
