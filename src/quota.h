/* quota: what a file system still lets one user, one group or one project have.
 *
 * Source: quotactl(2): Q_GETQUOTA of ext4, XFS and others, by quotactl_fd (Linux 5.14), which
 * needs no name of a device. Limits are in blocks of 1 KiB and in inodes, 0 being none; use is in
 * bytes and in inodes. Who is above the soft limit is stopped there when his days of grace are
 * over, so the lower of the two limits is the one that counts.
 *
 * Where there are no quotas, or where they cannot be read (NFS, older systems, containers without
 * the privilege), there is nothing to be said.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum {
    MH_QUOTA_USER, /* as USRQUOTA, GRPQUOTA and PRJQUOTA */
    MH_QUOTA_GROUP,
    MH_QUOTA_PROJECT,
    MH_QUOTA_KINDS,
} MhQuotaKind;

/* As the system tells it. */
typedef struct {
    uint64_t hard_kib, soft_kib, hard_files, soft_files; /* 0: no limit */
    uint64_t used_bytes, used_files;
} MhQuotaCounts;

/* What is left; UINT64_MAX where there is no limit. */
typedef struct {
    uint64_t free_bytes, free_files;
} MhQuotaLeft;

MhQuotaLeft mh_quota_left(const MhQuotaCounts *counts);

/* Asks for the quota of @id where @path is. False: there is none, or none that can be read. */
typedef bool (*MhQuotaRead)(const char *path, MhQuotaKind kind, uint32_t id,
                            MhQuotaCounts *out_counts);
bool mh_quota_read(const char *path, MhQuotaKind kind, uint32_t id, MhQuotaCounts *out_counts);

/* The project that new files below the directory @path belong to. False: none but the first, which
 * has no limit. Source: ioctl_xfs_fsgetxattr(2), FS_IOC_FSGETXATTR. */
bool mh_quota_project(const char *path, uint32_t *out_project);

const char *mh_quota_kind_name(MhQuotaKind kind); /* "user" */
