#include "courier-account-private.h"

#include "courier-access.h"
#include "courier-options.h"
#include "courier/courier-tree.h"
#include "in-place.h"
#include "maildir/maildir-carried.h"
#include "maildir/maildir-file-name.h"
#include "maildir/maildir-folder.h"
#include "maildir/maildir-folder-name.h"
#include "maildir/maildir-old-names.h"
#include "path-pattern.h"
#include "place.h"
#include "printable.h"
#include "size-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One folder: what MhSurveyMailbox.open is given. */
typedef struct {
    int root_fd;                    /* the survey's */
    const MhSurveyMailbox *mailbox; /* whose it is */
    char *dir;                      /* where the folder is; in place mailbox->directory counts */
    CourierSourceOptions options;
    const MaildirTree *target;
    bool looked_up;        /* known is what it was when it was first asked for */
    MaildirUidlist *known; /* of the target's folder: sizes that were found before */
    GArray *renamed; /* of Renamed, sorted: its messages that could not keep their names; NULL:
                        not looked for yet */
} CourierFolder;

typedef struct {
    MhDigest id;
    size_t index; /* in CourierFolder.known */
} Renamed;

/* ---- opening ------------------------------------------------------------------------------ */

static void
forget_known(CourierFolder *folder)
{
    folder->looked_up = false;
    g_clear_pointer(&folder->known, maildir_uidlist_free);
    g_clear_pointer(&folder->renamed, g_array_unref);
}

static void
done_with_known(void *data)
{
    forget_known(data);
}

static void
folder_free(gpointer data)
{
    CourierFolder *folder = data;
    forget_known(folder);
    g_free(folder->dir);
    g_free(folder);
}

static int
compare_renamed(const void *a, const void *b)
{
    const Renamed *one = a, *two = b;
    return memcmp(&one->id, &two->id, sizeof one->id);
}

static void
find_renamed(CourierFolder *folder)
{
    folder->renamed = g_array_new(FALSE, FALSE, sizeof(Renamed));
    for (size_t i = 0; i < maildir_uidlist_length(folder->known); i++) {
        MaildirUidlistEntry entry;
        Renamed renamed = {.index = i};
        uint32_t occurrence;
        if (maildir_uidlist_get(folder->known, i, &entry) &&
            maildir_file_name_parse_own(entry.name, &renamed.id, &occurrence) && occurrence == 1)
            g_array_append_val(folder->renamed, renamed);
    }
    g_array_sort(folder->renamed, compare_renamed);
}

/* The line of the message that the source calls @base, under the name that it has at the target. */
static bool
find_line(CourierFolder *folder, MhSpan base, uint64_t size_bytes, MaildirUidlistEntry *out)
{
    guint at;
    if (maildir_uidlist_find(folder->known, base, out) != MAILDIR_UIDLIST_NOT_FOUND)
        return true;
    Renamed wanted = {.id = mh_digest_of(base)};
    if (folder->renamed == NULL)
        find_renamed(folder);
    return g_array_binary_search(folder->renamed, &wanted, compare_renamed, &at) &&
           maildir_uidlist_get(folder->known, g_array_index(folder->renamed, Renamed, at).index,
                               out) &&
           maildir_file_name_sizes_agree(out->name, size_bytes, out->virtual_size);
}

/* Where the target's list is, from its root. g_free(). */
static char *
list_path(const CourierFolder *folder)
{
    const MhSurveyMailbox *mailbox = folder->mailbox;
    return g_strdup_printf("%s/%s",
                           mailbox->directory != NULL ? mailbox->directory : mailbox->target,
                           MAILDIR_UIDLIST_FILE);
}

/* Without a list none is known, and names need not be told to find that out. */
static bool
may_know_sizes(const CourierFolder *folder)
{
    g_autofree char *path = list_path(folder);
    struct stat st;
    return folder->target->fd >= 0 &&
           (fstatat(folder->target->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT);
}

/* Only when a size is asked for: by then the source has done with its own list. */
static void
look_up_known(CourierFolder *folder)
{
    g_autofree char *path = list_path(folder);
    folder->looked_up = true;
    if (folder->target->fd < 0)
        return;
    struct stat st;
    int fd = mh_open_file(folder->target->fd, path, MH_LINKS_REFUSE, &st, NULL);
    MhLineText *text = fd >= 0 ? mh_line_text_open(fd, (uint64_t)st.st_size, NULL) : NULL;
    if (text != NULL)
        folder->known = maildir_uidlist_parse_text(text, NULL, NULL);
}

/* A size that an earlier run has written into the target's list, so the message need not be read
 * again. Files of Courier never change. */
static bool
known_size(void *data, MhSpan base, uint64_t size_bytes, uint64_t *out_virtual_size,
           bool *out_listed)
{
    CourierFolder *folder = data;
    MaildirCarried carried;
    MaildirUidlistEntry entry;
    if (!folder->looked_up)
        look_up_known(folder);
    if (folder->known == NULL || !find_line(folder, base, size_bytes, &entry) ||
        entry.virtual_size < size_bytes || entry.virtual_size > 2 * size_bytes ||
        !maildir_carried_parse(entry.other, entry.uid, &carried))
        return false;
    *out_virtual_size = entry.virtual_size;
    *out_listed = carried.size_listed;
    return true;
}

static GPtrArray *
old_names(void *data)
{
    const CourierFolder *folder = data;
    int fd = mh_open_dir_links(folder->root_fd, folder->mailbox->directory, MH_LINKS_REFUSE, NULL);
    if (fd < 0)
        return NULL;
    g_autoptr(MaildirOldNames) names = maildir_old_names_load(fd, NULL);
    close(fd);
    return names != NULL ? maildir_old_names_of_ours(names) : NULL;
}

static MhSource *
open_folder(void *user, MhFindings *findings, GError **error)
{
    CourierFolder *folder = user;
    const char *dir = folder->mailbox->directory != NULL ? folder->mailbox->directory : folder->dir;
    (void)findings;
    forget_known(folder);
    folder->options.known_size = may_know_sizes(folder) ? known_size : NULL;
    folder->options.known_size_done = done_with_known;
    folder->options.known_size_data = folder;
    folder->options.old_names = folder->mailbox->directory != NULL ? old_names : NULL;
    folder->options.old_names_data = folder;
    return courier_source_open(folder->root_fd, dir, &folder->options, error);
}

/* ---- folders ------------------------------------------------------------------------------ */

MhSurveyMailbox *
mh_courier_survey_add(MhCourierSurvey *survey, const char *dir, const char *path, char **components)
{
    g_autofree char *full = strcmp(dir, ".") == 0 ? g_strdup(survey->root_path)
                                                  : g_build_filename(survey->root_path, dir, NULL);
    MhSurveyMailbox *mailbox = mh_account_survey_add(survey->survey, components, full);
    CourierFolder *folder = g_new0(CourierFolder, 1);
    folder->root_fd = survey->root_fd;
    folder->mailbox = mailbox;
    folder->dir = g_strdup(dir);
    folder->options = survey->options;
    folder->target = survey->target;
    mailbox->open = open_folder;
    mailbox->data = folder;
    mailbox->data_free = folder_free;
    mailbox->key = g_strdup(path);
    mh_courier_watch_folder(&survey->watch, dir, mailbox->stamps);
    g_ptr_array_add(survey->paths, g_strdup(path));
    return mailbox;
}

void
mh_courier_survey_set_shared(const MhSurveyMailbox *mailbox, const char *root, int root_fd)
{
    CourierFolder *folder = mailbox->data;
    folder->options.shared_path = root;
    folder->options.shared_fd = root_fd;
}

static void
add_folder(MhCourierSurvey *survey, const CourierTreeEntry *entry, char **components)
{
    const char *path = mh_courier_survey_dir(survey, entry->name) + 1;
    MhSurveyMailbox *mailbox = mh_courier_survey_add(survey, entry->name, path, components);
    mailbox->error = g_strdup(entry->error);
    mailbox->acl_unread = entry->error != NULL;
    if (entry->error == NULL)
        mailbox->acl = mh_courier_access(survey->root_fd, entry->name, path, &survey->access_room,
                                         &mailbox->acl_unread, survey->findings);
    if (survey->survey->in_place)
        mailbox->directory = g_strdup(entry->name);
}

bool
mh_courier_survey_is_listed(const MhCourierSurvey *survey, const char *path,
                            char *const *components)
{
    const MhFolderList *list = survey->job->folders;
    g_autofree char *levels = mh_courier_survey_levels(components);
    return list == NULL ||
           mh_folder_list_has(list, survey->account->user, mh_span_from_string(levels)) ||
           mh_folder_list_has(list, survey->account->user, mh_span_from_string(path));
}

static void
add_no_mail(MhCourierSurvey *survey, const char *name, const char *reason)
{
    g_autofree char *shown = mh_printable_string(name);
    g_ptr_array_add(survey->survey->not_mail, mh_not_mail_new(shown, reason));
}

/* Is it what we have written beside Courier's own files? */
static bool
is_dovecots(const char *name)
{
    return g_str_has_prefix(name, "dovecot") || strcmp(name, "subscriptions") == 0;
}

/* What is there, but no folder now: what was carried of it stays. */
static void
add_unsure(MhCourierSurvey *survey, const char *name)
{
    g_autoptr(GArray) stamps = mh_stamps_new();
    mh_courier_watch_folder(&survey->watch, name, stamps);
    const char *path = mh_courier_survey_dir(survey, name) + 1;
    const char *earlier = mh_courier_survey_earlier(survey, path);
    g_auto(GStrv) components =
        courier_folder_components(mh_span_from_string(path), survey->names, NULL);
    g_autofree char *planned = mh_name_plan_directory(components, survey->survey->escape);
    g_ptr_array_add(survey->survey->unsure,
                    earlier != NULL ? g_strdup(earlier)
                                    : mh_account_survey_directory(survey->survey, planned));
}

static void
take_entry(MhCourierSurvey *survey, const CourierTreeEntry *entry)
{
    const char *path = mh_courier_survey_dir(survey, entry->name) + 1;
    if (entry->kind != COURIER_TREE_FOLDER) {
        if (!survey->survey->in_place || !is_dovecots(entry->name))
            add_no_mail(survey, entry->name, entry->reason);
        if (entry->kind == COURIER_TREE_NO_FOLDER && entry->name[0] == '.' &&
            courier_folder_path_valid(mh_span_from_string(path)))
            add_unsure(survey, entry->name);
        return;
    }
    if (*path == '\0') {
        add_folder(survey, entry, NULL);
        return;
    }
    if (survey->survey->in_place && entry->is_link) {
        add_no_mail(survey, entry->name, "a link to another folder; left as it is");
        return;
    }
    if (survey->job->task != MH_TASK_UNDO &&
        mh_courier_survey_is_new_servers(survey, entry->name)) {
        add_no_mail(survey, entry->name, "a folder of the new server's own; left as it is");
        return;
    }
    CourierNames names =
        mh_courier_survey_has_new_name(survey, entry->name) ? COURIER_NAMES_MUTF7 : survey->names;
    g_auto(GStrv) components =
        courier_folder_components(mh_span_from_string(path), names, survey->findings);
    if (mh_courier_survey_is_listed(survey, path, components))
        add_folder(survey, entry, components);
}

/* Is @listed the folder of that survey's mailbox, as the admin may have written it? */
static bool
is_of_mailbox(const MhCourierSurvey *survey, guint i, const char *listed)
{
    const MhSurveyMailbox *mailbox = survey->survey->mailboxes->pdata[i];
    g_autofree char *levels = mh_courier_survey_levels(mailbox->components);
    return strcmp(listed, levels) == 0 || strcmp(listed, survey->paths->pdata[i]) == 0;
}

/* A folder that the admin has listed and that is not there is an error of that folder. */
static void
list_missing(MhCourierSurvey *survey)
{
    const MhFolderList *list = survey->job->folders;
    const GPtrArray *listed = list != NULL ? mh_folder_list_get(list, survey->account->user) : NULL;
    guint found = survey->survey->mailboxes->len;
    for (guint i = 0; listed != NULL && i < listed->len; i++) {
        const char *path = listed->pdata[i];
        bool there = g_ascii_strcasecmp(path, "INBOX") == 0;
        for (guint m = 0; m < found && !there; m++)
            there = is_of_mailbox(survey, m, path);
        if (there)
            continue;
        g_auto(GStrv) components = g_strsplit(path, "/", -1);
        g_autofree char *directory = g_strjoinv(".", components);
        g_autofree char *full = g_strconcat(survey->root_path, "/.", directory, NULL);
        MhSurveyMailbox *mailbox = mh_account_survey_add(survey->survey, components, full);
        mailbox->error = g_strdup("there is no such folder in the Courier Maildir");
        g_ptr_array_add(survey->paths, g_strdup(path));
    }
}

static bool
find_folders(MhCourierSurvey *survey, GError **error)
{
    mh_courier_watch_root(&survey->watch);
    g_autoptr(GPtrArray) entries = courier_tree_list(survey->root_fd, survey->findings, error);
    if (entries == NULL)
        return false;
    mh_courier_survey_guess_names(survey, entries);
    for (guint i = 0; i < entries->len; i++)
        take_entry(survey, entries->pdata[i]);
    if (!mh_courier_survey_shared(survey, error))
        return false;
    list_missing(survey);
    if (survey->survey->mailboxes->len > 0 && *(char *)survey->paths->pdata[0] == '\0')
        return true;
    g_autofree char *shown = mh_printable_string(survey->root_path);
    mh_findings_add(survey->findings, MH_FINDING_NO_INBOX, "'%s'", shown);
    g_ptr_array_add(survey->survey->unsure, g_strdup("."));
    return true;
}

/* ---- the account -------------------------------------------------------------------------- */

static bool
open_root(MhCourierSurvey *survey, GError **error)
{
    const char *pattern = survey->job->settings->inbox;
    if (pattern == NULL) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "where the Courier Maildirs are is not known: give --inbox");
        return false;
    }
    survey->root_path = mh_path_pattern_expand(pattern, survey->account, error);
    if (survey->root_path == NULL)
        return false;
    survey->root_fd = mh_place_open(pattern, survey->account, error);
    if (survey->root_fd >= 0 &&
        !mh_place_split(pattern, survey->account, &survey->place, &survey->rest, error)) {
        close(survey->root_fd);
        survey->root_fd = -1;
    }
    if (survey->root_fd < 0) {
        g_prefix_error(error, "cannot open the Courier Maildir: ");
        return false;
    }
    mh_account_survey_keep_fd(survey->survey, survey->root_fd);
    survey->watch = (MhCourierWatch){.watch = survey->survey->watch,
                                     .root_fd = survey->root_fd,
                                     .place = survey->place,
                                     .rest = survey->rest};
    mh_account_survey_add_root(survey->survey, survey->root_path, survey->root_fd, true, true);
    return true;
}

/* Is the source the target? What cannot be looked at may be: it is not carried into itself. */
static bool
find_whether_in_place(MhCourierSurvey *survey, GError **error)
{
    struct stat source, target;
    if (survey->target->fd < 0)
        return true;
    if (fstat(survey->root_fd, &source) != 0 || fstat(survey->target->fd, &target) != 0)
        return mh_set_errno(error, errno, "cannot look at the Courier Maildir '%s' or the target",
                            survey->root_path);
    survey->survey->in_place = source.st_dev == target.st_dev && source.st_ino == target.st_ino;
    return true;
}

static bool
do_survey(MhCourierSurvey *survey, GError **error)
{
    if (!mh_courier_options_from_settings(survey->job->settings, &survey->options, error) ||
        !open_root(survey, error))
        return false;
    if (survey->job->task == MH_TASK_VERIFY) /* it is about to read every message */
        survey->options.sizes = COURIER_SIZES_KNOWN;
    if (!find_whether_in_place(survey, error))
        return false;
    if (survey->survey->in_place)
        survey->renamed = mh_in_place_names(survey->root_fd, error);
    survey->options.ids_of_files = survey->survey->in_place;
    if (survey->survey->in_place && survey->renamed == NULL)
        return false;
    if (!find_folders(survey, error))
        return false;
    g_autoptr(MhNamePlan) names = mh_courier_survey_choose_names(survey);
    mh_courier_survey_subscriptions(survey, names);
    mh_courier_survey_drop_left(survey);
    mh_courier_survey_quota(survey);
    return true;
}

MhAccountSurvey *
mh_courier_account_survey(const MhJob *job, const MhAccount *account, const MaildirTree *target,
                          MhFindings *findings, GError **error)
{
    g_autoptr(MhAccountSurvey) result =
        mh_account_survey_begin("courier", job->settings->server, target->fd, findings);
    MhCourierSurvey survey = {.job = job,
                              .account = account,
                              .target = target,
                              .findings = findings,
                              .survey = result,
                              .root_fd = -1,
                              .access_room = MH_LIMIT_ACCESS_BYTES};
    survey.paths = g_ptr_array_new_with_free_func(g_free);
    bool good = do_survey(&survey, error);
    g_ptr_array_unref(survey.paths);
    if (survey.renamed != NULL)
        g_hash_table_unref(survey.renamed);
    g_free(survey.root_path);
    g_free(survey.place);
    g_free(survey.rest);
    return good ? g_steal_pointer(&result) : NULL;
}
