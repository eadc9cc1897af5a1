/* What Dovecot remembers of a folder in its dovecot.index files, and how it is told to forget it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The first 40 bytes of dovecot.index.log, in the machine's byte order. Source: Dovecot 2.3.19 and
 * 2.4, src/lib-index/mail-transaction-log.h. */
typedef struct {
    uint8_t major_version, minor_version;
    uint16_t size;     /* of this header, bytes */
    uint32_t index_id; /* the second in which the index was made; 0: corrupted */
    uint32_t sequence; /* grows with each log of one index */
    uint32_t before;   /* the sequence of the log before; 0: this one begins an empty index */
    uint32_t before_size;
    uint32_t made_s; /* UNIX time */
    uint64_t modseq; /* the highest MODSEQ (RFC 7162) before this log */
    uint8_t flags;
    uint8_t unused[7];
} MaildirIndexLog;

#define MAILDIR_INDEX_LOG_LITTLE_ENDIAN 1

/* The header of the log that follows @log and makes the index empty, with no MODSEQ that could have
 * been given before. @log_size in bytes, @now_s is UNIX time. False when @log is not a log that we
 * know, or is called corrupted: then nothing can follow it. */
bool maildir_index_log_next(const MaildirIndexLog *log, uint64_t log_size, int64_t now_s,
                            MaildirIndexLog *out_next);

/* Has Dovecot forget the UIDs and flags that it remembers of the folder @folder_fd. Sessions that
 * are open are told to log in again. Best effort: what cannot be removed stays. The caller holds
 * the folder's lock. */
void maildir_index_forget(int folder_fd);

/* Removes what a killed maildir_index_forget() has left. */
void maildir_index_tidy(int folder_fd);
