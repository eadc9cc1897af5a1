#include "testing.h"

#include "digest.h"

/* BLAKE2b with 20 bytes of output, computed by another implementation, and its base32. */
static void
test_known(void **state)
{
    static const struct {
        const char *name, *text;
        int times;
        const char *digest;
    } rows[] = {
        {"empty", "", 1, "gncvesv7no7bqckesisllfzmif4qw3hs"},
        {"abc", "abc", 1, "hbbgj5tw6oktnbafepzijeq43rulnbdl"},
        {"in pieces", "a", 1000, "bsggj52ky7lcht57yrjk56zr3c4nvwwz"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhDigester digester;
        char text[MH_DIGEST_TEXT + 1];
        mh_digester_init(&digester);
        for (int n = 0; n < rows[i].times; n++)
            mh_digester_add(&digester, mh_span_from_string(rows[i].text));
        MhDigest digest = mh_digester_finish(&digester);
        mh_digest_format(&digest, text);
        if (strcmp(text, rows[i].digest) != 0)
            fail_msg("%s: %s", rows[i].name, text);
        MhDigest whole = mh_digest_of(mh_span_from_string(rows[i].text));
        assert_true(rows[i].times > 1 || mh_digest_equal(&digest, &whole));
    }
}

static void
test_parse(void **state)
{
    static const struct {
        const char *name;
        MhSpan text;
        bool good;
    } rows[] = {
        {"good", MH_SPAN_LITERAL("abcdefghijklmnopqrstuvwxyz234567"), true},
        {"all zero", MH_SPAN_LITERAL("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), true},
        {"all ones", MH_SPAN_LITERAL("77777777777777777777777777777777"), true},
        {"empty", MH_SPAN_LITERAL(""), false},
        {"short", MH_SPAN_LITERAL("abcdefghijklmnopqrstuvwxyz23456"), false},
        {"long", MH_SPAN_LITERAL("abcdefghijklmnopqrstuvwxyz234567a"), false},
        {"capital", MH_SPAN_LITERAL("Abcdefghijklmnopqrstuvwxyz234567"), false},
        {"digit 1", MH_SPAN_LITERAL("abcdefghijklmnopqrstuvwxyz234561"), false},
        {"digit 8", MH_SPAN_LITERAL("8bcdefghijklmnopqrstuvwxyz234567"), false},
        {"padding", MH_SPAN_LITERAL("abcdefghijklmnopqrstuvwxyz23456="), false},
        {"NUL", MH_SPAN_LITERAL("abcdefghijklmnopqrstuvwxyz23456\0"), false},
        {"8-bit", MH_SPAN_LITERAL("abcdefghijklmnopqrstuvwxyz23456\xe1"), false},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan copy = testing_exact_copy(rows[i].text.data, rows[i].text.len);
        MhDigest digest, before;
        memset(&digest, 0x55, sizeof digest);
        before = digest;
        bool good = mh_digest_parse(copy, &digest);
        g_free((void *)(uintptr_t)copy.data);
        if (good != rows[i].good || (!good && !mh_digest_equal(&digest, &before)))
            fail_msg("%s", rows[i].name);
        char text[MH_DIGEST_TEXT + 1];
        mh_digest_format(&digest, text);
        assert_true(!good || mh_span_equal(mh_span_from_string(text), rows[i].text));
    }
}

static void
test_round_trip(void **state)
{
    (void)state;
    g_autoptr(GRand) dice = g_rand_new_with_seed(32);
    for (int round = 0; round < 10000; round++) {
        MhDigest digest, again;
        char text[MH_DIGEST_TEXT + 1];
        for (size_t i = 0; i < MH_DIGEST_BYTES; i++)
            digest.bytes[i] = (uint8_t)g_rand_int_range(dice, 0, 256);
        mh_digest_format(&digest, text);
        assert_true(mh_digest_parse(mh_span_from_string(text), &again));
        assert_true(mh_digest_equal(&digest, &again));
        again.bytes[round % MH_DIGEST_BYTES] ^= 1;
        assert_false(mh_digest_equal(&digest, &again));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
