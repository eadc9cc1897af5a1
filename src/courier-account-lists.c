/* The lists in the root of a Courier account that are not about messages. */
#include "courier-account-private.h"
#include "courier-shared.h"
#include "courier/courier-quota.h"
#include "courier/courier-subscribed.h"
#include "printable.h"
#include "size-limits.h"

#include <string.h>

/* A state file of the root; NULL when there is none that can be read. @out_unread, which may be
 * NULL: there may be one all the same. */
static GBytes *
read_state(MhCourierSurvey *survey, const char *name, uint64_t max_bytes, MhFindingCode unreadable,
           bool *out_unread)
{
    g_autoptr(GError) error = NULL;
    GBytes *text = mh_read_file_if_there(survey->root_fd, name, max_bytes, NULL, &error);
    if (out_unread != NULL)
        *out_unread = error != NULL;
    if (error != NULL)
        mh_findings_add(survey->findings, unreadable, "%s", error->message);
    return text;
}

/* The target's name of a subscribed folder, without its first dot. g_free(). */
static char *
subscribed_name(const MhCourierSurvey *survey, const MhNamePlan *names, MhSpan path)
{
    g_autofree char *text = mh_span_dup(path);
    g_autofree char *now = g_strconcat(".", text, NULL);
    const MhTargetName *known = mh_name_plan_find(names, text);
    if (known == NULL) /* in place Courier shows what the directory is called now */
        known = mh_name_plan_find(names, mh_courier_survey_dir(survey, now) + 1);
    if (known != NULL) {
        g_autofree char *target = mh_account_survey_directory(survey->survey, known->directory);
        return g_strdup(target + 1);
    }
    g_autofree char *shown = mh_printable(path);
    g_auto(GStrv) levels = courier_folder_components(path, survey->names, NULL);
    g_autofree char *directory = NULL;
    mh_findings_add(survey->findings, MH_FINDING_SUBSCRIBED_MISSING, "'%s'", shown);
    directory = mh_name_plan_directory(levels, survey->survey->escape);
    g_autofree char *target = mh_account_survey_directory(survey->survey, directory);
    return g_strdup(target + 1);
}

static void
read_subscribed(MhCourierSurvey *survey, const MhNamePlan *names)
{
    g_autoptr(GBytes) text =
        read_state(survey, "courierimapsubscribed", MH_LIMIT_SUBSCRIPTIONS_BYTES,
                   MH_FINDING_SUBSCRIPTIONS_UNREADABLE, &survey->survey->subscriptions_unread);
    if (text == NULL)
        return;
    survey->survey->has_subscriptions = true;
    g_autoptr(GArray) list = courier_subscribed_parse(mh_span_from_bytes(text), survey->findings);
    for (guint i = 0; i < list->len; i++) {
        const CourierSubscribed *entry = &g_array_index(list, CourierSubscribed, i);
        char *name = NULL;
        if (entry->kind == COURIER_SUBSCRIBED_INBOX)
            name = g_strdup("INBOX");
        else if (entry->kind == COURIER_SUBSCRIBED_FOLDER)
            name = subscribed_name(survey, names, entry->path);
        if (name != NULL)
            g_ptr_array_add(survey->survey->subscriptions, name);
    }
}

/* That there is such a directory is the subscription. */
static void
subscribe_shared(MhCourierSurvey *survey)
{
    for (guint i = 0; i < survey->paths->len; i++) {
        const MhSurveyMailbox *mailbox = survey->survey->mailboxes->pdata[i];
        if (mailbox->left || !g_str_has_prefix(survey->paths->pdata[i], MH_COURIER_SHARED_DIR "/"))
            continue;
        survey->survey->has_subscriptions = true;
        g_ptr_array_add(survey->survey->subscriptions, g_strdup(mailbox->target + 1));
    }
}

void
mh_courier_survey_subscriptions(MhCourierSurvey *survey, const MhNamePlan *names)
{
    read_subscribed(survey, names);
    subscribe_shared(survey);
}

void
mh_courier_survey_quota(MhCourierSurvey *survey)
{
    g_autoptr(GBytes) text = read_state(survey, "maildirsize", MH_LIMIT_QUOTA_BYTES,
                                        MH_FINDING_COURIER_QUOTA_UNREADABLE, NULL);
    if (text == NULL)
        return;
    CourierQuota quota = courier_quota_parse(mh_span_from_bytes(text), survey->findings);
    survey->survey->quota_bytes = quota.bytes;
    survey->survey->quota_messages = quota.messages;
}
