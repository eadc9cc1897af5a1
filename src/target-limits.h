/* target-limits: what one owner, one project and one directory may hold at the target.
 *
 * A file system with room enough may still refuse: by a quota, which is reckoned for all accounts
 * together that draw on it, or because a directory has as many subdirectories or entries as it can
 * have.
 */
#pragma once

#include "target-look.h"

#include <stddef.h>

/* What one account needs. */
typedef struct {
    const char *user, *path;  /* the target */
    const char *place;        /* where that file system is mounted, printable */
    const MhFileSystem *kind; /* of it */
    uint64_t device;
    uid_t uid; /* who will write */
    gid_t gid;
    uint64_t bytes, files;
    uint64_t folders;            /* new ones */
    uint64_t most_entries;       /* of its largest folder */
    const char *most_entries_in; /* and its name; NULL when it has none */
    const MhTargetLook *look;    /* what there is now */
} MhTargetNeed;

typedef struct MhTargetLimits MhTargetLimits;

MhTargetLimits *mh_target_limits_new(void);
void mh_target_limits_free(MhTargetLimits *limits); /* NULL is fine */

void mh_target_limits_add(MhTargetLimits *limits, const MhTargetNeed *need);

/* Each limit that would be passed, in words; in the order of accounts. */
typedef void (*MhTargetLimitTake)(const char *text, void *user);
void mh_target_limits_quotas(const MhTargetLimits *limits, MhTargetLimitTake take, void *user);
void mh_target_limits_directories(const MhTargetLimits *limits, MhTargetLimitTake take, void *user);
