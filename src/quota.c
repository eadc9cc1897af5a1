#include "quota.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t
left_of(uint64_t hard, uint64_t soft, uint64_t used)
{
    uint64_t limit = hard == 0 || (soft != 0 && soft < hard) ? soft : hard;
    if (limit == 0)
        return UINT64_MAX;
    return limit - MIN(limit, used);
}

static uint64_t
kib(uint64_t blocks)
{
    return blocks > UINT64_MAX / 1024 ? UINT64_MAX : blocks * 1024;
}

MhQuotaLeft
mh_quota_left(const MhQuotaCounts *counts)
{
    return (MhQuotaLeft){
        .free_bytes = left_of(kib(counts->hard_kib), kib(counts->soft_kib), counts->used_bytes),
        .free_files = left_of(counts->hard_files, counts->soft_files, counts->used_files)};
}

static int
open_place(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
}

bool
mh_quota_read(const char *path, MhQuotaKind kind, uint32_t id, MhQuotaCounts *out_counts)
{
    static const int kinds[] = {USRQUOTA, GRPQUOTA, PRJQUOTA};
    struct if_dqblk block = {0};
    int fd = open_place(path);
    if (fd < 0)
        return false;
    unsigned command = (unsigned)Q_GETQUOTA << SUBCMDSHIFT | (unsigned)kinds[kind];
    long result = syscall(SYS_quotactl_fd, fd, command, id, &block);
    close(fd);
    if (result != 0 || (block.dqb_valid & QIF_LIMITS) != QIF_LIMITS)
        return false;
    *out_counts = (MhQuotaCounts){.hard_kib = block.dqb_bhardlimit,
                                  .soft_kib = block.dqb_bsoftlimit,
                                  .hard_files = block.dqb_ihardlimit,
                                  .soft_files = block.dqb_isoftlimit,
                                  .used_bytes = block.dqb_curspace,
                                  .used_files = block.dqb_curinodes};
    return true;
}

bool
mh_quota_project(const char *path, uint32_t *out_project)
{
    struct fsxattr attributes = {0};
    int fd = open_place(path);
    bool known = fd >= 0 && ioctl(fd, FS_IOC_FSGETXATTR, &attributes) == 0;
    if (fd >= 0)
        close(fd);
    if (!known || (attributes.fsx_xflags & FS_XFLAG_PROJINHERIT) == 0 || attributes.fsx_projid == 0)
        return false;
    *out_project = attributes.fsx_projid;
    return true;
}

const char *
mh_quota_kind_name(MhQuotaKind kind)
{
    static const char *const names[] = {"user", "group", "project"};
    return names[kind];
}
