/* channel: how a worker tells the coordinator what happens.
 *
 * A stream socket carries records: a length (32 bits, host order: both ends are one machine), then
 * that many bytes of a GVariant "(yv)": kind and content. The coordinator trusts nothing of it: a
 * worker may have been taken over by what it parsed. Whatever is not well-formed, or larger than
 * MH_LIMIT_RECORD_BYTES, ends the worker.
 */
#pragma once

#include "bytes.h"

typedef enum {
    MH_RECORD_PROGRESS = 1, /* (tt) messages and bytes carried since the last one */
    MH_RECORD_MAILBOX,      /* a mailbox outcome */
    MH_RECORD_NOT_MAIL,     /* (ss) path and reason */
    MH_RECORD_FINDINGS,     /* findings about the account */
    MH_RECORD_ERROR,        /* (s) why the account could not be done */
    MH_RECORD_KEYWORD,    /* (ssss) one without a letter: mailbox, its GUID or "", keyword, UIDs */
    MH_RECORD_REMEMBER,   /* (vmv) a mailbox's memory, and what was carried of it */
    MH_RECORD_ACCOUNT,    /* (vbbb) the account's memory; it is closed; it has been undone;
                             its target's root directory is left for root to remove */
    MH_RECORD_DIFFERENCE, /* one of verify's */
    MH_RECORD_END,        /* (b) the worker has come to its end; true: it was asked to stop */
    MH_RECORD_PART,       /* (t) of a part: it has its place in the tree; messages that were copied
                             though they might be linked */
    MH_RECORD_LAST_BATCH, /* () the last batch is put in place, and waits for its disk */
} MhRecordKind;

/* Sends one record; takes @content when it is floating. False when that fails, as where the
 * coordinator has gone (SIGPIPE is ignored), and for each one after it in this process. By
 * write(2): on machines of 32 bits what is for sockets alone may be socketcall(2), of which a
 * filter cannot tell what it is for. */
bool mh_channel_send(int fd, MhRecordKind kind, GVariant *content);

/* The receiving end collects bytes as they come. */
typedef struct {
    GByteArray *bytes;
} MhChannelReader;

void mh_channel_reader_init(MhChannelReader *reader);
void mh_channel_reader_clear(MhChannelReader *reader);

typedef enum {
    MH_CHANNEL_RECORD,  /* @out_kind and @out_content are set */
    MH_CHANNEL_MORE,    /* no whole record yet */
    MH_CHANNEL_END,     /* the other end has closed */
    MH_CHANNEL_GARBLED, /* not a record of ours */
} MhChannelState;

/* Reads what is there, without blocking when @fd is set so. MH_CHANNEL_MORE or _END. */
MhChannelState mh_channel_fill(MhChannelReader *reader, int fd);
/* Takes the next whole record. @out_content is owned by the caller: g_variant_unref(). */
MhChannelState mh_channel_take(MhChannelReader *reader, MhRecordKind *out_kind,
                               GVariant **out_content);
