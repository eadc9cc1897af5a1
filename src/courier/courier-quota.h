/* courier-quota: the first line of maildirsize, the quota of a Maildir++ tree.
 *
 *     maildirsize = QUOTA LF *( BYTES SP COUNT LF )
 *     QUOTA       = LIMIT *( "," LIMIT )
 *     LIMIT       = NUM "S" (bytes) / NUM "C" (messages) / NUM LETTER (ignored)
 *
 * What follows the first line are counts of use that nobody should trust.
 *
 * Source: the Maildir++ specification; Courier-IMAP 5.0.13.
 */
#pragma once

#include "finding.h"

typedef struct {
    uint64_t bytes;    /* 0: no limit */
    uint64_t messages; /* 0: no limit */
} CourierQuota;

/* The last limit of each kind counts, and 0 is no limit. What is no limit is a finding. */
CourierQuota courier_quota_parse(MhSpan text, MhFindings *findings);
/* "10000000S,1000C", without LF; empty when there is no limit. g_free(). */
char *courier_quota_format(const CourierQuota *quota);
