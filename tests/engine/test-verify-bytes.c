/* Counts of a message's bytes, cut anywhere. */
#include "testing.h"
#include "verify-bytes.h"

#include <errno.h>
#include <inttypes.h>

typedef struct {
    const char *name;
    const char *text;
    size_t len;
    uint64_t virtual_size;
} Row;

#define TEXT(text) text, sizeof(text) - 1

static const Row rows[] = {
    {"nothing", TEXT(""), 0},          {"no line end", TEXT("abc"), 3}, {"LF", TEXT("a\nb\n"), 6},
    {"CRLF", TEXT("a\r\nb\r\n"), 6},   {"mixed", TEXT("a\r\nb\nc"), 7}, {"LF first", TEXT("\n"), 2},
    {"CR alone", TEXT("\r\r\n\n"), 5}, {"NUL", TEXT("\0\n\0"), 4},
};

static void
test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        const Row *row = &rows[r];
        for (size_t cut = 0; cut <= row->len; cut++) {
            MhSpan head = testing_exact_copy(row->text, cut);
            MhSpan tail = testing_exact_copy(row->text + cut, row->len - cut);
            MhVerifyCounter counter;
            mh_verify_counter_init(&counter);
            mh_verify_counter_add(&counter, head);
            mh_verify_counter_add(&counter, tail);
            MhVerifyBytes bytes = mh_verify_counter_finish(&counter);
            MhDigest digest = mh_digest_of(mh_span(row->text, row->len));
            g_free((void *)(uintptr_t)head.data);
            g_free((void *)(uintptr_t)tail.data);
            if (bytes.size_bytes != row->len || bytes.virtual_size != row->virtual_size ||
                !mh_digest_equal(&bytes.digest, &digest))
                fail_msg("%s, cut at %zu: %" PRIu64 ", %" PRIu64, row->name, cut, bytes.size_bytes,
                         bytes.virtual_size);
        }
    }
}

/* A source that writes a pattern of so many bytes, and may fail at the end. */
typedef struct {
    MhSource source;
    size_t size;
    bool fails;
} Pattern;

static bool
copy_pattern(MhSource *source, const MhMessage *message, int fd, GError **error)
{
    const Pattern *pattern = (Pattern *)source;
    g_autofree char *block = g_malloc(pattern->size + 1);
    (void)message;
    memset(block, '\n', pattern->size);
    if (!mh_write_all(fd, mh_span(block, pattern->size), error))
        return false;
    return !pattern->fails || mh_set_errno(error, EAGAIN, "changed");
}

static const MhSourceClass pattern_class = {.copy = copy_pattern};

static void
test_through_a_pipe(void **state)
{
    static const size_t sizes[] = {0, 1, 65536, 65537, 1 << 20};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Pattern pattern = {.source.class = &pattern_class, .size = sizes[i]};
        MhMessage message = {0};
        MhVerifyBytes bytes;
        g_autoptr(GError) error = NULL;
        assert_true(mh_verify_count_message(&pattern.source, &message, &bytes, &error));
        assert_int_equal(bytes.size_bytes, sizes[i]);
        assert_int_equal(bytes.virtual_size, 2 * sizes[i]);
    }
}

static void
test_copy_that_fails(void **state)
{
    Pattern pattern = {.source.class = &pattern_class, .size = 100, .fails = true};
    MhMessage message = {0};
    MhVerifyBytes bytes = {.size_bytes = 4711};
    GError *error = NULL;
    (void)state;
    assert_false(mh_verify_count_message(&pattern.source, &message, &bytes, &error));
    bool again = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN);
    g_error_free(error);
    assert_true(again);
    assert_int_equal(bytes.size_bytes, 4711);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_through_a_pipe),
        cmocka_unit_test(test_copy_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
