/* user-sample: a few users that stand for all.
 *
 * Users fall into strata: format of the source, size (in powers of two), and kinds of oddness.
 * First come strata that show something no chosen user has shown yet (a format, a size, an
 * oddness), those that show most of it first; then strata in proportion to their users. Within a
 * stratum, users go by the digest of their names. So the choice depends on the rows alone, not on
 * their order or the clock, and a larger sample holds every smaller one.
 */
#pragma once

#include "bytes.h"

/* Kinds of oddness, bits of MhSampleRow.oddness; others may be added, up to 32. */
enum {
    MH_ODD_USER_NAME = 1 << 0,    /* the user's name is not plain ASCII */
    MH_ODD_FOLDER_NAMES = 1 << 1, /* folder names that the target must escape or convert */
    MH_ODD_LINKS = 1 << 2,        /* links in the account's trees */
    MH_ODD_MIXED = 1 << 3,        /* more than one format in one account */
    MH_ODD_EMPTY = 1 << 4,        /* no mail at all */
};

typedef struct {
    const char *user;    /* borrowed; each user once */
    uint64_t size_bytes; /* of the source */
    uint32_t format;     /* any small number, 0..31 */
    uint32_t oddness;
} MhSampleRow;

/* Indices into @rows, ascending, of @wanted users, or of all when there are no more; an array of
 * size_t, g_array_unref(). */
GArray *mh_user_sample(const MhSampleRow *rows, size_t count, size_t wanted);
