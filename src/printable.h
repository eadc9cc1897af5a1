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
void mh_printable_append(GString *text, MhSpan bytes);
/* The bytes again; either case of hexadecimal digits, and any byte may be written so. NULL when a
 * backslash begins neither. g_free(); @out_len is set on success. */
char *mh_printable_undo(const char *text, size_t *out_len);

/* What somebody else says is printable text, made so: as above, but a backslash stays, so that text
 * which is printable is returned as it is. */
char *mh_printable_again(const char *text); /* g_free() */
/* The same for every string in @value, which stays itself when all are. A reference; bytes of type
 * "ay" are no text. Free with g_variant_unref(). */
GVariant *mh_printable_variant(GVariant *value);
