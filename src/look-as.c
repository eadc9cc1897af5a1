#include "look-as.h"

#include <sys/fsuid.h>
#include <unistd.h>

void
mh_look_as(uid_t uid, gid_t gid)
{
    if (geteuid() != 0)
        return;
    setfsgid(gid);
    setfsuid(uid);
}

void
mh_look_as_before(void)
{
    setfsuid(geteuid());
    setfsgid(getegid());
}
