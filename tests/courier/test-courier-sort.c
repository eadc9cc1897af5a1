#include "testing.h"

#include "courier-sort.h"

static int
compare(const char *a, const char *b, CourierSort order)
{
    MhSpan span_a = testing_exact_copy(a, strlen(a));
    MhSpan span_b = testing_exact_copy(b, strlen(b));
    int result = courier_sort_compare(span_a, span_b, order);
    g_free((void *)(uintptr_t)span_a.data);
    g_free((void *)(uintptr_t)span_b.data);
    return result < 0 ? -1 : result > 0;
}

static void
test_orders(void **state)
{
    (void)state;
    static const struct {
        const char *name, *a, *b;
        int imap, pop3;
    } rows[] = {
        {"numbers before bytes", "9.x", "10.x", -1, -1},
        {"no number is 0", "M99999.x", "1.x", -1, -1},
        {"M numbers are bytes", "M99999.x", "M100000.x", 1, 1},
        {"leading blank", " 5.x", "5.x", -1, -1},
        {"negative first", "-5.x", "0", -1, -1},
        {"saturated numbers compare by bytes", "99999999999999999999.a", "99999999999999999998.b",
         1, 1},
        {"same base, other flags", "1.x:2,S", "1.x:2,", 0, 0},
        {"info on one side only", "1.x", "1.x:2,S", 0, -1},
        {"a longer base", "1.x:2,S", "1.x.y:2,S", -1, 1},
        {"a longer base without info", "1.x", "1.x.y", -1, -1},
        {"8-bit", "1.\xc3\xa9", "1.a", 1, -1},
        {"8-bit against the end", "1.\xc3\xa9", "1.", 1, -1},
        {"both empty", "", "", 0, 0},
        {"leading zeros differ in bytes", "01.x", "1.x", -1, -1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *a = rows[i].a, *b = rows[i].b;
        if (compare(a, b, COURIER_SORT_IMAP) != rows[i].imap ||
            compare(b, a, COURIER_SORT_IMAP) != -rows[i].imap ||
            compare(a, b, COURIER_SORT_POP3) != rows[i].pop3 ||
            compare(b, a, COURIER_SORT_POP3) != -rows[i].pop3)
            fail_msg("row %zu: %s", i, rows[i].name);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_orders)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
