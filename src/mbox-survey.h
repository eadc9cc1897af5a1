/* mbox-survey: what the steps of surveying an account of mbox files share: the account, what has
 * been found so far, and the files that its mailboxes are.
 */
#pragma once

#include "account-survey.h"
#include "job.h"
#include "mbox/mbox-source.h"
#include "subscription-list.h"

/* One mbox file: what MhSurveyMailbox.open is given. */
typedef struct {
    int dirfd; /* the survey's */
    char *path;
    MboxSourceOptions options;
    int home_fd;        /* the INBOX: ~/mbox comes before it; -1: it does not */
    bool spool_missing; /* and there is nothing behind it */
} MhMboxFile;

typedef struct {
    const MhJob *job;
    const MhAccount *account;
    MhFindings *findings;
    MhAccountSurvey *survey;
    MboxSourceOptions options;
    int home_fd, folders_fd;           /* -1: there is none */
    char *folders_path;                /* absolute */
    char *folders_root, *folders_rest; /* the same, as mh_place_split() has it */
    MhStamp inbox_stamp, target_stamp;
    MhSubscriptionList *subscriptions;
    GPtrArray *rejected; /* of char **: components of what is there and is no mailbox */
    GPtrArray *paths;    /* of char *: per mailbox, its path below the folders; NULL: the INBOX */
} MhMboxSurvey;

MhMboxFile *mh_mbox_survey_file_new(const MhMboxSurvey *survey, int dirfd, const char *path,
                                    MhLinks links);
void mh_mbox_survey_file_free(gpointer data);

/* MhSourceOpen of @user, an MhMboxFile. */
MhSource *mh_mbox_survey_open(void *user, MhFindings *findings, GError **error);

/* What @mailbox is read from, in one more place below @root. */
void mh_mbox_survey_add_stamp(MhMboxSurvey *survey, MhSurveyMailbox *mailbox, const char *root,
                              const MhStamp *stamp);
/* Somebody has locked the file @path, or has left a lock behind: then it is to be opened, and the
 * lock waited for or cleared away, whatever its stamp says. */
void mh_mbox_survey_distrust_locked(MhSurveyMailbox *mailbox, int dirfd, const char *path);
/* Was a mailbox carried from this very file? */
bool mh_mbox_survey_is_remembered(const MhMboxSurvey *survey, const char *key,
                                  const MhStamp *stamp);
