/* name-fit: makes a Maildir++ directory for any name at all, and says what it took.
 *
 * The lower half of name-plan: one name at a time, nothing known of others.
 */
#pragma once

#include "digest.h"

/* '-' and letters or digits that stand for the source's path. */
#define MH_NAME_ENDING 6

typedef enum {
    MH_FIT_INBOX = 1 << 0,    /* a first level "inbox" is INBOX for every server */
    MH_FIT_REPLACED = 1 << 1, /* '_' for what the layout cannot hold */
    MH_FIT_CUT = 1 << 2,      /* too long for a file system */
} MhFitFlags;

/* "-xxxxxx", with @len letters or digits of the digest of @path. g_free(). */
char *mh_name_fit_ending(const char *path, size_t len);

/* The directory for @levels (UTF-8), which are changed in place to what clients will see. @path is
 * the source's, for endings. @out_flags says what was done. g_free(). */
char *mh_name_fit(char **levels, const char *path, char escape, unsigned *out_flags);
