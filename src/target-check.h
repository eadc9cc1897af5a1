/* target-check: what stands in the way of a migration, found out without writing anything.
 *
 * Room is reckoned per file system: a message takes its bytes rounded up to whole blocks, half a
 * block more on average; a folder takes four directories and three state files, its directory and
 * its UID list grow with its messages. Where messages are linked they take no room. Free is what
 * the account itself may use: blocks and inodes that are kept for root are not counted. Quotas and
 * the limits of directories: target-limits.h.
 * Source: statvfs(3).
 */
#pragma once

#include "outcome.h"
#include "settings.h"
#include "target-limits.h"

#include <sys/types.h>

/* What stands in the way, the worst first. */
#define MH_OBSTACLE_TABLE(X)                                                                       \
    X(NOT_OURS, "something that is no Maildir stands in the target's place")                       \
    X(READ_ONLY, "the target's file system is mounted read-only")                                  \
    X(NO_ROOM, "the target's file system has too little room")                                     \
    X(NO_INODES, "the target's file system has too few inodes")                                    \
    X(NO_QUOTA, "a quota at the target leaves too little")                                         \
    X(DIRECTORY_FULL, "a directory would hold more than its file system can")                      \
    X(NOT_WRITABLE, "the account may not write to its target")                                     \
    X(NO_PRIVILEGE, "root here may not give files to their owners, or become them")                \
    X(CLOCK, "this machine's clock is wrong, and new UIDVALIDITYs are taken from it")              \
    X(NO_COLONS, "the target's file system cannot hold ':' in file names, which Maildir needs")    \
    X(SHORT_NAMES, "the target's file system cannot hold file names of 255 bytes")                 \
    X(FAILED, "an account or a mailbox could not be surveyed")

typedef enum {
#define MH_OBSTACLE_ENUM(name, text) MH_OBSTACLE_##name,
    MH_OBSTACLE_TABLE(MH_OBSTACLE_ENUM)
#undef MH_OBSTACLE_ENUM
        MH_OBSTACLE_COUNT
} MhObstacle;

#define MH_OBSTACLE_EXAMPLES 3

typedef struct {
    size_t times;
    GPtrArray *examples; /* the first few: printable text */
} MhObstacleFound;

typedef struct {
    uint64_t device;
    char *place; /* where it is mounted, printable */
    size_t accounts;
    uint64_t need_bytes, need_files;
    uint64_t free_bytes, free_files;
    bool counts_files; /* some file systems have no fixed number of inodes */
    const MhFileSystem *kind;
} MhTargetSystem;

typedef struct {
    MhObstacleFound found[MH_OBSTACLE_COUNT];
    GPtrArray *systems; /* of MhTargetSystem */
    MhTargetLimits *limits;
    MhQuotaRead read;
    uint64_t read_bytes, read_us;         /* what the survey read, and how long its workers took */
    uint64_t carry_messages, carry_bytes; /* what a migration would write */
    uint64_t sizes_read, sizes_read_bytes, sizes_listed; /* MhMailboxOutcome */
} MhTargetCheck;

/* @read: who tells of quotas; mh_quota_read(). */
MhTargetCheck *mh_target_check_new(MhQuotaRead read);
void mh_target_check_free(MhTargetCheck *check); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhTargetCheck, mh_target_check_free)

/* Who will write the target. */
typedef struct {
    const char *user; /* whose other groups count; NULL: none */
    uid_t uid;
    gid_t gid;
} MhTargetWriter;

/* Takes in one account: what its dry run found, and what is at its target @path now. @linked:
 * messages are linked from @source when that is on the same file system (NULL: never). */
void mh_target_check_account(MhTargetCheck *check, const MhAccountOutcome *outcome,
                             const char *path, const char *source, const MhTargetWriter *writer);
/* Takes in the machine: its clock, seconds since 1970, and what root may do here. Once. */
void mh_target_check_machine(MhTargetCheck *check, int64_t now);
/* Compares what is needed with what is free. Once, after all accounts. */
void mh_target_check_finish(MhTargetCheck *check);

bool mh_target_check_ready(const MhTargetCheck *check);
const char *mh_obstacle_name(MhObstacle obstacle); /* "not-ours" */
const char *mh_obstacle_text(MhObstacle obstacle);
