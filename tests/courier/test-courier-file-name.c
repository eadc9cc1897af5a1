#include "testing.h"

#include "courier-file-name.h"

static void
test_names(void **state)
{
    (void)state;
    enum { D = MH_FLAG_DRAFT, F = MH_FLAG_FLAGGED, R = MH_FLAG_ANSWERED };
    enum { S = MH_FLAG_SEEN, T = MH_FLAG_DELETED, NO_SIZE = 77 };
    static const struct {
        const char *name, *base;
        MhFlags flags;
        uint64_t size;
    } rows[] = {
        {"1041379201.471.a", "1041379201.471.a", 0, NO_SIZE},
        {"1.M2P3V4I5.mx,S=308:2,S", "1.M2P3V4I5.mx,S=308", S, 308},
        {"a:2,", "a", 0, NO_SIZE},
        {"a:2,DFRST", "a", D | F | R | S | T, NO_SIZE},
        {"a:2,SFS", "a", F | S, NO_SIZE},
        {"a:2,PSabs,X=T", "a", S | T, NO_SIZE},
        {"a:1,S", "a", 0, NO_SIZE},
        {"a:2", "a", 0, NO_SIZE},
        {"a:2,S:1,F", "a", 0, NO_SIZE},
        {"a:x:2,F", "a", F, NO_SIZE},
        {":2,S", "", S, NO_SIZE},
        {"", "", 0, NO_SIZE},
        {"a,S=1,S=2:2,S", "a,S=1,S=2", S, 2},
        {"a,S=1,W=9:2,", "a,S=1,W=9", 0, 1},
        {"a,W=9,S=12", "a,W=9,S=12", 0, 12},
        {"a:2,,S=5", "a", S, NO_SIZE},
        {"a,S=x", "a,S=x", 0, NO_SIZE},
        {"a,S=", "a,S=", 0, NO_SIZE},
        {"a,XS=4", "a,XS=4", 0, NO_SIZE},
        {"a,S=18446744073709551616", "a,S=18446744073709551616", 0, NO_SIZE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan name = testing_exact_copy(rows[i].name, strlen(rows[i].name));
        uint64_t size = NO_SIZE;
        bool base = mh_span_equal(courier_file_name_base(name), mh_span_from_string(rows[i].base));
        MhFlags flags = courier_file_name_flags(name);
        bool sized = courier_file_name_size(name, &size);
        g_free((void *)(uintptr_t)name.data);
        if (!base || flags != rows[i].flags || size != rows[i].size ||
            sized != (rows[i].size != NO_SIZE))
            fail_msg("row %zu: '%s'", i, rows[i].name);
    }
}

static void
test_login(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool changes; /* in new/ */
    } rows[] = {
        {"a", true},     {"a:", true},     {"a:2", true},     {"a:1,S", true}, {"", true},
        {"a:2,", false}, {"a:2,S", false}, {"a:x:2,S", true}, {":2,", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan name = testing_exact_copy(rows[i].name, strlen(rows[i].name));
        size_t base_len = courier_file_name_base(name).len;
        bool in_new = courier_file_name_changes_at_login(name, base_len, true);
        bool in_cur = courier_file_name_changes_at_login(name, base_len, false);
        g_free((void *)(uintptr_t)name.data);
        if (in_new != rows[i].changes || in_cur)
            fail_msg("row %zu: '%s'", i, rows[i].name);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_login)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
