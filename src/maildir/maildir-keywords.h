/* maildir-keywords: "dovecot-keywords", the names behind the letters a-z in file names.
 *
 * Format: *( NUMBER SP NAME LF ), NUMBER 0..25 for the letters a..z, decimal; gaps are fine. Lines
 * out of range, without a name, repeating a name (compared without case), or without LF do not
 * count; a NUMBER that comes again takes the later name. A CR before LF is dropped.
 * Source: Dovecot 2.3 and 2.4 (lib-storage/index/maildir, observed). It sends names to clients as
 * they stand here, so only IMAP atoms are written.
 */
#pragma once

#include "finding.h"
#include "maildir-file-name.h"

typedef struct {
    char *names[MAILDIR_KEYWORD_LETTERS]; /* NULL: the letter is free */
} MaildirKeywords;

MaildirKeywords *maildir_keywords_new(void);
void maildir_keywords_free(MaildirKeywords *keywords); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MaildirKeywords, maildir_keywords_free)

/* Reads a whole file; lines that do not count become findings (which may be NULL). Names are kept
 * as they stand there, atoms or not. */
MaildirKeywords *maildir_keywords_parse(MhSpan text, MhFindings *findings);
/* The file's text; empty when no letter has a name. g_string_free(). */
GString *maildir_keywords_format(const MaildirKeywords *keywords);

/* The number of the letter for @name, compared without case. */
#define MAILDIR_KEYWORD_NONE 255
uint8_t maildir_keywords_find(const MaildirKeywords *keywords, const char *name);

/* @name as an IMAP atom (RFC 9051, section 9, without ']'), which it mostly is already:
 * - control characters, space and ( ) { % * " \ ] become '_' ("\Seen" is then "_Seen", as Courier
 *   shows it);
 * - if it has bytes beyond ASCII, the whole is then written in modified UTF-7, as Thunderbird
 *   does; what is no UTF-8 counts as Latin-1.
 * Names are not cut: Dovecot's limit of 50 bytes holds for what clients set, it shows longer ones.
 * NULL when nothing is left (an empty name). @out_changed, which may be NULL, says whether the
 * atom differs. g_free(). */
char *maildir_keyword_sanitise(MhSpan name, bool *out_changed);

typedef struct {
    const char *name;  /* an atom */
    uint64_t messages; /* how many carry it */
} MaildirKeywordUse;

/* Finds a letter for each of @uses, and sets @out_letters to its number (MAILDIR_KEYWORD_NONE:
 * there was none left). A name that has its letter keeps it; the most used of the others get the
 * free ones, earlier before later. @reserved are letters (bit n: 'a' + n) that must not be given
 * away, since files carry them although they have no name. Names alike but for case share a
 * letter. Returns how many of @uses got none. */
size_t maildir_keywords_assign(MaildirKeywords *keywords, const MaildirKeywordUse *uses,
                               size_t count, uint32_t reserved, uint8_t *out_letters);
