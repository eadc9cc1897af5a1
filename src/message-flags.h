/* message-flags: the system flags of a message and their letters.
 *
 * One table a fact: the IMAP name (RFC 9051, section 2.3.2) and the Maildir letter of each flag.
 * How an mbox spells them in Status and X-Status is known to mbox-status alone.
 */
#pragma once

#include "bytes.h"

typedef uint8_t MhFlags;

enum {
    MH_FLAG_SEEN = 1 << 0,
    MH_FLAG_ANSWERED = 1 << 1,
    MH_FLAG_FLAGGED = 1 << 2,
    MH_FLAG_DELETED = 1 << 3,
    MH_FLAG_DRAFT = 1 << 4,
    MH_FLAGS_ALL = (1 << 5) - 1,
};

/* Keyword letters as bits: bit 0 is a, bit 25 is z. */
#define MH_LETTERS_ALL ((UINT32_C(1) << 26) - 1)

/* Maildir letters in ASCII order, NUL-terminated: at most "DFRST". Returns how many. */
#define MH_FLAG_LETTERS_MAX 5
size_t mh_flags_to_maildir(MhFlags flags, char out_letters[MH_FLAG_LETTERS_MAX + 1]);
/* 0 when @letter is no system flag. */
MhFlags mh_flag_from_maildir(uint8_t letter);

/* "\Seen" and so on, of a single flag. */
const char *mh_flag_imap_name(MhFlags flag);
