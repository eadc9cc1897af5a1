/* worker: the process that does one account, and talks to the coordinator over a socket. */
#pragma once

#include "job.h"
#include "privileges.h"

typedef struct {
    pid_t pid;
    int fd; /* non-blocking; records as channel.h has them */
} MhWorker;

/* Whose process does the account: see MhIdentity. */
bool mh_worker_identity(const MhJob *job, const MhAccount *account, MhIdentity *out,
                        GError **error);
/* Starts a worker for @account. In the new process every descriptor but standard error and the
 * socket is closed, the account's identity is taken, and the account is done. False with @error
 * when there can be no process. */
bool mh_worker_start(const MhJob *job, const MhAccount *account, MhWorker *out_worker,
                     GError **error);
