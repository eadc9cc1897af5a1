#include "testing.h"

#include "courier-virtual-size.h"

#include <stdio.h>
#include <unistd.h>

static void
test_count(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t virtual_size;
    } rows[] = {
        {"", 0},          {"a", 1},      {"\n", 2}, {"\r\n", 2},     {"\r\r\n", 3},
        {"a\nb\r\nc", 7}, {"\n\n\n", 6}, {"\r", 1}, {"a\r\rb\n", 6}, {"\n\r\n", 4},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t len = strlen(rows[i].text);
        for (size_t cut = 0; cut <= len; cut++) {
            CourierLineCount count = {0};
            MhSpan first = testing_exact_copy(rows[i].text, cut);
            MhSpan second = testing_exact_copy(rows[i].text + cut, len - cut);
            courier_virtual_size_count(&count, first);
            courier_virtual_size_count(&count, second);
            g_free((void *)(uintptr_t)first.data);
            g_free((void *)(uintptr_t)second.data);
            if (courier_virtual_size(&count) != rows[i].virtual_size || count.size_bytes != len)
                fail_msg("row %zu, cut at %zu", i, cut);
        }
    }
}

static void
test_plausible(void **state)
{
    (void)state;
    static const struct {
        uint64_t size_bytes, listed_size;
        bool plausible;
    } rows[] = {
        {100, 101, true}, {100, 200, true}, {100, 100, false},        {100, 201, false},
        {100, 99, false}, {100, 0, false},  {100, UINT64_MAX, false}, {0, 0, false},
        {0, 1, false},    {1, 2, true},     {UINT64_MAX, 5, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (courier_virtual_size_plausible(rows[i].size_bytes, rows[i].listed_size) !=
            rows[i].plausible)
            fail_msg("row %zu", i);
    }
}

static void
test_samples(void **state)
{
    (void)state;
    static const size_t rows[][2] = {{0, 0},    {1, 1},    {64, 64},     {65, 64},
                                     {191, 64}, {192, 65}, {100000, 844}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_int_equal(courier_virtual_size_samples(rows[i][0]), rows[i][1]);
}

static void
test_read(void **state)
{
    (void)state;
    CourierLineCount count;
    FILE *file = tmpfile();
    for (int i = 0; i < 10000; i++)
        fputs(i % 3 == 0 ? "a line\r\n" : "a line\n", file);
    fflush(file);
    assert_true(courier_virtual_size_read(fileno(file), true, &count, NULL));
    assert_int_equal(count.size_bytes, 10000 * 7 + 3334);
    assert_int_equal(courier_virtual_size(&count), 80000);
    fclose(file);
}

static void
test_read_failure(void **state)
{
    (void)state;
    int fds[2];
    CourierLineCount count;
    g_autoptr(GError) error = NULL;
    assert_int_equal(pipe(fds), 0);
    assert_false(courier_virtual_size_read(fds[0], true, &count, &error));
    assert_int_equal(error->domain, G_FILE_ERROR);
    close(fds[0]);
    close(fds[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),        cmocka_unit_test(test_plausible),
        cmocka_unit_test(test_samples),      cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
