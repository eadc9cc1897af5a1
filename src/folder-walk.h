/* folder-walk: what the parts of folder-survey share while they look through a directory.
 *
 * folder-survey goes through directories, folder-judge opens files, folder-links follows links.
 */
#pragma once

#include "folder-survey.h"

/* The walk goes into directories depth first and holds one descriptor a level. Links wait until it
 * is over: only then is it known what has a name of its own. */
typedef struct {
    int root;
    const MhFolderSurveyOptions *options;
    MhFindings *findings;
    MhFolderSurvey *survey;
    GHashTable *places;    /* "device:inode" -> MhFolderPlace, of everything that was looked at */
    GPtrArray *links;      /* of MhFound, not judged yet */
    GString *path;         /* where we are */
    GPtrArray *components; /* the same as a folder's name; of char *, owned */
    GArray *ancestors;     /* of struct stat, of the directories above */
    uint64_t names;
    uint64_t kept_bytes; /* of the paths of what was kept, links too */
    bool full;
    bool in_doubt; /* there may be places that are not in the table: they could not be looked at */
} MhFolderWalk;

/* A file or directory under its own name. */
typedef struct {
    char *path;
    bool carried; /* a mailbox, one that cannot be read, or a directory that was gone into */
} MhFolderPlace;

/* An entry for the place where the walk is. */
MhFound *mh_folder_walk_found(const MhFolderWalk *walk, MhFoundKind kind);
void mh_folder_walk_found_free(gpointer item);
void mh_folder_walk_place_free(gpointer item);

/* The key of a file in the table of places. g_free(). */
char *mh_folder_walk_identity(uint64_t device, uint64_t inode);
/* Remembers what has the name @path, for the links to it. Of several hard links the first counts.
 */
void mh_folder_walk_note(MhFolderWalk *walk, const MhStamp *stamp, const char *path, bool carried);

/* Says that @path was looked at: see MhFolderSurveyOptions.seen. */
void mh_folder_walk_seen(const MhFolderWalk *walk, const char *path, bool follow,
                         const MhStamp *stamp, const GPtrArray *names);

/* Adds a finding on @path; @reason may be NULL. */
void mh_folder_walk_tell(const MhFolderWalk *walk, MhFindingCode code, const char *path,
                         const char *reason);
/* Is there room for @found, which is counted, among what is kept? Otherwise the walk is full, and
 * that has been said. */
bool mh_folder_walk_has_room(MhFolderWalk *walk, const MhFound *found);
/* Takes @found, which is owned from now on, into the survey. */
void mh_folder_walk_keep(MhFolderWalk *walk, MhFound *found);
/* @found is no mailbox, for @reason; both are owned from now on. In a home, what has nothing to do
 * with mail is not worth a word. */
void mh_folder_walk_reject(MhFolderWalk *walk, MhFound *found, MhFoundKind kind, MhFindingCode code,
                           char *reason);
/* The same without a finding, for what is to be expected there. */
void mh_folder_walk_list(MhFolderWalk *walk, MhFound *found, char *reason);
/* What stands at the place where the walk is cannot be looked at. In a home, what its owner cannot
 * read is not the owner's mail; what nothing is known of may be. */
void mh_folder_walk_fail_here(MhFolderWalk *walk, const GError *error);
/* mh_folder_walk_reject() of what stands at the place where the walk is. */
void mh_folder_walk_reject_here(MhFolderWalk *walk, MhFoundKind kind, MhFindingCode code,
                                char *reason);

/* folder-links: judges @found, a symlink, when the walk is over. Takes it over. */
void mh_folder_links_resolve(MhFolderWalk *walk, MhFound *found);
