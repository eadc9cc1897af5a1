/* The folders that others share with a Courier account: which are copied, and which are left. */
#include "courier-account-private.h"
#include "courier-shared.h"
#include "printable.h"

#include <string.h>

static bool
open_shared_root(MhCourierSurvey *survey, GError **error)
{
    const char *path = survey->job->settings->shared_root;
    survey->shared_fd = mh_open_root(path, error);
    if (survey->shared_fd < 0) {
        g_prefix_error(error, "cannot read what others share: ");
        return false;
    }
    mh_account_survey_keep_fd(survey->survey, survey->shared_fd);
    return true;
}

/* "shared-folders/NAME/FOLDER" is the folder shared/NAME/FOLDER. NULL: the admin has not asked for
 * it. */
static MhSurveyMailbox *
add_shared(MhCourierSurvey *survey, const char *dir)
{
    g_autofree char *name = g_strdup(dir + strlen(MH_COURIER_SHARED_DIR "/"));
    g_autofree char *path = g_strdup_printf("shared.%s", g_strdelimit(name, "/", '.'));
    g_auto(GStrv) components =
        courier_folder_components(mh_span_from_string(path), survey->names, survey->findings);
    return mh_courier_survey_is_listed(survey, path, components)
               ? mh_courier_survey_add(survey, dir, dir, components)
               : NULL;
}

static void
copy_shared(MhCourierSurvey *survey, const char *dir)
{
    g_autoptr(GError) error = NULL;
    const char *root = survey->job->settings->shared_root;
    MhCourierShared where =
        mh_courier_shared_find(&survey->watch, dir, root, survey->shared_fd, &error);
    MhSurveyMailbox *mailbox = where != MH_COURIER_SHARED_GONE ? add_shared(survey, dir) : NULL;
    if (mailbox == NULL)
        return;
    mh_courier_survey_set_shared(mailbox, root, survey->shared_fd);
    mailbox->left = where == MH_COURIER_SHARED_AWAY;
    g_autofree char *shown = mh_printable_string(dir);
    if (mailbox->left)
        mh_findings_add(survey->findings, MH_FINDING_COURIER_SHARED_AWAY, "'%s'%s%s", shown,
                        error != NULL ? ": " : "", error != NULL ? error->message : "");
}

/* What an earlier run may have copied of it stays. */
static void
leave_shared(MhCourierSurvey *survey, const char *dir)
{
    bool may_be_there = survey->target->fd >= 0 && !survey->survey->in_place;
    MhSurveyMailbox *mailbox = may_be_there ? add_shared(survey, dir) : NULL;
    if (mailbox != NULL)
        mailbox->left = true;
}

bool
mh_courier_survey_shared(MhCourierSurvey *survey, GError **error)
{
    bool copy = survey->job->settings->shared == MH_SHARED_COPY;
    g_autoptr(GPtrArray) dirs = mh_courier_shared_list(&survey->watch, error);
    const char *obstacle = mh_courier_shared_obstacle(survey->account, survey->survey->in_place);
    if (dirs == NULL || dirs->len == 0)
        return dirs != NULL;
    if (copy && obstacle != NULL)
        mh_findings_add(survey->findings, MH_FINDING_COURIER_SHARED_LEFT, "%u: %s", dirs->len,
                        obstacle);
    copy &= obstacle == NULL;
    if (copy && !open_shared_root(survey, error))
        return false;
    for (guint i = 0; i < dirs->len; i++) {
        if (copy)
            copy_shared(survey, dirs->pdata[i]);
        else
            leave_shared(survey, dirs->pdata[i]);
    }
    return true;
}

void
mh_courier_survey_drop_left(MhCourierSurvey *survey)
{
    GPtrArray *mailboxes = survey->survey->mailboxes;
    for (guint i = 0; i < mailboxes->len;) {
        const MhSurveyMailbox *mailbox = mailboxes->pdata[i];
        if (!mailbox->left) {
            i++;
            continue;
        }
        g_ptr_array_add(survey->survey->left, g_strdup(mailbox->target));
        g_ptr_array_remove_index(mailboxes, i);
        g_ptr_array_remove_index(survey->paths, i);
    }
}
