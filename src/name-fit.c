#include "name-fit.h"

#include "maildir/maildir-folder-name.h"
#include "size-limits.h"

#include <string.h>

char *
mh_name_fit_ending(const char *path, size_t len)
{
    char text[MH_DIGEST_TEXT + 1];
    MhDigest digest = mh_digest_of(mh_span_from_string(path));
    mh_digest_format(&digest, text);
    return g_strdup_printf("-%.*s", (int)MIN(len, MH_DIGEST_TEXT), text);
}

/* The directory of @levels, or NULL with the reason. */
static char *
try(char *const *levels, char escape, int *out_code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(MhSpan));
    for (size_t i = 0; levels[i] != NULL; i++) {
        MhSpan level = mh_span_from_string(levels[i]);
        g_array_append_val(spans, level);
    }
    char *directory = maildir_folder_name_from_path((const MhSpan *)(void *)spans->data, spans->len,
                                                    escape, NULL, &error);
    *out_code = error != NULL ? error->code : -1;
    return directory;
}

static void
set_level(char **level, char *text)
{
    g_free(*level);
    *level = text;
}

/* The longest start of @text, in whole characters, that takes @room bytes on disk at most. */
static char *
start_that_fits(const char *text, size_t room, char escape)
{
    char *start = g_strdup(text);
    for (;;) {
        int code;
        char *levels[] = {start, NULL};
        g_autofree char *directory = *start != '\0' ? try(levels, escape, &code) : NULL;
        if (*start == '\0' || (directory != NULL && strlen(directory) - 1 <= room))
            return start;
        *g_utf8_prev_char(start + strlen(start)) = '\0';
    }
}

/* Cuts every level that takes more than @room bytes on disk. The ending is made of the way down to
 * the level, so a folder and those below it are cut alike. */
static void
cut_levels(char *const *whole, char **levels, size_t room, char escape)
{
    g_autoptr(GString) way = g_string_new(NULL);
    for (size_t i = 0; whole[i] != NULL; i++) {
        g_string_append_printf(way, "/%s", whole[i]);
        g_autofree char *fits = start_that_fits(whole[i], room, escape);
        g_autofree char *ending = mh_name_fit_ending(way->str, MH_NAME_ENDING);
        if (strcmp(fits, whole[i]) == 0) {
            set_level(&levels[i], g_steal_pointer(&fits));
            continue;
        }
        g_autofree char *start =
            start_that_fits(whole[i], room - MIN(room, MH_NAME_ENDING + 1), escape);
        set_level(&levels[i], g_strconcat(start, ending, NULL));
    }
}

/* All levels in one: for a path of more levels than have room. */
static void
flatten(char **levels, const char *path, char escape)
{
    g_autofree char *start = start_that_fits(levels[0], MH_LIMIT_NAME_BYTES / 2, escape);
    /* the levels, too: what asks again has another name in mind */
    g_autofree char *joined = g_strjoinv("/", levels);
    g_autofree char *whole = g_strconcat(path, "//", joined, NULL);
    g_autofree char *ending = mh_name_fit_ending(whole, MH_DIGEST_TEXT);
    for (size_t i = 1; levels[i] != NULL; i++)
        g_free(levels[i]);
    set_level(&levels[0], g_strconcat(start, ending, NULL));
    levels[1] = NULL;
}

static char *
cut(char **levels, const char *path, char escape)
{
    static const size_t rooms[] = {160, 120, 80, 60, 40, 30, 20};
    int code;
    g_auto(GStrv) whole = g_strdupv(levels);
    for (size_t i = 0; i < G_N_ELEMENTS(rooms); i++) {
        cut_levels(whole, levels, rooms[i], escape);
        char *directory = try(levels, escape, &code);
        if (directory != NULL)
            return directory;
    }
    for (size_t i = 0; whole[i] != NULL; i++)
        set_level(&levels[i], g_strdup(whole[i]));
    flatten(levels, path, escape);
    return try(levels, escape, &code);
}

/* Would @at, on disk escaped as it must be, be taken for an escape when Dovecot decodes it a second
 * time? Its list index does (2.3 and 2.4, observed): "per^cent" becomes bytes that are no UTF-8,
 * and every session of the user dies at its first LIST. */
static bool
looks_escaped(const char *at, char escape)
{
    return at[0] == escape && g_ascii_isxdigit(at[1]) && g_ascii_isxdigit(at[2]);
}

/* '_' for what no directory can hold: an empty level, the escape character where two digits seem to
 * follow it, and without an escape character '.', '/' and a '~' in front of all. */
static bool
replace(char **levels, char escape)
{
    bool replaced = false;
    for (size_t i = 0; levels[i] != NULL; i++) {
        g_autofree char *before = g_strdup(levels[i]);
        if (*before == '\0')
            set_level(&levels[i], g_strdup("_"));
        if (escape == MAILDIR_ESCAPE_NONE)
            g_strdelimit(levels[i], "./", '_');
        if (escape == MAILDIR_ESCAPE_NONE && i == 0 && levels[i][0] == '~')
            levels[i][0] = '_';
        for (char *at = levels[i]; escape != MAILDIR_ESCAPE_NONE && *at != '\0'; at++)
            *at = looks_escaped(at, escape) ? '_' : *at;
        replaced = replaced || strcmp(before, levels[i]) != 0;
    }
    return replaced;
}

char *
mh_name_fit(char **levels, const char *path, char escape, unsigned *out_flags)
{
    int code;
    *out_flags = 0;
    if (levels[1] != NULL && g_ascii_strcasecmp(levels[0], "INBOX") == 0 &&
        strcmp(levels[0], "INBOX") != 0) {
        set_level(&levels[0], g_strdup("INBOX"));
        *out_flags |= MH_FIT_INBOX;
    }
    if (replace(levels, escape))
        *out_flags |= MH_FIT_REPLACED;
    char *directory = try(levels, escape, &code);
    if (directory == NULL && code == MAILDIR_ERROR_TOO_LONG) {
        *out_flags |= MH_FIT_CUT;
        directory = cut(levels, path, escape);
    }
    g_assert(directory != NULL);
    return directory;
}
