/* uid-state: what identifies the numbering of a mailbox (RFC 9051, section 2.3.1.1).
 *
 * Both numbers are 32 bits wide and easily swapped: fill the struct by field name.
 */
#pragma once

#include <stdint.h>

typedef struct {
    uint32_t uidvalidity; /* 0: the source has none */
    uint32_t uidnext;     /* greater than every UID of the mailbox; 0: not known */
} MhUidState;

/* The largest UID that a server may be given. Dovecot asserts on 4294967295. */
#define MH_UID_MAX UINT32_C(4294967294)
