#include "user-sample.h"

#include "testing.h"

#define USERS 900

static char names[USERS][16];
static MhSampleRow rows[USERS];

/* 900 users: two formats, ten sizes, a few odd ones, one huge one. */
static int
setup(void **state)
{
    (void)state;
    for (unsigned i = 0; i < USERS; i++) {
        g_snprintf(names[i], sizeof(names[i]), "user%03u", i);
        rows[i] = (MhSampleRow){.user = names[i],
                                .size_bytes = UINT64_C(1) << (10 + i % 10),
                                .format = i % 3 == 0,
                                .oddness = i == 17 ? MH_ODD_LINKS : 0};
    }
    rows[400].oddness = MH_ODD_USER_NAME;
    rows[500].size_bytes = UINT64_MAX;
    rows[600].size_bytes = 0;
    rows[600].oddness = MH_ODD_EMPTY;
    return 0;
}

static bool
holds(const GArray *chosen, size_t index)
{
    for (size_t i = 0; i < chosen->len; i++) {
        if (g_array_index(chosen, size_t, i) == index)
            return true;
    }
    return false;
}

static void
test_everything_is_shown(void **state)
{
    (void)state;
    GArray *chosen = mh_user_sample(rows, USERS, 15);
    unsigned sizes = 0, formats = 0;
    for (size_t i = 0; i < chosen->len; i++) {
        const MhSampleRow *row = &rows[g_array_index(chosen, size_t, i)];
        for (unsigned b = 10; b < 20; b++)
            sizes |= row->size_bytes == UINT64_C(1) << b ? 1u << b : 0;
        formats |= 1u << row->format;
        if (i > 0)
            assert_true(g_array_index(chosen, size_t, i - 1) < g_array_index(chosen, size_t, i));
    }
    bool rare = holds(chosen, 17) && holds(chosen, 400) && holds(chosen, 500) && holds(chosen, 600);
    size_t count = chosen->len;
    g_array_unref(chosen);
    assert_int_equal(count, 15);
    assert_true(rare);
    assert_int_equal(formats, 3);
    assert_int_equal(sizes, 0xffc00);
}

/* The same users whatever the order of rows; a larger sample holds the smaller. */
static void
test_same_each_time(void **state)
{
    (void)state;
    static MhSampleRow reversed[USERS];
    for (size_t i = 0; i < USERS; i++)
        reversed[i] = rows[USERS - 1 - i];
    GArray *smaller = mh_user_sample(rows, USERS, 0);
    assert_int_equal(smaller->len, 0);
    for (size_t n = 1; n <= 60; n++) {
        GArray *chosen = mh_user_sample(rows, USERS, n);
        GArray *other = mh_user_sample(reversed, USERS, n);
        assert_int_equal(chosen->len, n);
        assert_int_equal(other->len, n);
        for (size_t i = 0; i < n; i++)
            assert_true(holds(chosen, USERS - 1 - g_array_index(other, size_t, i)));
        for (size_t i = 0; i < smaller->len; i++)
            assert_true(holds(chosen, g_array_index(smaller, size_t, i)));
        g_array_unref(smaller);
        g_array_unref(other);
        smaller = chosen;
    }
    g_array_unref(smaller);
}

/* A third of the users have format 1: so has about a third of a large sample. */
static void
test_proportion(void **state)
{
    (void)state;
    GArray *chosen = mh_user_sample(rows, USERS, 300);
    unsigned ones = 0;
    for (size_t i = 0; i < chosen->len; i++)
        ones += rows[g_array_index(chosen, size_t, i)].format == 1;
    g_array_unref(chosen);
    assert_in_range(ones, 90, 110);
}

static void
test_few(void **state)
{
    (void)state;
    GArray *chosen = mh_user_sample(rows, 3, 5);
    assert_int_equal(chosen->len, 3);
    g_array_unref(chosen);
    chosen = mh_user_sample(NULL, 0, 5);
    assert_int_equal(chosen->len, 0);
    g_array_unref(chosen);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_is_shown),
        cmocka_unit_test(test_same_each_time),
        cmocka_unit_test(test_proportion),
        cmocka_unit_test(test_few),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
