/* name-map: the names that folders get at the target, where the admin decides.
 *
 * Format: one folder a line, "user/source = target", or "* /source = target" (without the blank)
 * for every user; LF or CRLF. Empty lines and lines that start with '#' are skipped; blanks at
 * either end of a line and around the '=' do not count. Levels are parted by '/'. Bytes of a
 * name may be written as they are; backslash is "\\", and any byte may be "\xNN": control
 * characters, a '=' in the source, blanks at an end, '#' at the start, bytes that are not UTF-8
 * are written so by mh_name_map_format().
 *
 * The source is bytes below the account's folder directory (Courier: levels of the folder, without
 * INBOX); the target is UTF-8 as mail clients shall see it, without prefix. A line for the user
 * goes before one for everybody.
 *
 * Refused, line by line: no '=', no user, paths with empty components, "." or "..", a target that
 * is not UTF-8 or has control characters, a source that another line has given another target.
 */
#pragma once

#include "line-errors.h"

typedef struct MhNameMap MhNameMap;

#define MH_NAME_MAP_EVERYBODY "*"

MhNameMap *mh_name_map_new(void);
void mh_name_map_free(MhNameMap *map); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhNameMap, mh_name_map_free)

/* Never fails: what is wrong with a line is in @errors. */
MhNameMap *mh_name_map_parse(MhSpan text, MhLineErrors *errors);
/* All lines, by user and source, LF at the end of each. g_free(). */
char *mh_name_map_format(const MhNameMap *map);

/* MH_CONFIG_ERROR_REFUSED, or SYNTAX when the source has another target already. */
bool mh_name_map_add(MhNameMap *map, const char *user, MhSpan source, MhSpan target,
                     GError **error);
/* The one line that gives the user's folder @levels (UTF-8), without its end; NULL when none can.
 * g_free(). */
char *mh_name_map_line(const char *user, const char *source, char *const *levels);
/* Would @line, if a map had it, be about the user's folders? */
bool mh_name_map_is_line_of(const char *user, const char *line);
/* The target of the user's folder; NULL: the admin has not decided. Borrowed. */
const char *mh_name_map_lookup(const MhNameMap *map, const char *user, MhSpan source);
