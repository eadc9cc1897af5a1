/* mbox-source-private: what the files of mbox-source share. */
#pragma once

#include "mbox-holes.h"
#include "mbox-source.h"

/* So much of the file is read at a time. */
#define MBOX_READ_BYTES (128u * 1024)

typedef struct {
    MhSource base;
    MboxSourceOptions options;
    MboxDialect dialect;
    char *shown; /* the path, printable */
    int fd;
    MboxLock *lock;
    time_t mtime;
    bool is_cold;    /* it was large, and not in the cache */
    uint64_t end;    /* of what can be read: the size, or where reading failed */
    bool failed;     /* reading failed there */
    bool around;     /* what cannot be read is passed over; it reads as NULs */
    MboxHoles holes; /* and it is here */
    uint64_t last;   /* where the last message of the last pass begins */
    uint8_t *buffer; /* MBOX_READ_BYTES, or a header */
    size_t buffer_size;
    uint64_t held_at; /* what of the file is in the buffer */
    size_t held_len;
    uint64_t copied; /* the end of the message copied last */
    uint8_t *out;    /* WRITE_BYTES */
} MboxSource;

/* Reads exactly @len bytes at @offset; a file that ends earlier has changed. @user is the source.
 */
bool mbox_source_read(void *user, uint64_t offset, void *buffer, size_t len, GError **error);

/* Has source->buffer hold the @len bytes at @offset; those that it holds are not read again. It may
 * hold more, before and behind. */
bool mbox_source_hold(MboxSource *source, uint64_t offset, size_t len, GError **error);

/* What it holds from @offset on, up to @len bytes; they last until it is to hold others. */
MhSpan mbox_source_held(const MboxSource *source, uint64_t offset, uint64_t len);

/* As in source.h. */
bool mbox_source_index(MhSource *base, MhMailbox *out, MhFindings *findings, GError **error);
bool mbox_source_check(MhSource *base, GError **error);
