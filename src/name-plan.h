/* name-plan: what every folder of an account is called at the target.
 *
 * No name is refused and none is silently changed: where mail clients will see another name than
 * before, there is a finding with both.
 *
 * Two folders can ask for one name: the same text in two spellings (modified UTF-7 and UTF-8, UTF-8
 * and Latin-1, composed or not), "Inbox" beside INBOX. Then the one that comes first in this order
 * has it: the admin's choice (name map), the name it was given in an earlier run, modified UTF-7 or
 * ASCII, composed UTF-8, other UTF-8, Latin-1; and among equals by bytes. Each of the others gets
 * '-' and six letters or digits behind its last level, which are a digest of its own path: so it is
 * the same in every run, whatever else comes and goes.
 *
 * A name that no file system could hold is cut, level by level, and gets such an ending too.
 */
#pragma once

#include "finding.h"
#include "source-name.h"

/* A folder at the source, as folder-survey finds it. */
typedef struct {
    const char *path;              /* bytes of the disk, unique */
    const char *const *components; /* bytes of the disk; NULL or empty for INBOX */
} MhNameSource;

typedef struct {
    char *directory; /* ".A.B" in the target's Maildir++ tree; "" for INBOX */
    char **levels;   /* what mail clients see, UTF-8 in NFC; {"INBOX"} for INBOX */
    bool mapped;     /* the admin chose it */
    bool changed;    /* it is not the source's name as text: there is a finding */
} MhTargetName;

typedef struct {
    char escape;     /* maildir-folder-name.h; MAILDIR_ESCAPE_NONE: '_' takes the place */
    bool folds_case; /* at the target, names that differ in nothing but case are one */
    bool is_text;    /* components are the text that clients saw, not bytes that may be encoded */
    /* The admin's name for the folder at @path, UTF-8, '/' between levels; NULL: none. */
    const char *(*map)(const char *path, void *data);
    /* The directory that an earlier run gave to it; NULL: none. */
    const char *(*earlier)(const char *path, void *data);
    void *data; /* the callbacks may be NULL */
} MhNamePlanOptions;

typedef struct MhNamePlan MhNamePlan;

/* Never fails. The order of @sources does not matter. */
MhNamePlan *mh_name_plan_new(const MhNameSource *sources, size_t count,
                             const MhNamePlanOptions *options, MhFindings *findings);
void mh_name_plan_free(MhNamePlan *plan); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhNamePlan, mh_name_plan_free)

/* The target of @sources[@index]. Borrowed. */
const MhTargetName *mh_name_plan_get(const MhNamePlan *plan, size_t index);
/* By path; NULL when there is no such source. Borrowed. */
const MhTargetName *mh_name_plan_find(const MhNamePlan *plan, const char *path);

/* The directory for a name that has no folder at the source (a subscription to one that is gone):
 * what a folder of these @levels (UTF-8) would get if it were alone. g_free(). */
char *mh_name_plan_directory(char *const *levels, char escape);
