#include "nearest.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* Nobody misspells a longer word of ours. */
#define LONGEST 64

static size_t
min3(size_t a, size_t b, size_t c)
{
    return MIN(MIN(a, b), c);
}

static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][LONGEST + 1];
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = rows[i % 3];
        const size_t *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t changed = last[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = min3(last[j] + 1, now[j - 1] + 1, changed);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = MIN(now[j], before[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

const char *
mh_nearest_word(const char *word, const char *const *words, size_t count)
{
    size_t len = strlen(word);
    if (len == 0 || len > LONGEST)
        return NULL;
    const char *best = NULL;
    size_t best_distance = (len + 2) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        size_t other_len = strlen(words[i]);
        if (other_len > LONGEST)
            continue;
        bool begins = len >= 3 && strncmp(words[i], word, len) == 0;
        size_t d = begins ? 1 : distance(word, len, words[i], other_len);
        if (d < best_distance) {
            best = words[i];
            best_distance = d;
        }
    }
    return best;
}
