/* safe-error: how safe-file and its kin word a failure: what was attempted, on which whole path,
 * why.
 *
 * What every module needs of it is in safe-file.h: mh_set_errno(), mh_says_what_is_there() and
 * mh_is_answer().
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/* The path of an open directory or file, NULL where /proc does not tell. g_free(). */
char *mh_safe_error_path(int fd);

/* "'/the/whole/path'" as printable text. g_free(). */
char *mh_safe_error_quoted(int dirfd, const char *path);

/* Sets @error, which may be NULL, to "cannot WHAT '/the/whole/path': strerror", and for EXDEV and
 * ELOOP to what they mean of a path that is looked up safely. Always returns false. */
bool mh_safe_error_set(GError **error, int errnum, const char *what, int dirfd, const char *path);
