/* mbox-head: is this file an mbox? Told from its first bytes.
 *
 * An mbox is what mbox-scan can begin with in one of its dialects: a separator is the first line
 * behind blank lines, NULs and a byte order mark. The evidence is weighed as it is there, so that
 * a text that begins "From here on" is none.
 *
 * A file of nothing but line ends holds no mail: it is an empty mailbox like a file of no bytes,
 * which is what UW, Pine and Dovecot make of a new one.
 */
#pragma once

#include "mbox-from-line.h"

/* As many of a file's first bytes as are looked at; mbox-scan goes as far for the first message. */
#define MBOX_HEAD_BYTES ((1u << 20) + 4096)

typedef enum {
    MBOX_HEAD_EMPTY,   /* no bytes, or line ends only */
    MBOX_HEAD_MBOX,    /* a separator is the first line that is not blank */
    MBOX_HEAD_DAMAGED, /* something else is in front of the first separator; mbox-scan finds that */
    MBOX_HEAD_MESSAGE, /* it begins with a header: one message, without a separator */
    MBOX_HEAD_MBX,     /* "*mbx*" CRLF: c-client's own format */
    MBOX_HEAD_MMDF,    /* four 0x01: messages are between such lines */
    MBOX_HEAD_OTHER,
} MboxHeadKind;

/* @head is the start of a file of @size_bytes. @out_offset, which may be NULL, is where the first
 * separator stands (with MBOX_HEAD_MBOX and MBOX_HEAD_DAMAGED). */
MboxHeadKind mbox_head_judge(MhSpan head, uint64_t size_bytes, size_t *out_offset);
