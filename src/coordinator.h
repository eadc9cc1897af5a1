/* coordinator: does many accounts, a worker process each, so many at once.
 *
 * An account that is larger than the rest is divided among several workers (division.h).
 *
 * A worker that dies fails its own account, with a message; the others go on. One that a file
 * system holds makes room for another account, is ended after --answer-timeout, and fails its own.
 * Asked to stop (stopping.h), or where nobody reads what is said any more (SIGPIPE, ignored from
 * then on), the coordinator asks its workers to, starts no more, and returns when all have come to
 * their end.
 */
#pragma once

#include "job.h"
#include "outcome.h"

/* What a run tells and asks while it goes on; each may be NULL. */
typedef struct {
    /* An account is done, or has failed. @outcome is the coordinator's: copy what you keep. */
    void (*account_done)(const MhAccountOutcome *outcome, void *user);
    /* What earlier runs left about the account, which the coordinator then owns; NULL: nothing, or
     * with @error set, why the account may not be started at all. */
    MhMemory *(*recall)(const char *name, void *user, GError **error);
    /* About how many bytes of mail the account has. NULL: no account is divided. */
    uint64_t (*size)(const char *name, void *user);
    /* A command for the new server: see late-keywords.h. */
    void (*late_keyword)(const char *command, void *user);
    /* A file system has not answered a worker for so many seconds. @place, printable, is what it
     * was asked for; NULL: not known. */
    void (*held)(const char *name, const char *place, uint32_t seconds, void *user);
    /* Something was carried, or a second has passed. */
    void (*progress)(uint64_t messages, uint64_t bytes, size_t accounts_done, void *user);
    void *user;
} MhCoordinatorEvents;

/* @accounts is of MhAccount, done in this order. @jobs at least 1. Returns true when every account
 * was tried; false when it was asked to stop before that. */
bool mh_coordinate(const MhJob *job, const GPtrArray *accounts, uint32_t jobs,
                   const MhCoordinatorEvents *events);
