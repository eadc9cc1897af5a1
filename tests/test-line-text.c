/* Texts that must stay as they are, too large to be held. */
#include "testing.h"

#include "line-text.h"

#include <sys/mman.h>
#include <unistd.h>

#define LINE       "0123456789abcdef 0123456789abcdef\n"
#define LINE_BYTES (sizeof LINE - 1)
#define LINES      100000
#define TEXT_BYTES                                                                                 \
    ((off_t)(LINES * LINE_BYTES + 5)) /* its last block is no whole number of words */

typedef struct {
    int fd; /* of its writer */
    MhLineText *text;
} Written;

static int
setup(void **state)
{
    Written *written = g_new0(Written, 1);
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < LINES; i++)
        g_string_append(text, LINE);
    g_string_append(text, "last\n");
    written->fd = memfd_create("list", MFD_CLOEXEC);
    if (written->fd < 0 || write(written->fd, text->str, text->len) != (ssize_t)text->len)
        return -1;
    *state = written;
    return 0;
}

static int
teardown(void **state)
{
    Written *written = *state;
    mh_line_text_free(written->text);
    close(written->fd);
    g_free(written);
    return 0;
}

/* Reads all lines, as far as that goes. */
static uint64_t
read_all(MhLineText *text)
{
    uint64_t at = 0, next;
    MhSpan line;
    while (at < mh_line_text_size(text) && mh_line_text_get(text, at, &line, &next))
        at = next;
    return at;
}

static void
put(const Written *written, off_t at, char byte)
{
    assert_int_equal(pwrite(written->fd, &byte, 1, at), 1);
}

static char
take(const Written *written, off_t at)
{
    char byte;
    assert_int_equal(pread(written->fd, &byte, 1, at), 1);
    return byte;
}

static void
test_any_byte_shows(void **state)
{
    static const off_t places[] = {0,
                                   1,
                                   4095,
                                   4096,
                                   65535,
                                   65536,
                                   TEXT_BYTES / 2,
                                   TEXT_BYTES - 6,
                                   TEXT_BYTES - 5,
                                   TEXT_BYTES - 2,
                                   TEXT_BYTES - 1};
    Written *written = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        char before = take(written, places[i]);
        int fd = dup(written->fd);
        written->text = mh_line_text_open_lasting(fd, (uint64_t)TEXT_BYTES, NULL);
        assert_non_null(written->text);
        assert_int_equal(read_all(written->text), TEXT_BYTES);
        assert_int_equal(read_all(written->text), TEXT_BYTES);
        assert_true(mh_line_text_check(written->text, NULL));
        put(written, places[i], (char)(before ^ 1));
        uint64_t end = read_all(written->text);
        bool good = mh_line_text_check(written->text, NULL);
        put(written, places[i], before);
        if (end == (uint64_t)TEXT_BYTES || good)
            fail_msg("byte %ld was another and was read", (long)places[i]);
        g_clear_pointer(&written->text, mh_line_text_free);
    }
}

/* Two words of a block that change places are another block. */
static void
test_words_that_change_places_show(void **state)
{
    Written *written = *state;
    written->text = mh_line_text_open_lasting(dup(written->fd), (uint64_t)TEXT_BYTES, NULL);
    assert_non_null(written->text);
    assert_int_equal(read_all(written->text), TEXT_BYTES);
    for (off_t i = 0; i < 8; i++) {
        char one = take(written, i), two = take(written, i + 8);
        put(written, i, two);
        put(written, i + 8, one);
    }
    assert_int_not_equal(read_all(written->text), TEXT_BYTES);
    assert_false(mh_line_text_check(written->text, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_byte_shows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words_that_change_places_show, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
