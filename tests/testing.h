/* testing: what every cmocka test of ours includes. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "bytes.h"

/* A copy of @text on a heap block of exactly its size, so that the address sanitizer catches a
 * read of one byte too far. Free with g_free() on ->data. */
static inline MhSpan
testing_exact_copy(const void *data, size_t len)
{
    uint8_t *block = g_malloc(len > 0 ? len : 1);
    if (len > 0)
        memcpy(block, data, len);
    return mh_span(block, len);
}

/* Removes the directory @path with all that is in it: 0, as a teardown returns it. */
static inline int
testing_remove_tree(const char *path)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", path);
    return system(command);
}

/* Fails with the message of @error when there is one. */
#define assert_no_error(error)                                                                     \
    do {                                                                                           \
        if ((error) != NULL)                                                                       \
            fail_msg("%s", (error)->message);                                                      \
    } while (0)
