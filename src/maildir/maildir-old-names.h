/* maildir-old-names: what message files were called before their folder was converted in place.
 *
 * Keyword letters come into names, and a base name that Dovecot cannot keep is replaced. What a
 * name was stands in the folder itself, so that there is a way back to the byte:
 *
 *     mailhaul.names = *( NEW TAB OLD LF )   ; "cur/NAME" or "new/NAME", as printable text
 *
 * (printable.h). A line is durable before its file is renamed. The last line of a base name counts;
 * a line whose file never got its new name, or has gone, does no harm. The file is there, empty if
 * nothing is renamed, in every folder that was converted: by it the lists of Dovecot beside
 * Courier's own are known to be ours.
 */
#pragma once

#include "bytes.h"

#define MAILDIR_OLD_NAMES_FILE "mailhaul.names"

typedef struct MaildirOldNames MaildirOldNames;

MaildirOldNames *maildir_old_names_new(void);
/* Lines that we never write are passed over. */
MaildirOldNames *maildir_old_names_parse(MhSpan text);
void maildir_old_names_free(MaildirOldNames *names); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MaildirOldNames, maildir_old_names_free)

/* The file at @path ("cur/NAME") is to be called @new_path. Its old name stays that of the first
 * time, with the flags that it has now. Nothing happens when the two are equal. */
void maildir_old_names_add(MaildirOldNames *names, const char *path, const char *new_path);
size_t maildir_old_names_length(const MaildirOldNames *names);
GString *maildir_old_names_format(const MaildirOldNames *names);

/* What the file at @path would be called had it never been renamed: its old name to the byte, or,
 * when its flags or its directory have changed since, the old base name with what it has now. NULL
 * when that is @path itself. g_free(). */
char *maildir_old_names_restore(const MaildirOldNames *names, const char *path);

/* The base names that files had which have one of ours now. Of char *; g_ptr_array_unref(). */
GPtrArray *maildir_old_names_of_ours(const MaildirOldNames *names);

/* Is @path the old name of a file, or the very name that it was given? Nobody has changed anything
 * of it since then. */
bool maildir_old_names_knows(const MaildirOldNames *names, const char *path);

/* The record of the folder that is open as @folder_fd. NULL with @error; NULL without: it was not
 * converted. */
MaildirOldNames *maildir_old_names_load(int folder_fd, GError **error);
bool maildir_old_names_save(const MaildirOldNames *names, int folder_fd, mode_t mode,
                            GError **error);
