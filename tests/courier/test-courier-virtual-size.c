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

/* A file of @lines lines of 100 bytes with @crlf_line ending in CR LF, @end behind them. */
static FILE *
make_file(int lines, int crlf_line, const char *end)
{
    FILE *file = tmpfile();
    for (int i = 0; i < lines; i++)
        fprintf(file, "%098d%s", i, i == crlf_line ? "\r\n" : "x\n");
    fputs(end, file);
    fflush(file);
    return file;
}

static void
test_believe(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int lines, crlf_line;
        const char *end;
        int64_t off; /* the listed size, from the right one */
        bool believed;
    } rows[] = {
        {"large", 1000, -1, "", 0, true},
        {"small", 100, -1, "", 0, false},
        {"first line", 1000, 0, "", 0, false},
        {"last line", 1000, 999, "", 0, false},
        {"end of the first sample", 1000, 650, "", 0, false},
        {"no line end", 1000, -1, "x", 0, false},
        {"not more than the size", 1000, -1, "", -1000, false},
        {"fewer line ends than seen", 1000, -1, "", -600, false},
        {"more than double", 1000, -1, "", 100000, false},
        {"double", 1000, -1, "", 99000, true},
        {"what escapes: CR LF in the middle alone", 1000, 800, "", 1, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        FILE *file = make_file(rows[i].lines, rows[i].crlf_line, rows[i].end);
        CourierLineCount count;
        bool read = courier_virtual_size_read(fileno(file), &count, NULL);
        uint64_t listed = courier_virtual_size(&count) + (uint64_t)rows[i].off;
        bool believed = courier_virtual_size_believe(fileno(file), count.size_bytes, listed);
        fclose(file);
        if (!read || believed != rows[i].believed)
            fail_msg("%s", rows[i].name);
    }
}

static void
test_read_failure(void **state)
{
    (void)state;
    int fds[2];
    CourierLineCount count;
    g_autoptr(GError) error = NULL;
    assert_int_equal(pipe(fds), 0);
    assert_false(courier_virtual_size_read(fds[0], &count, &error));
    assert_int_equal(error->domain, G_FILE_ERROR);
    assert_false(courier_virtual_size_believe(fds[0], 100000, 101000));
    close(fds[0]);
    close(fds[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_believe),
        cmocka_unit_test(test_read_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
