/* gone: folders at the target that hold carried mail and have no mailbox at the source (any more).
 *
 * What is ours is known from the target itself: lines of UID lists that say so, names of our own,
 * and lists that say who made the folder. So a folder that was removed, renamed, or has become a
 * directory at the source is found even when the state directory is lost.
 *
 * A source that has gone as a whole is no reason to remove what was carried: a disk that is not
 * mounted and a home that was tidied up after the cutover look like that. See mh_gone_allowed().
 */
#pragma once

#include "account-survey.h"

typedef struct {
    char *directory;          /* of the target tree; "." is the INBOX */
    size_t ours;              /* messages that were carried */
    size_t stale;             /* lines of its list about carried messages that have gone */
    size_t foreign;           /* others */
    GPtrArray *foreign_names; /* of char *: the first of them, printable, "cur/NAME" */
    bool exists;              /* it has a cur directory */
    bool made_here;           /* mailhaul made the folder */
} MhGone;

/* @survey NULL: every folder with something of ours in it. Where the survey did not look at all
 * (no --folders), nothing has gone. Of MhGone; NULL with @error. */
GPtrArray *mh_gone_find(const MaildirTree *tree, const MhAccountSurvey *survey,
                        MhFindings *findings, GError **error);

/* Does the tree hold mail that was carried from a Courier Maildir? Such mail keeps its names, and
 * mail from mbox files has names of ours: so it is known when the state directory is lost. False
 * with @error unset is "no". */
bool mh_gone_from_courier(const MaildirTree *tree, GError **error);

/* May what is in @gone be removed? False with an @error that says what has gone and what to do. */
bool mh_gone_allowed(const GPtrArray *gone, const MhAccountSurvey *survey, const MhMemory *memory,
                     GError **error);
