/* The names of a Courier account's folders: what they were, and what they will be. */
#include "courier-account-private.h"
#include "courier-options.h"
#include "courier/courier-tree.h"

#include <string.h>

const char *
mh_courier_survey_dir(const MhCourierSurvey *survey, const char *name)
{
    const char *before =
        survey->renamed != NULL ? g_hash_table_lookup(survey->renamed, name) : NULL;
    return before != NULL ? before : name;
}

const char *
mh_courier_survey_earlier(const MhCourierSurvey *survey, const char *path)
{
    const MhMailboxMemory *known = *path != '\0' ? mh_memory_find(survey->job->memory, path) : NULL;
    bool usable = known != NULL && !survey->survey->in_place && !survey->survey->utf8 &&
                  g_str_is_ascii(known->directory);
    return usable ? known->directory : NULL;
}

char *
mh_courier_survey_levels(char *const *components)
{
    return g_strjoinv("/", (char **)(uintptr_t)components);
}

void
mh_courier_survey_guess_names(MhCourierSurvey *survey, const GPtrArray *entries)
{
    g_autoptr(GArray) paths = g_array_new(FALSE, FALSE, sizeof(MhSpan));
    for (guint i = 0; i < entries->len; i++) {
        const CourierTreeEntry *entry = entries->pdata[i];
        MhSpan path = mh_span_from_string(mh_courier_survey_dir(survey, entry->name) + 1);
        if (entry->kind == COURIER_TREE_FOLDER && path.len > 0 &&
            !mh_courier_survey_is_new_servers(survey, entry->name) &&
            !mh_courier_survey_has_new_name(survey, entry->name))
            g_array_append_val(paths, path);
    }
    survey->names =
        mh_courier_names(survey->job->settings, (const MhSpan *)(const void *)paths->data,
                         paths->len, survey->findings);
}

/* The name that the admin has chosen for a folder. */
static const char *
mapped_name(const char *path, void *data)
{
    const MhCourierSurvey *survey = data;
    for (guint i = 0; i < survey->paths->len; i++) {
        const MhSurveyMailbox *mailbox = survey->survey->mailboxes->pdata[i];
        if (strcmp(survey->paths->pdata[i], path) != 0)
            continue;
        g_autofree char *levels = mh_courier_survey_levels(mailbox->components);
        return mh_name_map_lookup(survey->job->names, survey->account->user,
                                  mh_span_from_string(levels));
    }
    return NULL;
}

static const char *
earlier(const char *path, void *data)
{
    return mh_courier_survey_earlier(data, path);
}

MhNamePlan *
mh_courier_survey_choose_names(MhCourierSurvey *survey)
{
    guint count = survey->survey->mailboxes->len;
    g_autofree MhNameSource *sources = g_new0(MhNameSource, count + 1);
    MhNamePlanOptions options = {.escape = survey->survey->escape,
                                 .folds_case = survey->survey->folds_case,
                                 .is_text = true,
                                 .map = mapped_name,
                                 .earlier = earlier,
                                 .data = survey};
    for (guint i = 0; i < count; i++) {
        const MhSurveyMailbox *mailbox = survey->survey->mailboxes->pdata[i];
        sources[i].path = survey->paths->pdata[i];
        sources[i].components = (const char *const *)mailbox->components;
    }
    MhNamePlan *names = mh_name_plan_new(sources, count, &options, survey->findings);
    for (guint i = 0; i < count; i++) {
        MhSurveyMailbox *mailbox = survey->survey->mailboxes->pdata[i];
        const MhTargetName *name = mh_name_plan_get(names, i);
        g_autofree char *levels = mh_courier_survey_levels(mailbox->components);
        mailbox->target = mh_account_survey_directory(survey->survey, name->directory);
        if (name->changed && !name->mapped)
            mailbox->name_map = mh_name_map_line(survey->account->user, levels, name->levels);
    }
    return names;
}
