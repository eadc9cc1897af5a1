/* target-look: what there is at an account's target, or above it, before anything is written.
 *
 * A target may be below a home, where a link may lead anywhere and a file system may be silent:
 * then who looks is a process of its own, which is not waited for without end.
 */
#pragma once

#include "file-system.h"
#include "quota.h"

#include <limits.h>
#include <sys/stat.h>

/* Where to look, and whose quotas to ask for. */
typedef struct {
    const char *path;   /* the target, absolute */
    const char *source; /* what may be linked from; NULL: nothing */
    uid_t uid;
    gid_t gid;
    MhQuotaRead read;
} MhTargetPlace;

typedef struct {
    char existing[PATH_MAX];  /* the target, or the nearest directory above it that is there */
    struct stat st;           /* of it */
    bool whole;               /* it is the target */
    bool fits;                /* ... and is a Maildir, or empty */
    bool shut;                /* we, that is root, may make nothing there */
    bool same_device;         /* as that of the source */
    uint64_t subdirectories;  /* of the target; 0 also where they are not counted */
    uint64_t beside;          /* the same of the directory above it */
    char top[PATH_MAX];       /* where the file system is mounted; "": it tells nothing of itself */
    const MhFileSystem *kind; /* of it */
    uint64_t free_bytes, free_files;
    bool counts_files, read_only;
    unsigned long name_max;
    bool limited[MH_QUOTA_KINDS];         /* there is a quota, */
    MhQuotaCounts quotas[MH_QUOTA_KINDS]; /* which is this */
    uint32_t project;                     /* 0: none that has one */
} MhTargetLook;

/* False when there is no answer in time. */
bool mh_target_look(const MhTargetPlace *place, MhTargetLook *out_look);
