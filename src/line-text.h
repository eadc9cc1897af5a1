/* line-text: a text of many lines, which are read again and again by where they begin.
 *
 * A small text is held whole. Of a large one only windows are held, and its file stays open: one
 * window that reads ahead where lines are asked for one after the other, and a small one for a line
 * from anywhere else.
 */
#pragma once

#include "bytes.h"

typedef struct MhLineText MhLineText;

/* @bytes are held. */
MhLineText *mh_line_text_new(GBytes *bytes);
/* The first @size bytes of the file @fd, which is taken and closed, on error as well. */
MhLineText *mh_line_text_open(int fd, uint64_t size, GError **error);
/* The same; texts up to @held_bytes are held whole. */
MhLineText *mh_line_text_open_held(int fd, uint64_t size, uint64_t held_bytes, GError **error);
/* As mh_line_text_open(), of a file that nobody is to write into: a line is always what it was when
 * it was first read, or it is not had, with a G_FILE_ERROR_AGAIN. */
MhLineText *mh_line_text_open_lasting(int fd, uint64_t size, GError **error);
void mh_line_text_free(MhLineText *text); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhLineText, mh_line_text_free)

uint64_t mh_line_text_size(const MhLineText *text);

/* The line that begins at @at, without its LF, and where the next one begins. False where no line
 * ends, and when the file cannot be read: see mh_line_text_check(). The line is borrowed until the
 * next call. */
bool mh_line_text_get(MhLineText *text, uint64_t at, MhSpan *out_line, uint64_t *out_next);

/* False with @error when at some time the file could not be read. */
bool mh_line_text_check(const MhLineText *text, GError **error);
