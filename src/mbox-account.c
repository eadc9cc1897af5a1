#include "mbox-account.h"

#include "folder-survey.h"
#include "mbox-inbox.h"
#include "mbox-options.h"
#include "maildir/maildir-folder-name.h"
#include "name-plan.h"
#include "path-pattern.h"
#include "place.h"
#include "printable.h"
#include "size-limits.h"
#include "source-name.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool
is_known_folder(const char *path, const MhStamp *stamp, void *data)
{
    return mh_mbox_survey_is_remembered(data, path, stamp);
}

/* The folder directory's @path was looked at. */
static void
folder_seen(const char *path, bool follow, const MhStamp *stamp, const GPtrArray *names, void *data)
{
    const MhMboxSurvey *survey = data;
    MhWatch *watch = survey->survey->watch;
    g_autofree char *whole = strcmp(survey->folders_rest, ".") == 0 ? g_strdup(path)
                             : strcmp(path, ".") == 0
                                 ? g_strdup(survey->folders_rest)
                                 : g_build_filename(survey->folders_rest, path, NULL);
    if (names != NULL)
        mh_watch_add_dir(watch, survey->folders_root, whole, stamp, names);
    else
        mh_watch_add(watch, survey->folders_root, whole, follow, stamp);
}

/* ---- subscriptions ------------------------------------------------------------------------ */

/* Reads a list of subscriptions; NULL when there is none that can be read. */
static GBytes *
read_list(MhMboxSurvey *survey, int dirfd, const char *name)
{
    g_autoptr(GError) error = NULL;
    struct stat st;
    GBytes *text = mh_read_file_if_there(dirfd, name, MH_LIMIT_SUBSCRIPTIONS_BYTES, &st, &error);
    if (error != NULL) {
        survey->survey->subscriptions_unread = true;
        mh_findings_add(survey->findings, MH_FINDING_SUBSCRIPTIONS_UNREADABLE, "%s",
                        error->message);
    }
    if (text != NULL) {
        MhStamp stamp = mh_stamp_of(&st);
        int64_t *changed = &survey->survey->subscriptions_changed_ns;
        *changed = MAX(*changed, MAX(stamp.mtime_ns, stamp.ctime_ns));
        survey->survey->has_subscriptions = true;
    }
    return text;
}

/* The folder directory below the home: "mail"; "" is the home; NULL: it is elsewhere. */
static const char *
below_home(const MhMboxSurvey *survey)
{
    const char *home = survey->account->home, *path = survey->folders_path;
    size_t len = home != NULL ? strlen(home) : 0;
    if (home == NULL || path == NULL || strncmp(path, home, len) != 0)
        return NULL;
    while (path[len] == '/')
        len++;
    return path + len;
}

static void
read_subscriptions(MhMboxSurvey *survey)
{
    static const char *const dovecot_lists[] = {".subscriptions", "subscriptions"};
    const char *prefix = below_home(survey);
    if (survey->home_fd >= 0 && prefix != NULL) {
        mh_watch_look(survey->survey->watch, survey->account->home, ".mailboxlist");
        g_autoptr(GBytes) text = read_list(survey, survey->home_fd, ".mailboxlist");
        if (text != NULL)
            mh_subscription_list_add_uw(survey->subscriptions, mh_span_from_bytes(text),
                                        survey->account->home, prefix, survey->findings);
    }
    for (size_t i = 0; survey->folders_fd >= 0 && i < G_N_ELEMENTS(dovecot_lists); i++) {
        g_autofree char *path = g_build_filename(survey->folders_rest, dovecot_lists[i], NULL);
        mh_watch_look(survey->survey->watch, survey->folders_root, path);
        g_autoptr(GBytes) text = read_list(survey, survey->folders_fd, dovecot_lists[i]);
        if (text != NULL)
            mh_subscription_list_add_dovecot(survey->subscriptions, mh_span_from_bytes(text),
                                             survey->findings);
    }
}

static void
name_subscriptions(MhMboxSurvey *survey, const MhNamePlan *names)
{
    for (guint i = 0; i < survey->subscriptions->entries->len; i++) {
        const MhSubscription *entry = survey->subscriptions->entries->pdata[i];
        const MhTargetName *known = mh_name_plan_find(names, entry->path);
        g_autofree char *directory = NULL;
        if (entry->is_inbox) {
            g_ptr_array_add(survey->survey->subscriptions, g_strdup("INBOX"));
            continue;
        }
        if (known != NULL) {
            directory = g_strdup(known->directory);
        } else {
            g_autofree char *shown = mh_printable_string(entry->path);
            mh_findings_add(survey->findings, MH_FINDING_SUBSCRIBED_MISSING, "'%s'", shown);
            directory = mh_name_plan_directory(entry->levels, survey->survey->escape);
        }
        g_autofree char *target = mh_account_survey_directory(survey->survey, directory);
        g_ptr_array_add(survey->survey->subscriptions, g_strdup(target + 1));
    }
}

/* ---- folders ------------------------------------------------------------------------------ */

static void
add_folder(MhMboxSurvey *survey, const MhFound *found)
{
    g_autofree char *full = g_build_filename(survey->folders_path, found->path, NULL);
    MhSurveyMailbox *mailbox = mh_account_survey_add(survey->survey, found->components, full);
    mailbox->open = mh_mbox_survey_open;
    mailbox->data = mh_mbox_survey_file_new(survey, survey->folders_fd,
                                            found->linked ? found->alias_of : found->path,
                                            found->linked ? MH_LINKS_BENEATH : MH_LINKS_REFUSE);
    mailbox->data_free = mh_mbox_survey_file_free;
    mailbox->size_bytes = found->stamp.size_bytes;
    mailbox->key = g_strdup(found->path);
    mh_mbox_survey_add_stamp(survey, mailbox, survey->folders_root, &found->stamp);
    if (survey->folders_fd >= 0)
        mh_mbox_survey_distrust_locked(mailbox, survey->folders_fd, found->path);
    if (found->kind == MH_FOUND_ERROR)
        mailbox->error = g_strdup(found->reason);
    g_ptr_array_add(survey->paths, g_strdup(found->path));
}

static void
add_no_mail(MhMboxSurvey *survey, const MhFound *found)
{
    g_autofree char *path = mh_printable_string(found->path);
    g_autofree char *alias = found->alias_of != NULL ? mh_printable_string(found->alias_of) : NULL;
    g_autofree char *reason = found->kind == MH_FOUND_ALIAS
                                  ? g_strdup_printf("another name of '%s'", alias)
                                  : g_strdup(found->reason);
    g_ptr_array_add(survey->survey->not_mail, mh_not_mail_new(path, reason));
    if (found->kind != MH_FOUND_ALIAS && found->components != NULL)
        g_ptr_array_add(survey->rejected, g_strdupv(found->components));
}

static bool
is_subscribed(const char *path, void *data)
{
    const MhMboxSurvey *survey = data;
    return mh_subscription_list_has(survey->subscriptions, path);
}

static bool
find_folders(MhMboxSurvey *survey, GError **error)
{
    const char *below = below_home(survey);
    MhFolderSurveyOptions options = {
        .is_home = below != NULL && *below == '\0',
        .root_path = survey->folders_path,
        .inbox = survey->inbox_stamp.inode != 0 ? &survey->inbox_stamp : NULL,
        .target = survey->target_stamp.inode != 0 ? &survey->target_stamp : NULL,
        .is_subscribed = is_subscribed,
        .is_known = is_known_folder,
        .seen = folder_seen,
        .data = survey,
    };
    g_autoptr(MhFolderSurvey) found =
        mh_folder_survey(survey->folders_fd, &options, survey->findings, error);
    if (found == NULL)
        return false;
    /* in a home, an empty file is a folder where a list has it */
    survey->survey->incomplete =
        found->incomplete || (options.is_home && survey->survey->subscriptions_unread);
    for (guint i = 0; i < found->found->len; i++) {
        const MhFound *item = found->found->pdata[i];
        if (item->kind == MH_FOUND_MAILBOX || item->kind == MH_FOUND_ERROR)
            add_folder(survey, item);
        else if (item->kind != MH_FOUND_INBOX)
            add_no_mail(survey, item);
    }
    return true;
}

/* The folders that the admin listed. What is not there is an error of that folder. */
static void
list_folders(MhMboxSurvey *survey)
{
    const GPtrArray *paths = mh_folder_list_get(survey->job->folders, survey->account->user);
    for (guint i = 0; paths != NULL && i < paths->len; i++) {
        char *path = paths->pdata[i];
        g_auto(GStrv) components = g_strsplit(path, "/", -1);
        g_autoptr(GError) error = NULL;
        struct stat st = {0};
        if (g_ascii_strcasecmp(path, "INBOX") == 0)
            continue;
        MhFound found = {.kind = MH_FOUND_MAILBOX, .path = path, .components = components};
        if (survey->folders_fd < 0) {
            found.kind = MH_FOUND_ERROR;
            found.reason = (char *)(uintptr_t) "the account has no folder directory";
        } else if (!mh_stat(survey->folders_fd, path, MH_LINKS_BENEATH, &st, &error)) {
            found.kind = MH_FOUND_ERROR;
            found.reason = error->message;
        }
        found.stamp = mh_stamp_of(&st);
        if (survey->folders_fd >= 0)
            folder_seen(path, true, found.kind == MH_FOUND_MAILBOX ? &found.stamp : NULL, NULL,
                        survey);
        add_folder(survey, &found);
    }
}

/* ---- names -------------------------------------------------------------------------------- */

/* The name that the admin has chosen for a folder. */
static const char *
mapped_name(const char *path, void *data)
{
    const MhMboxSurvey *survey = data;
    return mh_name_map_lookup(survey->job->names, survey->account->user, mh_span_from_string(path));
}

/* The directory that an earlier run gave to a folder. */
static const char *
earlier_name(const char *path, void *data)
{
    const MhMboxSurvey *survey = data;
    const MhMailboxMemory *known = *path != '\0' ? mh_memory_find(survey->job->memory, path) : NULL;
    bool usable = known != NULL && known->directory != NULL && !survey->survey->utf8 &&
                  g_str_is_ascii(known->directory);
    return usable ? known->directory : NULL; /* a Courier's is not as it was planned */
}

/* Where mail would have gone that may have come from what is no mailbox now. */
static void
name_rejected(MhMboxSurvey *survey)
{
    for (guint i = 0; i < survey->rejected->len; i++) {
        char **components = survey->rejected->pdata[i];
        g_auto(GStrv) levels = mh_source_name_levels((const char *const *)components, NULL);
        g_autofree char *path = g_strjoinv("/", components);
        const char *earlier = earlier_name(path, survey);
        g_autofree char *planned = mh_name_plan_directory(levels, survey->survey->escape);
        g_ptr_array_add(survey->survey->unsure,
                        earlier != NULL ? g_strdup(earlier)
                                        : mh_account_survey_directory(survey->survey, planned));
    }
}

static void
choose_names(MhMboxSurvey *survey)
{
    guint count = survey->survey->mailboxes->len;
    g_autofree MhNameSource *sources = g_new0(MhNameSource, count + 1);
    MhNamePlanOptions options = {.escape = survey->survey->escape,
                                 .folds_case = survey->survey->folds_case,
                                 .map = mapped_name,
                                 .earlier = earlier_name,
                                 .data = survey};
    for (guint i = 0; i < count; i++) {
        const MhSurveyMailbox *mailbox = survey->survey->mailboxes->pdata[i];
        const char *path = survey->paths->pdata[i];
        sources[i].path = path != NULL ? path : "";
        sources[i].components = path != NULL ? (const char *const *)mailbox->components : NULL;
    }
    g_autoptr(MhNamePlan) names = mh_name_plan_new(sources, count, &options, survey->findings);
    for (guint i = 0; i < count; i++) {
        MhSurveyMailbox *mailbox = survey->survey->mailboxes->pdata[i];
        const MhTargetName *name = mh_name_plan_get(names, i);
        if (mailbox->target == NULL)
            mailbox->target = mh_account_survey_directory(survey->survey, name->directory);
        if (name->changed && !name->mapped)
            mailbox->name_map =
                mh_name_map_line(survey->account->user, sources[i].path, name->levels);
    }
    name_subscriptions(survey, names);
    name_rejected(survey);
}

/* ---- the account -------------------------------------------------------------------------- */

/* Opens a place of the account that need not be there. -1 without @error when it is not. */
static int
open_if_there(const char *pattern, const MhAccount *account, GError **error)
{
    g_autoptr(GError) failure = NULL;
    int fd = mh_place_open(pattern, account, &failure);
    if (fd < 0 && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_propagate_error(error, g_steal_pointer(&failure));
    return fd;
}

/* A home that is not there, or that its owner may not enter, has no mail for him to miss. */
static bool
open_home(MhMboxSurvey *survey, GError **error)
{
    GError *failure = NULL;
    if (survey->account->home == NULL)
        return true;
    survey->home_fd = mh_open_root(survey->account->home, &failure);
    if (survey->home_fd >= 0)
        mh_account_survey_keep_fd(survey->survey, survey->home_fd);
    return mh_is_answer(failure, error);
}

static bool
open_places(MhMboxSurvey *survey, GError **error)
{
    const MhSettings *settings = survey->job->settings;
    GError *failure = NULL;
    survey->home_fd = survey->folders_fd = -1;
    if (!open_home(survey, error))
        return false;
    if (settings->folders == NULL)
        return true;
    survey->folders_path = mh_path_pattern_expand(settings->folders, survey->account, error);
    if (survey->folders_path == NULL ||
        !mh_place_split(settings->folders, survey->account, &survey->folders_root,
                        &survey->folders_rest, error))
        return false;
    survey->folders_fd = open_if_there(settings->folders, survey->account, &failure);
    if (survey->folders_fd >= 0)
        mh_account_survey_keep_fd(survey->survey, survey->folders_fd);
    else if (failure == NULL)
        mh_watch_look(survey->survey->watch, survey->folders_root, survey->folders_rest);
    mh_account_survey_add_root(survey->survey, survey->folders_path, survey->folders_fd, false,
                               true);
    if (failure != NULL)
        g_propagate_prefixed_error(error, failure, "cannot open the folder directory: ");
    return failure == NULL;
}

static bool
do_survey(MhMboxSurvey *survey, GError **error)
{
    if (!mh_mbox_options_from_settings(survey->job->settings, &survey->options, error) ||
        !open_places(survey, error))
        return false;
    if (mh_job_only_looks(survey->job))
        survey->options.locks |= MBOX_LOCK_LOOK;
    read_subscriptions(survey);
    if (!mh_mbox_inbox_find(survey, error))
        return false;
    if (survey->job->folders != NULL)
        list_folders(survey);
    else if (survey->folders_fd >= 0 && !find_folders(survey, error))
        return false;
    choose_names(survey);
    return true;
}

MhAccountSurvey *
mh_mbox_account_survey(const MhJob *job, const MhAccount *account, const MaildirTree *target,
                       MhFindings *findings, GError **error)
{
    g_autoptr(MhAccountSurvey) result =
        mh_account_survey_begin("mbox", job->settings->server, target->fd, findings);
    MhMboxSurvey survey = {.job = job, .account = account, .findings = findings, .survey = result};
    struct stat st;
    if (target->fd >= 0 && fstat(target->fd, &st) == 0)
        survey.target_stamp = mh_stamp_of(&st);
    survey.subscriptions = mh_subscription_list_new();
    survey.paths = g_ptr_array_new_with_free_func(g_free);
    survey.rejected = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    bool good = do_survey(&survey, error);
    mh_subscription_list_free(survey.subscriptions);
    g_ptr_array_unref(survey.paths);
    g_ptr_array_unref(survey.rejected);
    g_free(survey.folders_path);
    g_free(survey.folders_root);
    g_free(survey.folders_rest);
    return good ? g_steal_pointer(&result) : NULL;
}
