#include "mbox-holes.h"
#include "size-limits.h"
#include "testing.h"

#define SIZE (UINT64_C(100) << 20)

static void
test_one(void **state)
{
    (void)state;
    MboxHoles holes;
    mbox_holes_init(&holes);
    assert_null(mbox_holes_find(&holes, 0));
    assert_true(mbox_holes_add(&holes, 5000, SIZE));
    const MboxHole *hole = mbox_holes_find(&holes, 0);
    assert_int_equal(hole->from, 5000);
    assert_int_equal(hole->to, 8192);
    assert_ptr_equal(mbox_holes_find(&holes, 8191), hole);
    assert_null(mbox_holes_find(&holes, 8192));
    assert_false(mbox_holes_touch(&holes, 0, 5000));
    assert_true(mbox_holes_touch(&holes, 0, 5001));
    assert_true(mbox_holes_touch(&holes, 6000, 6001));
    assert_true(mbox_holes_touch(&holes, 8192, 9000)); /* begins where it ends */
    assert_false(mbox_holes_touch(&holes, 8193, 9000));
    mbox_holes_clear(&holes);
}

/* It goes on: in few steps, none of them far beyond what is bad. */
static void
test_grows(void **state)
{
    (void)state;
    MboxHoles holes;
    mbox_holes_init(&holes);
    for (uint64_t at = 0; at < (UINT64_C(4) << 20); at = mbox_holes_find(&holes, at)->to)
        assert_true(mbox_holes_add(&holes, at, SIZE));
    assert_int_equal(holes.holes->len, 1);
    assert_int_equal(holes.tries, 12);
    assert_in_range(mbox_holes_find(&holes, 0)->to, 4 << 20, 5 << 20);
    mbox_holes_clear(&holes);
}

static void
test_several(void **state)
{
    (void)state;
    MboxHoles holes;
    mbox_holes_init(&holes);
    assert_true(mbox_holes_add(&holes, 40000, SIZE));
    assert_true(mbox_holes_add(&holes, 100, SIZE));
    assert_true(mbox_holes_add(&holes, 99999, 100000)); /* not beyond the file */
    assert_int_equal(holes.holes->len, 3);
    assert_int_equal(mbox_holes_find(&holes, 0)->from, 100);
    assert_int_equal(mbox_holes_find(&holes, 4096)->from, 40000);
    assert_int_equal(mbox_holes_find(&holes, 50000)->to, 100000);
    mbox_holes_clear(&holes);
}

static void
test_enough(void **state)
{
    (void)state;
    MboxHoles holes;
    mbox_holes_init(&holes);
    for (unsigned i = 0; i < MH_LIMIT_BAD_READS; i++)
        assert_true(mbox_holes_add(&holes, (uint64_t)i * 100000, SIZE));
    assert_false(mbox_holes_add(&holes, 99000000, SIZE));
    mbox_holes_clear(&holes);
    mbox_holes_clear(&holes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
