/* attended: work in a process of its own that this one looks after, for commands without workers: a
 * file system that never answers then ends them with a message.
 *
 * What the other process says comes through us, so that nobody who reads it to its end waits for a
 * process that cannot be ended; its standard input is ours. It ends when we do. SIGTERM, SIGINT and
 * SIGHUP are handed on to it; when a signal ends it, the same one ends us.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct {
    int (*work)(void *data); /* in the other process; what it returns is the exit status */
    /* A file system has not answered for so many seconds: told once each time. @place, printable,
     * is what it was asked for; NULL: not known. */
    void (*held)(const char *place, uint32_t seconds, void *data);
    void *data;
    uint32_t timeout_s; /* 0: waits for ever */
} MhAttended;

/* The exit status of the work; -1 with @error when it could not be begun, was given up, or when
 * what it said could not be written. */
int mh_attended(const MhAttended *attended, GError **error);
