/* path-pattern: a path with the user's name in it, "/var/spool/mail/%u".
 *
 *   %u  the whole user name        %n  the part before its first '@', or all of it
 *   %h  the home directory         %d  the part after its first '@'
 *   %%  a percent sign
 *
 * A pattern is absolute: it starts with '/' or %h. Nothing that a user name or a home contributes
 * may add a component "..": the paths of an account stay where the pattern puts them.
 */
#pragma once

#include "account.h"

/* MH_CONFIG_ERROR_SYNTAX: an unknown or cut-off %, a relative path, or nothing at all. */
bool mh_path_pattern_check(const char *pattern, GError **error);

/* Do two users get two paths (as far as a pattern can tell)? */
bool mh_path_pattern_varies(const char *pattern);

/* The path for @account; g_free(). NULL with MH_CONFIG_ERROR_SYNTAX as above, or
 * MH_CONFIG_ERROR_REFUSED: the name would leave its place, or the home or domain is not known. */
char *mh_path_pattern_expand(const char *pattern, const MhAccount *account, GError **error);
