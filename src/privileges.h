/* privileges: become the account before anything of it is opened.
 *
 * Root's worker for an account gives up root for good: user, group and supplementary groups are
 * those of whoever shall own the target, no new privileges can be gained, and every capability is
 * gone - but for one. Where the target's owner is not the source's (system users moving to one
 * virtual-mail user), reading the source needs CAP_DAC_READ_SEARCH; it reads and never writes.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct {
    uid_t uid;
    gid_t gid;
    const char *user;  /* its supplementary groups are taken; NULL: none */
    bool reads_others; /* keep CAP_DAC_READ_SEARCH */
} MhIdentity;

/* For the process that starts the workers, once: what no worker may ever have is taken from it
 * before they are made. As root it gives up its capability bounding set, so that no program which
 * it or a worker might start has a capability; it starts none. */
void mh_privileges_prepare(void);

/* False with @error (G_FILE_ERROR) when anything of it fails: then the process must end. When we
 * are not root, only no_new_privs is set and @identity must be what we are already. */
bool mh_privileges_become(const MhIdentity *identity, GError **error);
