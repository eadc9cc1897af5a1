/* mutf7: IMAP's modified UTF-7 for mailbox names (RFC 3501, section 5.1.3).
 *
 * Printable ASCII stands for itself, '&' is "&-", everything else is "&BASE64-" of UTF-16BE with
 * ',' for '/'. Accepted is only what the encoder would write: no ASCII in base64, no missing '-',
 * no stray bits, no lone surrogates. (Dovecot cannot open a folder with any other spelling.)
 */
#pragma once

#include "bytes.h"

/* @utf8 must be valid UTF-8. g_free(). */
char *mh_mutf7_encode(const char *utf8);
/* NULL when @text is not well-formed modified UTF-7. g_free(). */
char *mh_mutf7_decode(MhSpan text);
