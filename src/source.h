/* source: what anything that mail is read from offers to the engine.
 *
 * A source is one mailbox, opened and locked as its format demands. It is read only, always.
 * A new kind of source is a new folder beside mbox/ and courier/ with an adapter that offers this;
 * nothing above it knows.
 *
 * Identity. Every message has an MhDigest by which a later run knows it again:
 * - where the source has names for its messages (Courier), the digest of the base name;
 * - otherwise the digest of the bytes as delivered, so that a changed Status line is not a new
 *   message. Equal messages then have equal identities, and stay as many as they are.
 *
 * Life cycle: open (by the adapter's own function), index once, then copy or link any messages in
 * any order, then check, then free.
 */
#pragma once

#include "mailbox.h"
#include "safe-file.h"

typedef struct MhSource MhSource;

/* A file that was listed. */
typedef struct {
    int dirfd;        /* borrowed */
    const char *name; /* the same; one component */
    uint64_t device, inode;
} MhSourceFile;

typedef struct {
    /* Reads the whole mailbox into @out, which is new. What is odd becomes findings. Fails only
     * when the mailbox as a whole cannot be read, or is none. Where a device fails in the middle,
     * @out has the messages that could be read, and its unread says where it failed first. */
    bool (*index)(MhSource *source, MhMailbox *out, MhFindings *findings, GError **error);

    /* Writes the bytes of @message, as delivered, to @fd from its current position: exactly
     * size_bytes of them. */
    bool (*copy)(MhSource *source, const MhMessage *message, int fd, GError **error);

    /* Opens the file that holds exactly the bytes of @message, for links and reflinks. NULL where
     * messages have no files of their own. -1 on error. */
    int (*open_message)(MhSource *source, const MhMessage *message, GError **error);

    /* Where that file was, so that it can be linked without being opened. False where that cannot
     * be said in one name; NULL where open_message is. */
    bool (*find_message)(MhSource *source, const MhMessage *message, MhSourceFile *out);

    /* Is the source still what index() read? False with @error G_FILE_ERROR_AGAIN when it has
     * changed since: then what was read must be read again. */
    bool (*check)(MhSource *source, GError **error);

    void (*free)(MhSource *source);
} MhSourceClass;

/* The first member of every adapter's own struct. */
struct MhSource {
    const MhSourceClass *class;
    bool careful;  /* set before index(): nothing is believed that could be read */
    MhStamp stamp; /* of the file or the directories it stands for, when it was opened */
};

/* index(), and what could not be read to its end is an error. */
static inline bool
mh_source_index_whole(MhSource *source, MhMailbox *out, MhFindings *findings, GError **error)
{
    if (!source->class->index(source, out, findings, error))
        return false;
    if (out->unread != NULL)
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_IO, out->unread);
    return out->unread == NULL;
}

static inline void
mh_source_free(MhSource *source)
{
    if (source != NULL)
        source->class->free(source);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhSource, mh_source_free)
