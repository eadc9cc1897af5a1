/* manual-text: what the tests of manual pages have in common: the page's text is their state. */
#pragma once

#include "testing.h"

static inline int
manual_text_set_up(void **state, const char *path)
{
    char *text;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return -1;
    *state = text;
    return 0;
}

static inline int
manual_text_tear_down(void **state)
{
    g_free(*state);
    return 0;
}

/* What follows the line @at, up to the next macro, as one line without mdoc's escapes. g_free(). */
static inline char *
manual_text_below(const char *at)
{
    at = strchr(at, '\n') + 1;
    const char *end = strstr(at, "\n.");
    char *text = end != NULL ? g_strndup(at, (size_t)(end - at)) : g_strdup(at);
    g_strdelimit(text, "\n", ' ');
    GString *plain = g_string_new(text);
    g_free(text);
    g_string_replace(plain, "\\&", "", 0);
    g_string_replace(plain, "\\e", "\\", 0);
    return g_string_free(plain, FALSE);
}
