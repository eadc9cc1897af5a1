#include "mbox-account.h"

#include "folder-survey.h"
#include "joined-source.h"
#include "mbox/mbox-source.h"
#include "mbox-options.h"
#include "maildir/maildir-folder-name.h"
#include "name-plan.h"
#include "path-pattern.h"
#include "place.h"
#include "printable.h"
#include "size-limits.h"
#include "source-name.h"
#include "subscription-list.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* One mbox file: what MhSurveyMailbox.open is given. */
typedef struct {
    int dirfd; /* the survey's */
    char *path;
    MboxSourceOptions options;
    int home_fd;        /* the INBOX: ~/mbox comes before it; -1: it does not */
    bool spool_missing; /* and there is nothing behind it */
} MboxFile;

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
} Survey;

static void
file_free(gpointer data)
{
    MboxFile *place = data;
    g_free(place->path);
    g_free(place);
}

static MboxFile *
file_new(const Survey *survey, int dirfd, const char *path, MhLinks links)
{
    MboxFile *place = g_new0(MboxFile, 1);
    place->dirfd = dirfd;
    place->path = g_strdup(path);
    place->options = survey->options;
    place->options.links = links;
    place->home_fd = -1;
    return place;
}

/* ---- opening ------------------------------------------------------------------------------ */

static MhSource *
open_file(void *user, MhFindings *findings, GError **error)
{
    const MboxFile *place = user;
    return mbox_source_open(place->dirfd, place->path, &place->options, findings, error);
}

/* UW's INBOX: ~/mbox and the spool behind it. */
static MhSource *
open_inbox(void *user, MhFindings *findings, GError **error)
{
    const MboxFile *place = user;
    if (place->home_fd < 0)
        return open_file(user, findings, error);
    g_autoptr(MhSource) home =
        mbox_source_open(place->home_fd, "mbox", &place->options, findings, error);
    if (home == NULL || place->spool_missing)
        return g_steal_pointer(&home);
    g_autoptr(MhSource) spool = open_file(user, findings, error);
    if (spool == NULL)
        return NULL;
    MhSource **parts = g_new(MhSource *, 2);
    parts[0] = g_steal_pointer(&home);
    parts[1] = g_steal_pointer(&spool);
    return mh_joined_source_new(parts, 2);
}

/* ---- remembering -------------------------------------------------------------------------- */

/* What @mailbox is read from, in one more place below @root. */
static void
add_stamp(Survey *survey, MhSurveyMailbox *mailbox, const char *root, const MhStamp *stamp)
{
    MhStamp settled = mh_watch_settle(survey->survey->watch, root, stamp);
    g_array_append_val(mailbox->stamps, settled);
}

/* Somebody has locked the file @path, or has left a lock behind: then it is to be opened, and the
 * lock waited for or cleared away, whatever its stamp says. */
static void
distrust_locked(MhSurveyMailbox *mailbox, int dirfd, const char *path)
{
    struct stat st;
    g_autofree char *lock = g_strconcat(path, ".lock", NULL);
    mailbox->locked |= mh_stat(dirfd, lock, MH_LINKS_BENEATH, &st, NULL);
}

/* Was a mailbox carried from this very file? */
static bool
is_remembered(const Survey *survey, const char *key, const MhStamp *stamp)
{
    const MhMailboxMemory *known = mh_memory_find(survey->job->memory, key);
    if (known == NULL || known->source->len == 0 ||
        g_strcmp0(known->settings, survey->job->settings_digest) != 0)
        return false;
    return mh_stamp_equal(&g_array_index(known->source, MhStamp, 0), stamp);
}

static bool
is_known_folder(const char *path, const MhStamp *stamp, void *data)
{
    return is_remembered(data, path, stamp);
}

static bool
is_known_inbox(const char *path, const MhStamp *stamp, void *data)
{
    (void)path;
    return is_remembered(data, "", stamp);
}

/* The folder directory's @path was looked at. */
static void
folder_seen(const char *path, bool follow, const MhStamp *stamp, const GPtrArray *names, void *data)
{
    const Survey *survey = data;
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

/* ---- the INBOX ---------------------------------------------------------------------------- */

static bool
is_file_there(int dirfd, const char *name, MhStamp *out_stamp)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    *out_stamp = mh_stamp_of(&st);
    return true;
}

static MhSurveyMailbox *
add_inbox(Survey *survey, MboxFile *place, const char *shown, uint64_t size)
{
    MhSurveyMailbox *mailbox = mh_account_survey_add(survey->survey, NULL, shown);
    mailbox->open = open_inbox;
    mailbox->data = place;
    mailbox->data_free = file_free;
    mailbox->size_bytes = size;
    mailbox->target = g_strdup(".");
    mailbox->key = g_strdup("");
    g_ptr_array_add(survey->paths, NULL);
    return mailbox;
}

/* Where the INBOX may come: looked at before anything of it is opened. */
static bool
watch_inbox(const Survey *survey, char **out_root, GError **error)
{
    MhWatch *watch = survey->survey->watch;
    g_autofree char *rest = NULL;
    if (survey->account->home != NULL)
        mh_watch_look(watch, survey->account->home, "mbox");
    if (survey->job->settings->inbox == NULL)
        return true;
    if (!mh_place_split(survey->job->settings->inbox, survey->account, out_root, &rest, error))
        return false;
    g_autofree char *lock = g_strconcat(rest, ".lock", NULL);
    mh_watch_look(watch, *out_root, rest);
    mh_watch_look(watch, *out_root, lock);
    return true;
}

static bool
find_inbox(Survey *survey, GError **error)
{
    const char *pattern = survey->job->settings->inbox;
    g_autofree char *name = NULL, *shown = NULL;
    MhFolderSurveyOptions options = {.is_home = true, .is_known = is_known_inbox, .data = survey};
    MhStamp home_stamp, spool_stamp;
    g_autofree char *root = NULL;
    if (!watch_inbox(survey, &root, error))
        return false;
    bool home =
        survey->home_fd >= 0 && mh_folder_survey_home_inbox(survey->home_fd, &options, &home_stamp);
    int dirfd = -1;
    if (pattern != NULL) {
        dirfd = mh_place_open_parent(pattern, survey->account, &name, error);
        if (dirfd < 0) {
            g_prefix_error(error, "cannot look for the INBOX: ");
            return false;
        }
        mh_account_survey_keep_fd(survey->survey, dirfd);
        shown = mh_path_pattern_expand(pattern, survey->account, NULL);
        g_autofree char *spool_dir = g_path_get_dirname(shown);
        mh_account_survey_add_root(survey->survey, spool_dir, dirfd, true, false);
    }
    bool spool = dirfd >= 0 && is_file_there(dirfd, name, &spool_stamp);
    if (!spool && !home) {
        mh_findings_add(survey->findings, MH_FINDING_NO_INBOX, "'%s'", shown != NULL ? shown : "");
        return true;
    }
    survey->inbox_stamp = home ? home_stamp : spool_stamp;
    MboxFile *place = file_new(survey, dirfd, name, MH_LINKS_REFUSE);
    place->spool_missing = !spool;
    place->home_fd = home ? survey->home_fd : -1;
    if (home && spool && home_stamp.inode == spool_stamp.inode &&
        home_stamp.device == spool_stamp.device)
        place->spool_missing = true; /* --inbox says ~/mbox itself */
    g_autofree char *home_mbox =
        g_strdup_printf("%s/mbox%s%s", survey->account->home, place->spool_missing ? "" : " and ",
                        place->spool_missing ? "" : shown);
    MhSurveyMailbox *mailbox =
        add_inbox(survey, place, home ? home_mbox : shown,
                  (home ? home_stamp.size_bytes : 0) + (spool ? spool_stamp.size_bytes : 0));
    if (home)
        add_stamp(survey, mailbox, survey->account->home, &home_stamp);
    if (home)
        distrust_locked(mailbox, survey->home_fd, "mbox");
    if (spool) {
        add_stamp(survey, mailbox, root, &spool_stamp);
        distrust_locked(mailbox, dirfd, name);
    }
    return true;
}

/* ---- subscriptions ------------------------------------------------------------------------ */

/* Reads a list of subscriptions; NULL when there is none that can be read. */
static GBytes *
read_list(Survey *survey, int dirfd, const char *name)
{
    g_autoptr(GError) error = NULL;
    struct stat st;
    GBytes *text = mh_read_file(dirfd, name, MH_LIMIT_STATE_FILE_BYTES, &st, &error);
    if (text == NULL && !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        mh_findings_add(survey->findings, MH_FINDING_SUBSCRIPTIONS_UNREADABLE, "%s",
                        error->message);
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
below_home(const Survey *survey)
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
read_subscriptions(Survey *survey)
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
name_subscriptions(Survey *survey, const MhNamePlan *names)
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
add_folder(Survey *survey, const MhFound *found)
{
    g_autofree char *full = g_build_filename(survey->folders_path, found->path, NULL);
    MhSurveyMailbox *mailbox = mh_account_survey_add(survey->survey, found->components, full);
    mailbox->open = open_file;
    mailbox->data =
        file_new(survey, survey->folders_fd, found->linked ? found->alias_of : found->path,
                 found->linked ? MH_LINKS_BENEATH : MH_LINKS_REFUSE);
    mailbox->data_free = file_free;
    mailbox->size_bytes = found->stamp.size_bytes;
    mailbox->key = g_strdup(found->path);
    add_stamp(survey, mailbox, survey->folders_root, &found->stamp);
    if (survey->folders_fd >= 0)
        distrust_locked(mailbox, survey->folders_fd, found->path);
    if (found->kind == MH_FOUND_ERROR)
        mailbox->error = g_strdup(found->reason);
    g_ptr_array_add(survey->paths, g_strdup(found->path));
}

static void
add_no_mail(Survey *survey, const MhFound *found)
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
    const Survey *survey = data;
    return mh_subscription_list_has(survey->subscriptions, path);
}

static bool
find_folders(Survey *survey, GError **error)
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
    survey->survey->incomplete = found->incomplete;
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
list_folders(Survey *survey)
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
    const Survey *survey = data;
    return mh_name_map_lookup(survey->job->names, survey->account->user, mh_span_from_string(path));
}

/* The directory that an earlier run gave to a folder. */
static const char *
earlier_name(const char *path, void *data)
{
    const Survey *survey = data;
    const MhMailboxMemory *known = *path != '\0' ? mh_memory_find(survey->job->memory, path) : NULL;
    bool usable = known != NULL && known->directory != NULL && !survey->survey->utf8 &&
                  g_str_is_ascii(known->directory);
    return usable ? known->directory : NULL; /* a Courier's is not as it was planned */
}

/* Where mail would have gone that may have come from what is no mailbox now. */
static void
name_rejected(Survey *survey)
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
choose_names(Survey *survey)
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

static bool
open_places(Survey *survey, GError **error)
{
    const MhSettings *settings = survey->job->settings;
    GError *failure = NULL;
    survey->home_fd = survey->folders_fd = -1;
    if (survey->account->home != NULL)
        survey->home_fd = mh_open_root(survey->account->home, NULL);
    if (survey->home_fd >= 0)
        mh_account_survey_keep_fd(survey->survey, survey->home_fd);
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
do_survey(Survey *survey, GError **error)
{
    if (!mh_mbox_options_from_settings(survey->job->settings, &survey->options, error) ||
        !open_places(survey, error))
        return false;
    if (mh_job_only_looks(survey->job))
        survey->options.locks |= MBOX_LOCK_LOOK;
    read_subscriptions(survey);
    if (!find_inbox(survey, error))
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
    g_autoptr(MhAccountSurvey) result = mh_account_survey_new("mbox");
    Survey survey = {.job = job, .account = account, .findings = findings, .survey = result};
    struct stat st;
    if (target->fd >= 0 && fstat(target->fd, &st) == 0)
        survey.target_stamp = mh_stamp_of(&st);
    mh_account_survey_look_at_target(result, target->fd, findings);
    if (job->settings->server == MH_SERVER_COURIER)
        mh_account_survey_for_courier(result);
    survey.subscriptions = mh_subscription_list_new();
    survey.paths = g_ptr_array_new_with_free_func(g_free);
    survey.rejected = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    result->watch = mh_watch_new();
    bool good = do_survey(&survey, error);
    mh_subscription_list_free(survey.subscriptions);
    g_ptr_array_unref(survey.paths);
    g_ptr_array_unref(survey.rejected);
    g_free(survey.folders_path);
    g_free(survey.folders_root);
    g_free(survey.folders_rest);
    return good ? g_steal_pointer(&result) : NULL;
}
