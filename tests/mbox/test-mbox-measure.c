#include "testing.h"

#include "mbox-measure.h"

static uint64_t
count_slowly(MhSpan text)
{
    uint64_t size = text.len;
    for (size_t i = 0; i < text.len; i++)
        size += text.data[i] == '\n' && (i == 0 || text.data[i - 1] != '\r');
    return size;
}

/* Line ends of all kinds at all places, around the sizes of blocks. */
static void
counts_as_if_one_by_one(void **state)
{
    (void)state;
    GRand *random = g_rand_new_with_seed(4);
    static const char bytes[] = "\n\r\nxy";
    for (size_t len = 0; len < 9000; len += len < 100 ? 1 : 443) {
        uint8_t text[9000];
        for (size_t i = 0; i < len; i++)
            text[i] = (uint8_t)bytes[g_rand_int_range(random, 0, 5)];
        for (size_t piece = 1; piece < 40 && len < 9000; piece += 3) {
            MboxMeasure measure = {0};
            MhSpan copy = testing_exact_copy(text, len);
            for (size_t at = 0; at < len; at += piece)
                mbox_measure_add(&measure, mh_span_first(mh_span_from(copy, at), piece));
            MboxMeasure whole = {0};
            mbox_measure_add(&whole, copy);
            g_free((uint8_t *)(uintptr_t)copy.data);
            uint64_t expected = count_slowly(mh_span(text, len));
            assert_int_equal(measure.size_bytes, len);
            assert_int_equal(mbox_measure_virtual_size(&measure), expected);
            assert_int_equal(mbox_measure_virtual_size(&whole), expected);
        }
    }
    g_rand_free(random);
}

/* More lines than a byte can count, in one place of each block. */
static void
counts_beyond_a_byte(void **state)
{
    (void)state;
    MboxMeasure measure = {0};
    uint8_t *text = g_malloc(100000);
    memset(text, '\n', 100000);
    mbox_measure_add(&measure, mh_span(text, 100000));
    g_free(text);
    assert_int_equal(mbox_measure_virtual_size(&measure), 200000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_as_if_one_by_one),
        cmocka_unit_test(counts_beyond_a_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
