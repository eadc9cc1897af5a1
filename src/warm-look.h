/* warm-look: how the targets of many accounts are (warm-mark.h), asked by a process apart
 * (apart.h): their file systems may never answer.
 */
#pragma once

#include "privileges.h"
#include "warm-mark.h"

typedef struct {
    MhWarmMark mark;
    char *error; /* printable: why it could not be looked at; NULL otherwise */
} MhWarmLook;

/* Looks at each of @accounts, of MhAccount; where root is not let in, as @owner (NULL: the account
 * itself). Who has not answered after @timeout_s (0: waits for
 * ever) gets an error, and after several such in a row so do all that are left. Of MhWarmLook. */
GArray *mh_warm_look(const char *pattern, const GPtrArray *accounts, const MhIdentity *owner,
                     const char *asked, uint32_t timeout_s);
