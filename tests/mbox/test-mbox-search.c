#include "testing.h"

#include "mbox-search.h"

static size_t
search_slowly(MhSpan bytes)
{
    for (size_t i = 0; i + 1 < bytes.len; i++) {
        const uint8_t *p = bytes.data + i;
        if ((p[0] == '\n' && p[1] == 'F') || (p[0] == 0 && p[1] == 0))
            return i;
    }
    return bytes.len;
}

/* A pair at every place of every length around the block size. */
static void
finds_each_pair_everywhere(void **state)
{
    (void)state;
    static const char *const pairs[] = {"\nF", "\0\0", "\n\n", "FF", "F\n", "\0\n"};
    for (size_t len = 0; len < 200; len += len < 60 || len > 68 ? 7 : 1) {
        for (size_t at = 0; at < len; at++) {
            for (size_t p = 0; p < G_N_ELEMENTS(pairs); p++) {
                uint8_t text[200];
                memset(text, 'x', sizeof(text));
                memcpy(text + at, pairs[p], MIN(2, len - at));
                MhSpan copy = testing_exact_copy(text, len);
                size_t found = mbox_search_pair(copy), expected = search_slowly(copy);
                g_free((uint8_t *)(uintptr_t)copy.data);
                if (found != expected)
                    fail_msg("length %zu, pair %zu at %zu: %zu", len, p, at, found);
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_each_pair_everywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
