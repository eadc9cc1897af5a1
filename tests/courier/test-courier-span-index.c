#include "testing.h"

#include "courier-span-index.h"

static void
test_last_wins(void **state)
{
    (void)state;
    g_autoptr(CourierSpanIndex) index = courier_span_index_new();
    uint32_t value = 7;
    assert_false(courier_span_index_find(index, MH_SPAN_LITERAL("a"), &value));
    courier_span_index_add(index, MH_SPAN_LITERAL("b"), 1);
    courier_span_index_add(index, MH_SPAN_LITERAL("a"), 2);
    courier_span_index_add(index, MH_SPAN_LITERAL("a"), 3);
    courier_span_index_add(index, MH_SPAN_LITERAL(""), 4);
    assert_int_equal(courier_span_index_hidden(index), 1);
    assert_true(courier_span_index_find(index, MH_SPAN_LITERAL("a"), &value));
    assert_int_equal(value, 3);
    assert_true(courier_span_index_find(index, MH_SPAN_LITERAL("b"), &value));
    assert_int_equal(value, 1);
    assert_true(courier_span_index_find(index, MH_SPAN_LITERAL(""), &value));
    assert_int_equal(value, 4);
    assert_false(courier_span_index_find(index, MH_SPAN_LITERAL("aa"), &value));
    assert_int_equal(value, 4);
    /* Entries may still come after a look. */
    courier_span_index_add(index, MH_SPAN_LITERAL("b"), 5);
    assert_true(courier_span_index_find(index, MH_SPAN_LITERAL("b"), &value));
    assert_int_equal(value, 5);
    assert_int_equal(courier_span_index_hidden(index), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_last_wins)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
