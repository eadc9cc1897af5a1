#include "testing.h"

#include "keyed-hash.h"

/* The same as often as one asks. */
static void
test_key(void **state)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static("Ab", 2);
    MhDigest digest = mh_digest_of(MH_SPAN_LITERAL("Ab"));
    uint64_t number = 7;
    (void)state;
    assert_int_equal(mh_keyed_hash_text("Ab"), mh_keyed_hash_text("Ab"));
    assert_int_equal(mh_keyed_hash_text("Ab"), mh_keyed_hash_bytes(bytes));
    assert_int_equal(mh_keyed_hash_number(&number), mh_keyed_hash_number(&number));
    assert_int_equal(mh_keyed_hash_digest(&digest), mh_keyed_hash_digest(&digest));
}

/* GLib's hash is one for all of these. */
static void
test_collisions(void **state)
{
    static const char *const texts[] = {"AbAb", "AbBA", "BAAb", "BABA"};
    guint other = 0;
    (void)state;
    for (size_t i = 1; i < G_N_ELEMENTS(texts); i++) {
        assert_int_equal(g_str_hash(texts[i]), g_str_hash(texts[0]));
        other += mh_keyed_hash_text(texts[i]) != mh_keyed_hash_text(texts[0]);
    }
    assert_int_not_equal(other, 0);
}

/* Digests and numbers that begin alike. */
static void
test_beginnings(void **state)
{
    MhDigest one = {{0}}, two = {{0}};
    uint64_t a = 1, b = UINT64_C(1) << 32;
    (void)state;
    two.bytes[MH_DIGEST_BYTES - 1] = 1;
    assert_true(mh_keyed_hash_digest(&one) !=
                mh_keyed_hash_digest(&two)); /* but by a rare chance */
    assert_true(mh_keyed_hash_number(&a) != mh_keyed_hash_number(&b));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_collisions),
        cmocka_unit_test(test_beginnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
