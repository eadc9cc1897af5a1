#include "privileges.h"

#include "safe-file.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

static bool
set_groups(const MhIdentity *identity, GError **error)
{
    int failed = identity->user != NULL ? initgroups(identity->user, identity->gid)
                                        : setgroups(1, &identity->gid);
    return failed == 0 ||
           mh_set_errno(error, errno, "cannot set the groups of user %u", (unsigned)identity->uid);
}

static bool
change_ids(const MhIdentity *identity, GError **error)
{
    capng_clear(CAPNG_SELECT_BOTH);
    if (identity->reads_others)
        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_DAC_READ_SEARCH);
    if (capng_change_id((int)identity->uid, (int)identity->gid, CAPNG_CLEAR_BOUNDING) != 0)
        return mh_set_errno(error, errno != 0 ? errno : EPERM, "cannot become user %u",
                            (unsigned)identity->uid);
    /* It must be for good. */
    if (setuid(0) == 0 || getuid() != identity->uid || geteuid() != identity->uid ||
        getgid() != identity->gid)
        return mh_set_errno(error, EPERM, "cannot give up root for user %u",
                            (unsigned)identity->uid);
    return true;
}

bool
mh_privileges_become(const MhIdentity *identity, GError **error)
{
    if (geteuid() == 0 && identity->uid != 0) {
        if (!set_groups(identity, error) || !change_ids(identity, error))
            return false;
    } else if (geteuid() != identity->uid) {
        return mh_set_errno(error, EPERM, "cannot become user %u: we are user %u",
                            (unsigned)identity->uid, (unsigned)geteuid());
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return mh_set_errno(error, errno, "cannot set no_new_privs");
    return true;
}
