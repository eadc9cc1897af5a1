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
    size_t access_room;  /* bytes that access lists may still take */
    GPtrArray *paths;    /* of char *: per mailbox, its path "a.b"; "" is the INBOX */
} MhCourierSurvey;

/* Adds the folder in @dir. @path is its name behind the first dot, or the directory of a shared
 * one, and @components what clients saw. */
MhSurveyMailbox *mh_courier_survey_add(MhCourierSurvey *survey, const char *dir, const char *path,
                                       char **components);
/* The links of that folder lead below @root. */
void mh_courier_survey_set_shared(const MhSurveyMailbox *mailbox, const char *root, int root_fd);
/* Did the admin ask for this folder? By what clients saw, or as its directory is called. */
bool mh_courier_survey_is_listed(const MhCourierSurvey *survey, const char *path,
                                 char *const *components);

/* What Courier called the directory @name: in place it may have another name now. */
const char *mh_courier_survey_dir(const MhCourierSurvey *survey, const char *name);
/* The target's directory that an earlier run gave to the folder; NULL: none. */
const char *mh_courier_survey_earlier(const MhCourierSurvey *survey, const char *path);
/* The folder's name for lists and maps that an admin writes. g_free(). */
char *mh_courier_survey_levels(char *const *components);
/* In place: has the new server made the folder in @dir, which Courier has never opened? */
bool mh_courier_survey_is_new_servers(const MhCourierSurvey *survey, const char *dir);
/* In place: has the folder been converted, and @dir is what the new server calls it? */
bool mh_courier_survey_has_new_name(const MhCourierSurvey *survey, const char *dir);
/* Finds out how Courier wrote names, from all of them: survey->names. @entries: courier-tree. */
void mh_courier_survey_guess_names(MhCourierSurvey *survey, const GPtrArray *entries);
/* Gives every mailbox its directory at the target. */
MhNamePlan *mh_courier_survey_choose_names(MhCourierSurvey *survey);

/* Adds the folders that others share, to be copied or to be left: MhSurveyMailbox.left. */
bool mh_courier_survey_shared(MhCourierSurvey *survey, GError **error);
/* Those that are left have had their part in the choice of names: now only MhAccountSurvey.left has
 * them. */
void mh_courier_survey_drop_left(MhCourierSurvey *survey);

/* What the account subscribes, under the target's names, and its quota: into the survey. */
void mh_courier_survey_subscriptions(MhCourierSurvey *survey, const MhNamePlan *names);
void mh_courier_survey_quota(MhCourierSurvey *survey);
