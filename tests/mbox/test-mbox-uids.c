#include "testing.h"

#include "mbox-uids.h"

#define MAX_ROWS 5
#define DOVECOT  MBOX_UIDS_DOVECOT
#define UW       MBOX_UIDS_UW
#define GOOD                                                                                       \
    {                                                                                              \
        true, 1111, 30, true                                                                       \
    }
/* One X-UID with its base above; none; one that cannot be read; one without base above; two. */
#define U(n)                                                                                       \
    {                                                                                              \
        true, n, false, true                                                                       \
    }
#define NO                                                                                         \
    {                                                                                              \
        false, 0, false, true                                                                      \
    }
#define BAD                                                                                        \
    {                                                                                              \
        true, 0, false, true                                                                       \
    }
#define LONE(n)                                                                                    \
    {                                                                                              \
        true, n, false, false                                                                      \
    }
#define TWO(n)                                                                                     \
    {                                                                                              \
        true, n, true, true                                                                        \
    }

static const struct {
    const char *name;
    MboxUidsRules rules;
    MboxUidsBase base;
    size_t count;
    MboxUidsRow rows[MAX_ROWS];
    uint32_t uids[MAX_ROWS];
    uint32_t uidvalidity, uidnext;
    unsigned replaced, validity_new, none, exhausted, last_missing;
} rows[] = {
    /* Dovecot */
    {"good", DOVECOT, GOOD, 2, {U(10), U(20)}, {10, 20}, 1111, 31, 0, 0, 0, 0, 0},
    {"empty", DOVECOT, GOOD, 0, {NO}, {0}, 1111, 31, 0, 0, 0, 0, 0},
    {"new mail",
     DOVECOT,
     GOOD,
     4,
     {U(10), U(20), NO, NO},
     {10, 20, 31, 32},
     1111,
     33,
     0,
     0,
     0,
     0,
     0},
    {"gap", DOVECOT, GOOD, 3, {U(10), NO, U(20)}, {10, 31, 32}, 1111, 33, 1, 0, 0, 0, 0},
    {"not ascending",
     DOVECOT,
     GOOD,
     3,
     {U(20), U(10), U(25)},
     {20, 31, 32},
     1111,
     33,
     2,
     0,
     0,
     0,
     0},
    {"equal", DOVECOT, GOOD, 2, {U(20), U(20)}, {20, 31}, 1111, 32, 1, 0, 0, 0, 0},
    {"last", DOVECOT, GOOD, 1, {U(30)}, {30}, 1111, 31, 0, 0, 0, 0, 0},
    {"last + 1", DOVECOT, GOOD, 3, {U(10), U(31), U(32)}, {10, 31, 32}, 1111, 33, 0, 0, 0, 0, 0},
    {"last + 2", DOVECOT, GOOD, 3, {U(10), U(32), U(50)}, {10, 31, 32}, 1111, 33, 2, 0, 0, 0, 0},
    {"forged, then new",
     DOVECOT,
     GOOD,
     3,
     {U(10), U(4294967295), NO},
     {10, 31, 32},
     1111,
     33,
     1,
     0,
     0,
     0,
     0},
    {"unreadable", DOVECOT, GOOD, 3, {U(10), BAD, U(22)}, {10, 31, 32}, 1111, 33, 2, 0, 0, 0, 0},
    {"no base above", DOVECOT, GOOD, 2, {LONE(10), U(20)}, {31, 32}, 1111, 33, 2, 0, 0, 0, 0},
    {"repeated", DOVECOT, GOOD, 2, {U(10), TWO(15)}, {10, 15}, 1111, 31, 0, 0, 0, 0, 0},
    {"no base", DOVECOT, {0}, 2, {LONE(10), U(20)}, {1, 2}, 0, 3, 0, 0, 1, 0, 0},
    {"validity 0", DOVECOT, {true, 0, 30, true}, 2, {U(10), U(20)}, {1, 2}, 0, 3, 0, 0, 1, 0, 0},
    {"no last", DOVECOT, {true, 1111, 0, false}, 2, {U(10), U(20)}, {1, 2}, 1111, 3, 2, 0, 0, 0, 1},
    {"no last, but right",
     DOVECOT,
     {true, 1111, 0, false},
     2,
     {U(1), U(2)},
     {1, 2},
     1111,
     3,
     0,
     0,
     0,
     0,
     1},
    {"nearly at the end",
     DOVECOT,
     {true, 1111, 4294967292, true},
     2,
     {U(10), NO},
     {10, 4294967293},
     1111,
     4294967294,
     0,
     0,
     0,
     0,
     0},
    {"at the end",
     DOVECOT,
     {true, 1111, 4294967293, true},
     2,
     {U(10), NO},
     {1, 2},
     0,
     3,
     0,
     0,
     0,
     1,
     0},
    {"behind the end",
     DOVECOT,
     {true, 1111, 4294967295, true},
     2,
     {U(10), NO},
     {1, 2},
     0,
     3,
     0,
     0,
     0,
     1,
     0},
    {"no next one",
     DOVECOT,
     {true, 1111, 4294967294, true},
     1,
     {U(4294967294)},
     {1},
     0,
     2,
     0,
     0,
     0,
     1,
     0},
    {"empty, no next one",
     DOVECOT,
     {true, 1111, 4294967294, true},
     0,
     {NO},
     {0},
     0,
     1,
     0,
     0,
     0,
     1,
     0},
    /* c-client */
    {"uw: good", UW, GOOD, 2, {U(10), U(30)}, {10, 30}, 1111, 31, 0, 0, 0, 0, 0},
    {"uw: new mail", UW, GOOD, 3, {U(10), NO, NO}, {10, 31, 32}, 1111, 33, 0, 0, 0, 0, 0},
    {"uw: gap", UW, GOOD, 3, {U(10), NO, U(20)}, {1, 2, 3}, 0, 4, 0, 1, 0, 0, 0},
    {"uw: not ascending", UW, GOOD, 2, {U(20), U(10)}, {1, 2}, 0, 3, 0, 1, 0, 0, 0},
    {"uw: last + 1", UW, GOOD, 2, {U(10), U(31)}, {1, 2}, 0, 3, 0, 1, 0, 0, 0},
    {"uw: repeated", UW, GOOD, 2, {U(10), TWO(15)}, {1, 2}, 0, 3, 0, 1, 0, 0, 0},
    {"uw: unreadable", UW, GOOD, 2, {U(10), BAD}, {1, 2}, 0, 3, 0, 1, 0, 0, 0},
    {"uw: no base above", UW, GOOD, 2, {LONE(10), NO}, {31, 32}, 1111, 33, 1, 0, 0, 0, 0},
    {"uw: no base", UW, {0}, 1, {LONE(10)}, {1}, 0, 2, 0, 0, 1, 0, 0},
    {"uw: no last", UW, {true, 1111, 0, false}, 2, {U(1), U(2)}, {1, 2}, 0, 3, 0, 0, 1, 0, 0},
    {"uw: at the end",
     UW,
     {true, 1111, 4294967294, true},
     2,
     {U(10), NO},
     {1, 2},
     0,
     3,
     0,
     0,
     0,
     1,
     0},
};

static void
test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint32_t uids[MAX_ROWS] = {0};
        MhFindings *findings = mh_findings_new();
        MhUidState uid_state = mbox_uids_assign(rows[i].rows, rows[i].count, rows[i].base,
                                                rows[i].rules, uids, findings);
        bool good = uid_state.uidvalidity == rows[i].uidvalidity &&
                    uid_state.uidnext == rows[i].uidnext &&
                    memcmp(uids, rows[i].uids, sizeof(uids)) == 0;
        unsigned found[] = {MH_FINDING_MBOX_UID_REPLACED, MH_FINDING_MBOX_UIDVALIDITY_NEW,
                            MH_FINDING_MBOX_UIDS_NONE, MH_FINDING_MBOX_UIDS_EXHAUSTED,
                            MH_FINDING_MBOX_UIDLAST_MISSING};
        unsigned expected[] = {rows[i].replaced, rows[i].validity_new, rows[i].none,
                               rows[i].exhausted, rows[i].last_missing};
        for (size_t f = 0; f < G_N_ELEMENTS(found); f++)
            good &= mh_findings_count(findings, found[f]) == expected[f];
        mh_findings_free(findings);
        if (!good)
            fail_msg("%s: %u %u, %u %u %u", rows[i].name, uid_state.uidvalidity, uid_state.uidnext,
                     uids[0], uids[1], uids[2]);
    }
}

/* Whatever the rows: ascending, within bounds, below uidnext. */
static void
test_always_ascending(void **state)
{
    (void)state;
    static const uint32_t values[] = {0, 1, 2, 30, 31, 32, 4294967293, 4294967294, 4294967295};
    GRand *rand = g_rand_new_with_seed(7);
    for (int round = 0; round < 20000; round++) {
        MboxUidsRow some[MAX_ROWS];
        size_t count = (size_t)g_rand_int_range(rand, 0, MAX_ROWS + 1);
        for (size_t i = 0; i < count; i++) {
            some[i] = (MboxUidsRow){
                .has_uid = g_rand_boolean(rand),
                .uid = values[g_rand_int_range(rand, 0, G_N_ELEMENTS(values))],
                .repeated = g_rand_int_range(rand, 0, 5) == 0,
                .has_base_above = i > 0 || g_rand_boolean(rand),
            };
        }
        MboxUidsBase base = {g_rand_boolean(rand), g_rand_boolean(rand) ? 1111 : 0,
                             values[g_rand_int_range(rand, 0, G_N_ELEMENTS(values))],
                             g_rand_boolean(rand)};
        uint32_t uids[MAX_ROWS];
        MhUidState uid_state =
            mbox_uids_assign(some, count, base, g_rand_boolean(rand) ? DOVECOT : UW, uids, NULL);
        uint32_t previous = 0;
        for (size_t i = 0; i < count; i++) {
            assert_true(uids[i] > previous);
            previous = uids[i];
        }
        assert_true(uid_state.uidnext > previous && uid_state.uidnext <= MH_UID_MAX);
        assert_true(uid_state.uidvalidity == 0 || uid_state.uidvalidity == base.uidvalidity);
    }
    g_rand_free(rand);
}

static void
test_from_headers(void **state)
{
    (void)state;
    MboxMetadata m;
    mbox_metadata_read(MH_SPAN_LITERAL("X-UID: 9\nX-IMAPbase: 1111 0000000030\nX-UID: 10\n"), &m);
    MboxUidsBase base = mbox_uids_base(&m);
    assert_true(base.has_base && base.has_last);
    assert_int_equal(base.uidvalidity, 1111);
    assert_int_equal(base.uidlast, 30);
    MboxUidsRow row = mbox_uids_row(&m, true);
    assert_true(row.has_uid && row.has_base_above && !row.repeated);
    assert_int_equal(row.uid, 10);
    row = mbox_uids_row(&m, false);
    assert_true(row.has_uid && row.has_base_above && row.repeated);
    assert_int_equal(row.uid, 9);
    mbox_metadata_read(MH_SPAN_LITERAL("X-UID: 9\n"), &m);
    row = mbox_uids_row(&m, true);
    assert_true(row.has_uid && !row.has_base_above);
    mbox_metadata_read(MH_SPAN_LITERAL("X-IMAPbase: 1111 30\n"), &m);
    row = mbox_uids_row(&m, true);
    assert_false(row.has_uid);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_always_ascending),
        cmocka_unit_test(test_from_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
