/* mbox-head: is this file an mbox? Told from its first bytes.
 *
 * An mbox begins with a separator, after blank lines at most (c-client skips them). Which lines
 * are one says mbox-from-line; a separator without a date ("From ", "From - ", or only words) must
 * be followed by what belongs to a header, so that a text that begins "From here on" is none.
 *
 * A file of nothing but line ends holds no mail: it is an empty mailbox like a file of no bytes,
 * which is what UW, Pine and Dovecot make of a new one.
 */
#pragma once

#include "mbox-from-line.h"

/* As many of a file's first bytes as are asked for. */
#define MBOX_HEAD_BYTES 65536

typedef enum {
    MBOX_HEAD_EMPTY,   /* no bytes, or line ends only */
    MBOX_HEAD_MBOX,    /* a separator is the first line that is not blank */
    MBOX_HEAD_DAMAGED, /* it begins with something else, but a separator and a header follow */
    MBOX_HEAD_MESSAGE, /* it begins with a header: one message, without a separator */
    MBOX_HEAD_OTHER,
} MboxHeadKind;

/* @head is the start of a file of @size_bytes. @out_offset, which may be NULL, is where the first
 * separator stands (with MBOX_HEAD_MBOX and MBOX_HEAD_DAMAGED). */
MboxHeadKind mbox_head_judge(MhSpan head, uint64_t size_bytes, size_t *out_offset);
