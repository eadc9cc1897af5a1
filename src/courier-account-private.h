/* courier-account-private: what the parts of a Courier account's survey share. */
#pragma once

#include "courier-account.h"
#include "courier-watch.h"
#include "courier/courier-folder-name.h"
#include "courier/courier-source.h"
#include "name-plan.h"

typedef struct {
    const MhJob *job;
    const MhAccount *account;
    const MaildirTree *target;
    MhFindings *findings;
    MhAccountSurvey *survey;
    CourierSourceOptions options;
    int root_fd;
    int shared_fd; /* of --shared-root */
    char *root_path;
    char *place, *rest; /* the same: see place.h */
    MhCourierWatch watch;
    CourierNames names;
    GHashTable *renamed; /* in place: directories that had another name; see in-place.h */
    GPtrArray *paths;    /* of char *: per mailbox, its path "a.b"; "" is the INBOX */
} MhCourierSurvey;

/* What the account subscribes, under the target's names, and its quota: into the survey. */
void mh_courier_survey_subscriptions(MhCourierSurvey *survey, const MhNamePlan *names);
void mh_courier_survey_quota(MhCourierSurvey *survey);
