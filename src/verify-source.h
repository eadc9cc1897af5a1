/* verify-source: a mailbox of the source as verify sees it. */
#pragma once

#include "carry.h"
#include "verify-bytes.h"

typedef struct {
    MhMailbox *mailbox;
    GArray *bytes; /* of MhVerifyBytes, a message each */
    MhStamp stamp; /* of what it was read from */
} MhVerifySource;

/* Called for every message read; false: stop. */
typedef bool (*MhVerifyTold)(uint64_t bytes, void *user);

/* Reads all of it, every message's bytes too; again when it changes meanwhile. G_FILE_ERROR_INTR:
 * @told asked to stop. */
MhVerifySource *mh_verify_source_read(const MhCarrySource *where, MhFindings *findings,
                                      MhVerifyTold told, void *user, GError **error);
void mh_verify_source_free(MhVerifySource *source); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhVerifySource, mh_verify_source_free)

/* When something last happened to it, nanoseconds since 1970. */
static inline int64_t
mh_verify_source_changed_ns(const MhVerifySource *source)
{
    return MAX(source->stamp.mtime_ns, source->stamp.ctime_ns);
}

static inline const MhVerifyBytes *
mh_verify_source_bytes(const MhVerifySource *source, size_t index)
{
    return &g_array_index(source->bytes, MhVerifyBytes, index);
}
