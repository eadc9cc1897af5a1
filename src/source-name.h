/* source-name: what the name of an mbox folder on disk means as text.
 *
 * UW-IMAP and Dovecot (unless told otherwise) use the client's name as the file's, so it is
 * modified UTF-7 when a mail client made the folder: what IMAP clients saw was the decoded form.
 * Pine, Mutt and the shell make names in the terminal's charset, UTF-8 or Latin-1. A name that is
 * well-formed modified UTF-7, with an '&' in it, is decoded; "R&D" and "Q & A" are not, and stay.
 */
#pragma once

#include "finding.h"

/* How a name is spelt on disk, from the spelling that mail clients could use to the others. */
typedef enum {
    MH_SPELLING_PLAIN, /* ASCII, or well-formed modified UTF-7 */
    MH_SPELLING_UTF8,  /* UTF-8 in NFC */
    MH_SPELLING_LOOSE, /* UTF-8, but not composed */
    MH_SPELLING_LATIN1,
} MhSpelling;

/* The text of one @component of a path: UTF-8 in NFC. What was changed becomes findings (which may
 * be NULL). @out_spelling may be NULL. g_free(). */
char *mh_source_name_text(MhSpan component, MhSpelling *out_spelling, MhFindings *findings);

/* The components of a path as text. g_strfreev(). */
char **mh_source_name_levels(const char *const *components, MhFindings *findings);
