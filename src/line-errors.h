/* line-errors: what is wrong with single lines of a list that an admin wrote.
 *
 * The other lines of the list are used; the run says what it left out and ends with exit status 2.
 */
#pragma once

#include "bytes.h"

typedef struct MhLineErrors MhLineErrors;

/* @file is the list's name as the admin gave it; "-" is shown as "standard input". */
MhLineErrors *mh_line_errors_new(const char *file);
void mh_line_errors_free(MhLineErrors *errors); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhLineErrors, mh_line_errors_free)

/* @line counts from 1; 0 is "not one line". The two add "FILE:LINE: ..."; NULL @errors is fine. */
void mh_line_errors_add(MhLineErrors *errors, size_t line, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void mh_line_errors_add_error(MhLineErrors *errors, size_t line, const GError *error);

size_t mh_line_errors_count(const MhLineErrors *errors);
/* One printable line, without its end. Borrowed. */
const char *mh_line_errors_get(const MhLineErrors *errors, size_t index);

/* How such lists are made of lines: LF or CRLF, a UTF-8 byte order mark at the start is skipped.
 * Takes the next line off @rest, counting in @line. False at the end. */
bool mh_list_take_line(MhSpan *rest, size_t *line, MhSpan *out_line);
