/* confine: what a process may still do when it begins to read what strangers wrote.
 *
 * Lines behind its user and its groups (privileges.h), so that a parser that is taken over has
 * nothing to reach for:
 * - Landlock, where the kernel has it: files are opened, made and removed below the given places
 *   only. A source is read, a target is written, and beside an mbox a lock file is made;
 * - seccomp: no other program or process, no socket, no mount, no tracing, no ioctl() of a
 * terminal, no file by its handle (with CAP_DAC_READ_SEARCH that would reach any file), no mode,
 * owner or time of a file that is not open. What is not on the list says ENOSYS;
 * - no core file, which would hold mail, and nobody of the same user may trace it.
 *
 * Landlock does not ask about a file's name and times (stat), nor whether it is there.
 *
 * Source: landlock(7), seccomp(2). Landlock's rights up to version 5; version 1 cannot rename from
 * one directory to another and is not used.
 */
#pragma once

#include "finding.h"

typedef enum {
    MH_CONFINE_LIST = 1 << 0,   /* see which names are in the directories below */
    MH_CONFINE_READ = 1 << 1,   /* read files and directories below */
    MH_CONFINE_WRITE = 1 << 2,  /* make, read, change, rename and remove below */
    MH_CONFINE_LOCKS = 1 << 3,  /* make, write and remove files below, but read none of others */
    MH_CONFINE_REMOVE = 1 << 4, /* remove empty directories below */
    /* Files below may get a second name where files are written. Landlock takes it for a way to
     * more rights, so what may be linked may be written as far as it is concerned. */
    MH_CONFINE_LINK = 1 << 5,
} MhConfineUse;

typedef struct MhConfinement MhConfinement;

/* Opens the places of the system below, for all the processes that are forked from here on. */
void mh_confinement_prepare(void);
/* In one of these: closes every descriptor from @first on but those. */
void mh_confinement_close_others(int first);

/* Some places of the system may be read from the beginning: the time zones, libmagic's database,
 * conversions of character sets. */
MhConfinement *mh_confinement_new(void);
void mh_confinement_free(MhConfinement *confinement); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhConfinement, mh_confinement_free)

/* Allows @uses (of MhConfineUse) below the directory @fd, or of the file @fd; below 0 is no place
 * and is left out. */
void mh_confinement_allow(MhConfinement *confinement, int fd, unsigned uses);

/* From here on the process may do no more than this, for good. What the system lacks is a finding,
 * and the rest of it holds. */
void mh_confinement_enter(const MhConfinement *confinement, MhFindings *findings);

/* What this machine offers, as a sentence for --verbose. g_free(). */
char *mh_confinement_describe(void);
