#include "user-sample.h"

#include "digest.h"

#include <string.h>

typedef struct {
    const MhSampleRow *row;
    MhDigest rank;
} Candidate;

typedef struct {
    uint32_t format, bucket, oddness;
    size_t first, count; /* of the sorted candidates */
    size_t taken;
} Stratum;

/* What the users chosen so far have shown. */
typedef struct {
    uint32_t formats, oddness;
    uint64_t buckets[2]; /* 65 of them: 0, 1, 2-3, 4-7, ... */
} Shown;

static uint32_t
size_bucket(uint64_t size)
{
    uint32_t bucket = 0;
    for (; size > 0; size >>= 1)
        bucket++;
    return bucket;
}

static int
compare_u32(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

static int
compare_strata(const MhSampleRow *a, const MhSampleRow *b)
{
    int order = compare_u32(a->format, b->format);
    if (order == 0)
        order = compare_u32(size_bucket(a->size_bytes), size_bucket(b->size_bytes));
    return order != 0 ? order : compare_u32(a->oddness, b->oddness);
}

static int
compare_candidates(const void *left, const void *right)
{
    const Candidate *a = left, *b = right;
    int order = compare_strata(a->row, b->row);
    if (order == 0)
        order = memcmp(a->rank.bytes, b->rank.bytes, MH_DIGEST_BYTES);
    return order != 0 ? order : strcmp(a->row->user, b->row->user);
}

static Candidate *
rank(const MhSampleRow *rows, size_t count)
{
    Candidate *candidates = g_new(Candidate, MAX(count, 1));
    for (size_t i = 0; i < count; i++) {
        candidates[i].row = &rows[i];
        candidates[i].rank = mh_digest_of(mh_span_from_string(rows[i].user));
    }
    qsort(candidates, count, sizeof(Candidate), compare_candidates);
    return candidates;
}

static GArray *
stratify(const Candidate *candidates, size_t count)
{
    GArray *strata = g_array_new(FALSE, FALSE, sizeof(Stratum));
    for (size_t i = 0; i < count; i++) {
        const MhSampleRow *row = candidates[i].row;
        if (i == 0 || compare_strata(candidates[i - 1].row, row) != 0) {
            Stratum stratum = {.format = row->format,
                               .bucket = size_bucket(row->size_bytes),
                               .oddness = row->oddness,
                               .first = i};
            g_array_append_val(strata, stratum);
        }
        g_array_index(strata, Stratum, strata->len - 1).count++;
    }
    return strata;
}

static unsigned
count_new(const Stratum *stratum, const Shown *shown)
{
    uint64_t bucket = UINT64_C(1) << stratum->bucket % 64;
    bool new_format = (shown->formats & (1u << stratum->format % 32)) == 0;
    bool new_bucket = (shown->buckets[stratum->bucket / 64] & bucket) == 0;
    int new_oddness = __builtin_popcount(stratum->oddness & ~shown->oddness);
    return (unsigned)new_format + (unsigned)new_bucket + (unsigned)new_oddness;
}

static void
show(Shown *shown, const Stratum *stratum)
{
    shown->formats |= 1u << stratum->format % 32;
    shown->buckets[stratum->bucket / 64] |= UINT64_C(1) << stratum->bucket % 64;
    shown->oddness |= stratum->oddness;
}

/* Is @a rather to be taken from than @b? Both have users left; ties go to the earlier one. */
static bool
goes_before(const Stratum *a, const Stratum *b, const Shown *shown)
{
    unsigned new_a = count_new(a, shown), new_b = count_new(b, shown);
    if (new_a != new_b)
        return new_a > new_b;
    /* The highest average: users for each place, this one included. */
    return a->count * (b->taken + 1) > b->count * (a->taken + 1);
}

static Stratum *
next_stratum(GArray *strata, const Shown *shown)
{
    Stratum *best = NULL;
    for (size_t i = 0; i < strata->len; i++) {
        Stratum *stratum = &g_array_index(strata, Stratum, i);
        if (stratum->taken < stratum->count && (best == NULL || goes_before(stratum, best, shown)))
            best = stratum;
    }
    return best;
}

static int
compare_indices(const void *a, const void *b)
{
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return left < right ? -1 : left > right;
}

GArray *
mh_user_sample(const MhSampleRow *rows, size_t count, size_t wanted)
{
    GArray *chosen = g_array_new(FALSE, FALSE, sizeof(size_t));
    g_autofree Candidate *candidates = rank(rows, count);
    g_autoptr(GArray) strata = stratify(candidates, count);
    Shown shown = {0};
    while (chosen->len < wanted) {
        Stratum *stratum = next_stratum(strata, &shown);
        if (stratum == NULL)
            break;
        show(&shown, stratum);
        size_t index = (size_t)(candidates[stratum->first + stratum->taken].row - rows);
        stratum->taken++;
        g_array_append_val(chosen, index);
    }
    g_array_sort(chosen, compare_indices);
    return chosen;
}
