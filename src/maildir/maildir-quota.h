/* maildir-quota: the limits in the first line of "maildirsize", in the root of a Maildir++ tree.
 *
 * Format: LIMIT *( "," LIMIT ) LF *( BYTES SP COUNT LF ), LIMIT = NUMBER "S" (bytes) or NUMBER "C"
 * (messages); 0, or none, is "no limit". Other letters are ignored, a kind that comes twice counts
 * as it comes last. The lines below are the usage so far, to be added up; they are only a cache
 * (both servers count anew when it is missing) and drift, so we neither read nor write them.
 * Source: the Maildir++ quota document; Courier 4 to 6, Dovecot 2.3 and 2.4.
 */
#pragma once

#include "bytes.h"
#include "maildir-error.h"

typedef struct {
    uint64_t bytes;    /* 0: no limit */
    uint64_t messages; /* 0: no limit */
} MaildirQuota;

/* Reads the first line of the file. False with MAILDIR_ERROR_FORMAT when it is no list of
 * limits. */
bool maildir_quota_parse(MhSpan text, MaildirQuota *out_quota, GError **error);
/* The first line with its LF, as Dovecot writes it: "10000S,20C" ("0S" without limits). g_free().
 */
char *maildir_quota_format(const MaildirQuota *quota);
