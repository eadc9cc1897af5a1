/* printable: bytes from outside made fit for a terminal, a log or a report.
 *
 * Valid UTF-8 that prints stays; every other byte, control characters, line separators and
 * bidirectional marks included, becomes \xNN, and a backslash becomes \\. So the text is one line,
 * and the bytes can be had back from it.
 */
#pragma once

#include "bytes.h"

char *mh_printable(MhSpan bytes);              /* g_free() */
char *mh_printable_string(const char *string); /* g_free() */
/* The bytes again; either case of hexadecimal digits, and any byte may be written so. NULL when a
 * backslash begins neither. g_free(); @out_len is set on success. */
char *mh_printable_undo(const char *text, size_t *out_len);
