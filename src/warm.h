/* warm: has the new server's own doveadm read the headers of accounts' mail, so that the server's
 * caches hold what mail clients ask for first and no client's first listing opens a message file.
 *
 * One process does many accounts:
 *
 *     doveadm [-c CONFIG] -f json fetch -F /dev/stdin FIELDS all
 *
 * with the users' names, one a line, on its standard input (a memory file: doveadm wants to seek),
 * and one account alone with -u USER instead, since only that has an exit status for a user whom
 * the server does not know (with -F such a user is passed over with a word on standard error).
 * A process that does not end with status 0, says something of a user, or has listed no message
 * is followed by two for half of its accounts each, down to the ones that fail; what is in the
 * caches already costs next to nothing the second time. No shell is used. doveadm's output is read
 * from a pipe, its messages counted, and thrown away; the pipe is read at the pace that was asked
 * for, which makes doveadm wait.
 *
 * Fields: the headers that clients list mail by, date.received and size.virtual. From the headers
 * Dovecot answers ENVELOPE, too. `doveadm index` does not do: Dovecot 2.3 reads whole messages for
 * it and caches none of this, 2.4 does nothing without a full-text index. Nothing helps a client
 * that asks for the whole header (Outlook: BODY.PEEK[HEADER]), which Dovecot caches never.
 * Source: observed on Dovecot 2.3.19 and 2.4.1; what clients ask for: see the list in warm.c.
 */
#pragma once

#include "account.h"
#include "pace.h"

typedef struct {
    char *doveadm;             /* absolute path: see mh_warm_find_doveadm() */
    const char *config;        /* NULL: the server's own */
    bool bodystructure;        /* the structure of each message, too: that reads every byte */
    uint32_t jobs;             /* processes at once, at least 1 */
    MhPace *pace;              /* NULL: as fast as can be */
    uint32_t answer_timeout_s; /* how long a file system may hold a process; 0: for ever */
} MhWarmOptions;

typedef struct {
    /* The caches of @account are built, or @error (printable) says why not. */
    void (*done)(const MhAccount *account, const char *error, void *user);
    /* A file system has not answered doveadm for so many seconds: told once for a process. @place,
     * printable, is what it was asked for; NULL: not known. */
    void (*held)(const char *place, uint32_t seconds, void *user);
    /* Every now and then; messages so far. */
    void (*progress)(uint64_t messages, void *user);
    void *user;
} MhWarmEvents;

typedef enum {
    MH_WARM_COMPLETE, /* done() was called for every account */
    MH_WARM_STOPPED,  /* by a signal */
    MH_WARM_HOPELESS, /* doveadm cannot be run, or fails for everybody: see the error */
} MhWarmEnd;

/* The program that @name stands for: a path, or a name in PATH. NULL with @error. g_free(). */
char *mh_warm_find_doveadm(const char *name, GError **error);

/* What doveadm is asked for. g_free(). */
char *mh_warm_fields(bool bodystructure);

MhWarmEnd mh_warm(const MhWarmOptions *options, const GPtrArray *accounts,
                  const MhWarmEvents *events, uint64_t *out_messages, GError **error);
