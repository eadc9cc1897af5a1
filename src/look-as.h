/* look-as: root looks at what is an account's with the account's rights, not with its own.
 *
 * A small look from a process that stays root; it is no protection from what is there. A server of
 * NFS mostly takes root for nobody, and shows to the account what it does not show to root.
 */
#pragma once

#include <sys/types.h>

/* Until mh_look_as_before(). Does nothing when we are not root. */
void mh_look_as(uid_t uid, gid_t gid);
void mh_look_as_before(void);
