#include "mbox-survey.h"

void
mh_mbox_survey_file_free(gpointer data)
{
    MhMboxFile *place = data;
    g_free(place->path);
    g_free(place);
}

MhMboxFile *
mh_mbox_survey_file_new(const MhMboxSurvey *survey, int dirfd, const char *path, MhLinks links)
{
    MhMboxFile *place = g_new0(MhMboxFile, 1);
    place->dirfd = dirfd;
    place->path = g_strdup(path);
    place->options = survey->options;
    place->options.links = links;
    place->home_fd = -1;
    return place;
}

MhSource *
mh_mbox_survey_open(void *user, MhFindings *findings, GError **error)
{
    const MhMboxFile *place = user;
    return mbox_source_open(place->dirfd, place->path, &place->options, findings, error);
}

/* What @mailbox is read from, in one more place below @root. */
void
mh_mbox_survey_add_stamp(MhMboxSurvey *survey, MhSurveyMailbox *mailbox, const char *root,
                         const MhStamp *stamp)
{
    MhStamp settled = mh_watch_settle(survey->survey->watch, root, stamp);
    g_array_append_val(mailbox->stamps, settled);
}

/* Somebody has locked the file @path, or has left a lock behind: then it is to be opened, and the
 * lock waited for or cleared away, whatever its stamp says. */
void
mh_mbox_survey_distrust_locked(MhSurveyMailbox *mailbox, int dirfd, const char *path)
{
    struct stat st;
    g_autofree char *lock = g_strconcat(path, ".lock", NULL);
    mailbox->locked |= mh_stat(dirfd, lock, MH_LINKS_BENEATH, &st, NULL);
}

/* Was a mailbox carried from this very file? */
bool
mh_mbox_survey_is_remembered(const MhMboxSurvey *survey, const char *key, const MhStamp *stamp)
{
    const MhMailboxMemory *known = mh_memory_find(survey->job->memory, key);
    if (known == NULL || known->source->len == 0 ||
        g_strcmp0(known->settings, survey->job->settings_digest) != 0)
        return false;
    return mh_stamp_equal(&g_array_index(known->source, MhStamp, 0), stamp);
}
