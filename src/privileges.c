#include "privileges.h"

#include "safe-file.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What drop_bounding_set() came to; the workers have it from the coordinator. */
static enum { NOT_DROPPED, DROPPED, REFUSED } bounding_set;

/* No program that we start from here on can be given a capability. */
static bool
drop_bounding_set(void)
{
    if (bounding_set != NOT_DROPPED)
        return bounding_set == DROPPED;
    bounding_set = DROPPED;
    for (unsigned long capability = 0;; capability++) {
        int there = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (there < 0) /* the kernel knows no more of them */
            break;
        if (there > 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            bounding_set = REFUSED;
    }
    return bounding_set == DROPPED;
}

void
mh_privileges_prepare(void)
{
    if (geteuid() == 0)
        drop_bounding_set();
}

static bool
set_groups(const MhIdentity *identity, GError **error)
{
    int failed = identity->user != NULL ? initgroups(identity->user, identity->gid)
                                        : setgroups(1, &identity->gid);
    return failed == 0 ||
           mh_set_errno(error, errno, "cannot set the groups of user %u", (unsigned)identity->uid);
}

/* Effective and permitted are @wanted alone, inheritable and so ambient ones none. */
static bool
set_capabilities(uint64_t wanted)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}},
                                  now[_LINUX_CAPABILITY_U32S_3];
    for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        data[i].effective = data[i].permitted = (uint32_t)(wanted >> (32 * i));
    if (syscall(SYS_capset, &header, data) != 0 || syscall(SYS_capget, &header, now) != 0)
        return false;
    errno = EPERM;
    return memcmp(data, now, sizeof data) == 0;
}

static bool
change_ids(const MhIdentity *identity, GError **error)
{
    uint64_t wanted = identity->reads_others ? UINT64_C(1) << CAP_DAC_READ_SEARCH : 0;
    errno = EPERM;
    if (!drop_bounding_set() || prctl(PR_SET_KEEPCAPS, wanted != 0, 0, 0, 0) != 0 ||
        setresgid(identity->gid, identity->gid, identity->gid) != 0 ||
        setresuid(identity->uid, identity->uid, identity->uid) != 0 || !set_capabilities(wanted) ||
        prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0)
        return mh_set_errno(error, errno, "cannot become user %u", (unsigned)identity->uid);
    /* It must be for good. */
    uid_t real, effective, saved;
    if (setuid(0) == 0 || getresuid(&real, &effective, &saved) != 0 || real != identity->uid ||
        effective != identity->uid || saved != identity->uid || getgid() != identity->gid ||
        getegid() != identity->gid)
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
