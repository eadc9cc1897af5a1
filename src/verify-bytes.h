/* verify-bytes: what a message's bytes are, counted by verify itself.
 *
 * Nothing here is shared with the code that carries mail: a count that is wrong there must not be
 * wrong here in the same way.
 */
#pragma once

#include "source.h"

typedef struct {
    MhDigest digest;
    uint64_t size_bytes;
    uint64_t virtual_size; /* with every LF that has no CR before it counted as two bytes */
    uint64_t sent_size;    /* with every LF counted so, as Courier sends them */
} MhVerifyBytes;

/* Counts a stream piece by piece. */
typedef struct {
    MhDigester digester;
    uint64_t size_bytes, bare_lf, lf;
    uint8_t last; /* of the piece before */
} MhVerifyCounter;

void mh_verify_counter_init(MhVerifyCounter *counter);
void mh_verify_counter_add(MhVerifyCounter *counter, MhSpan bytes);
MhVerifyBytes mh_verify_counter_finish(MhVerifyCounter *counter);

/* Reads @fd from its current position to its end. */
bool mh_verify_count_file(int fd, MhVerifyBytes *out, GError **error);

/* Has @source write @message out, and counts what comes. */
bool mh_verify_count_message(MhSource *source, const MhMessage *message, MhVerifyBytes *out,
                             GError **error);
