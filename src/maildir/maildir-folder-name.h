/* maildir-folder-name: what a folder's directory is called in a Maildir++ tree for Dovecot.
 *
 * Format: 1*( "." COMPONENT ). INBOX is the tree's root and has no such name. A component is text
 * in Unicode's composed form (NFC), then modified UTF-7 (mutf7.h; control characters are in base64
 * there), then escaped with a character of the admin's choice: CHAR and two lower-case hexadecimal
 * digits for '.', '/', CHAR itself, and '~' at the component's beginning. Any other spelling of a
 * name is listed but cannot be opened.
 * Source: Dovecot 2.3 with its listescape plugin, 2.4 with mailbox_list_storage_escape_char
 * (observed).
 *
 * Courier's names have no escapes, and a component never holds '.' or '/'. Up to 4.x they are the
 * client's modified UTF-7, unchecked; from 5.0 on UTF-8. (The octal escapes that its own SMAP
 * protocol writes are plain text for IMAP clients, and are for us.)
 */
#pragma once

#include "finding.h"
#include "maildir-error.h"

#define MAILDIR_ESCAPE_DEFAULT '^'
#define MAILDIR_ESCAPE_NONE    '\0'

/* May @escape be the escape character? Punctuation that means nothing in a name already. */
bool maildir_folder_name_escape_fits(char escape);

/* A component as valid UTF-8 in NFC: bytes that are no UTF-8 count as Latin-1. What was changed
 * becomes findings (which may be NULL). g_free(). */
char *maildir_folder_name_text(MhSpan component, MhFindings *findings);

/* The directory for a source folder with these components, raw bytes. NULL with
 * - MAILDIR_ERROR_TOO_LONG when no file system could hold the name: a shorter one must be chosen;
 * - MAILDIR_ERROR_VALUE when there is no component, or one is empty, holds NUL, or would need an
 *   escape and @escape is MAILDIR_ESCAPE_NONE.
 * g_free(). */
char *maildir_folder_name_from_path(const MhSpan *components, size_t count, char escape,
                                    MhFindings *findings, GError **error);

/* The components, in UTF-8, of a directory whose name is spelt as above (NFC or not). NULL with
 * MAILDIR_ERROR_VALUE when Dovecot could not open it. g_strfreev(). */
char **maildir_folder_name_to_path(MhSpan directory, char escape, GError **error);

typedef enum {
    MAILDIR_COURIER_MUTF7, /* before 5.0 */
    MAILDIR_COURIER_UTF8,  /* 5.0 and later */
} MaildirCourierCharset;

/* The directory for a folder of Courier's, from its directory ".a.b". A component that is no
 * modified UTF-7 although it should be is taken for the text that it shows. Errors as above. */
char *maildir_folder_name_from_courier(MhSpan directory, MaildirCourierCharset charset, char escape,
                                       MhFindings *findings, GError **error);

/* Is it INBOX once more (".INBOX", in any case)? Dovecot shows its own INBOX instead. */
bool maildir_folder_name_is_inbox(MhSpan directory);
/* Does it stand below such a name (".INBOX.x")? */
bool maildir_folder_name_is_below_inbox(MhSpan directory);

/* Equal for names that differ in nothing but case or composition: those collide in clients and
 * file systems that look at neither. g_free(). */
char *maildir_folder_name_key(MhSpan directory, char escape);
