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

/* Does the start of @text take @room bytes on disk at most? Nothing does not. */
static bool
fits(const char *text, size_t len, size_t room, char escape)
{
    int code;
    g_autofree char *start = g_strndup(text, len);
    char *levels[] = {start, NULL};
    g_autofree char *directory = *start != '\0' ? try(levels, escape, &code) : NULL;
    return directory != NULL && strlen(directory) - 1 <= room;
}

/* A character of a name is made of so many at most, and takes a byte on disk at least. */
#define COMPOSED_MOST 4

/* Behind which character of @text nothing fits into @room bytes on disk. */
static const char *
end_of_room(const char *text, size_t room)
{
    for (size_t left = COMPOSED_MOST * room; left > 0 && *text != '\0'; left--)
        text = g_utf8_next_char(text);
    return text;
}

/* The character that begins about half way between two, but not with the first. */
static const char *
middle_of(const char *low, const char *high)
{
    const char *at = low + (high - low) / 2;
    while (((uint8_t)*at & 0xc0) == 0x80)
        at--;
    return at > low ? at : g_utf8_next_char(low);
}

/* The longest start of @text, in whole characters, that takes @room bytes on disk at most. What is
 * longer takes more, so it need not be tried character by character. */
static char *
start_that_fits(const char *text, size_t room, char escape)
{
    const char *low = text, *high = end_of_room(text, room);
    if (*high == '\0' && fits(text, (size_t)(high - text), room, escape))
        return g_strdup(text);
    while (low < high && g_utf8_next_char(low) < high) {
        const char *middle = middle_of(low, high);
        if (fits(text, (size_t)(middle - text), room, escape))
            low = middle;
        else
            high = middle;
    }
    return g_strndup(text, (gsize)(low - text));
}

/* The level @text, which does not fit into @room; @way leads down to it. */
static char *
cut_level(const char *text, const char *way, size_t room, char escape)
{
    g_autofree char *ending = mh_name_fit_ending(way, MH_NAME_ENDING);
    g_autofree char *start = start_that_fits(text, room - MIN(room, MH_NAME_ENDING + 1), escape);
    return g_strconcat(start, ending, NULL);
}

/* Cuts every level that takes more than @room bytes on disk. The ending is made of the way down to
 * the level, so a folder and those below it are cut alike. False as soon as all of them together
 * take too much. */
static bool
cut_levels(char *const *whole, char **levels, size_t room, char escape)
{
    size_t least = 0;
    g_autoptr(GString) way = g_string_new(NULL);
    for (size_t i = 0; whole[i] != NULL && least <= MH_LIMIT_NAME_BYTES; i++) {
        g_string_append_printf(way, "/%s", whole[i]);
        char *start = start_that_fits(whole[i], room, escape);
        bool is_whole = strcmp(start, whole[i]) == 0;
        set_level(&levels[i], is_whole ? start : cut_level(whole[i], way->str, room, escape));
        if (!is_whole)
            g_free(start);
        least += 1 + (size_t)g_utf8_strlen(levels[i], -1);
    }
    return least <= MH_LIMIT_NAME_BYTES;
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
        char *directory =
            cut_levels(whole, levels, rooms[i], escape) ? try(levels, escape, &code) : NULL;
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
