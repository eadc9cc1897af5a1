#include "mbox-inbox.h"

#include "folder-survey.h"
#include "joined-source.h"
#include "path-pattern.h"
#include "place.h"
#include "printable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* The mailbox at --inbox. */
typedef struct {
    int dirfd;  /* of its directory; -1: --inbox says none */
    char *name; /* in it */
    char *shown;
    char *root; /* as mh_place_split() has it */
    bool there;
    MhStamp stamp;
} Spool;

/* UW's INBOX: ~/mbox and the spool behind it. */
static MhSource *
open_inbox(void *user, MhFindings *findings, GError **error)
{
    const MhMboxFile *place = user;
    if (place->home_fd < 0)
        return mh_mbox_survey_open(user, findings, error);
    g_autoptr(MhSource) home =
        mbox_source_open(place->home_fd, "mbox", &place->options, findings, error);
    if (home == NULL || place->spool_missing)
        return g_steal_pointer(&home);
    g_autoptr(MhSource) spool = mh_mbox_survey_open(user, findings, error);
    if (spool == NULL)
        return NULL;
    MhSource **parts = g_new(MhSource *, 2);
    parts[0] = g_steal_pointer(&home);
    parts[1] = g_steal_pointer(&spool);
    return mh_joined_source_new(parts, 2);
}

static bool
is_known_inbox(const char *path, const MhStamp *stamp, void *data)
{
    (void)path;
    return mh_mbox_survey_is_remembered(data, "", stamp);
}

/* Only a file that is known not to be there has gone, and what was carried from it goes, too. */
static bool
look_at_file(Spool *spool, GError **error)
{
    struct stat st;
    spool->there = fstatat(spool->dirfd, spool->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (spool->there)
        spool->stamp = mh_stamp_of(&st);
    else if (errno != ENOENT)
        return mh_set_errno(error, errno, "cannot look at the INBOX '%s'", spool->shown);
    return true;
}

static MhSurveyMailbox *
add_mailbox(MhMboxSurvey *survey, MhMboxFile *place, const char *shown, uint64_t size)
{
    MhSurveyMailbox *mailbox = mh_account_survey_add(survey->survey, NULL, shown);
    mailbox->open = open_inbox;
    mailbox->data = place;
    mailbox->data_free = mh_mbox_survey_file_free;
    mailbox->size_bytes = size;
    mailbox->target = g_strdup(".");
    mailbox->key = g_strdup("");
    g_ptr_array_add(survey->paths, NULL);
    return mailbox;
}

/* Where the INBOX may come: looked at before anything of it is opened. */
static bool
watch_inbox(const MhMboxSurvey *survey, char **out_root, GError **error)
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

/* Opens the directory where --inbox says that the spool is. */
static bool
open_spool(MhMboxSurvey *survey, Spool *spool, GError **error)
{
    const char *pattern = survey->job->settings->inbox;
    spool->dirfd = -1;
    if (pattern == NULL)
        return true;
    spool->dirfd = mh_place_open_parent(pattern, survey->account, &spool->name, error);
    if (spool->dirfd < 0) {
        g_prefix_error(error, "cannot look for the INBOX: ");
        return false;
    }
    mh_account_survey_keep_fd(survey->survey, spool->dirfd);
    spool->shown = mh_path_pattern_expand(pattern, survey->account, NULL);
    g_autofree char *directory = g_path_get_dirname(spool->shown);
    mh_account_survey_add_root(survey->survey, directory, spool->dirfd, true, false);
    return look_at_file(spool, error);
}

/* The INBOX is in ~/mbox, @home, in the spool, or in both; NULL: not there. */
static void
add_inbox(MhMboxSurvey *survey, const MhStamp *home, const Spool *spool)
{
    MhMboxFile *file = mh_mbox_survey_file_new(survey, spool->dirfd, spool->name, MH_LINKS_REFUSE);
    bool same = home != NULL && spool->there && home->inode == spool->stamp.inode &&
                home->device == spool->stamp.device; /* --inbox says ~/mbox itself */
    file->spool_missing = !spool->there || same;
    file->home_fd = home != NULL ? survey->home_fd : -1;
    g_autofree char *home_mbox =
        g_strdup_printf("%s/mbox%s%s", survey->account->home, file->spool_missing ? "" : " and ",
                        file->spool_missing ? "" : spool->shown);
    MhSurveyMailbox *mailbox = add_mailbox(survey, file, home != NULL ? home_mbox : spool->shown,
                                           (home != NULL ? home->size_bytes : 0) +
                                               (spool->there ? spool->stamp.size_bytes : 0));
    if (home != NULL) {
        mh_mbox_survey_add_stamp(survey, mailbox, survey->account->home, home);
        mh_mbox_survey_distrust_locked(mailbox, survey->home_fd, "mbox");
    }
    if (spool->there) {
        mh_mbox_survey_add_stamp(survey, mailbox, spool->root, &spool->stamp);
        mh_mbox_survey_distrust_locked(mailbox, spool->dirfd, spool->name);
    }
}

/* One of the INBOX's two files is not at @path, which is open as @fd (-1: not there). Is that the
 * directory still in which one was found, and no place where no file system is mounted now? */
static bool
is_place_known(const MhMboxSurvey *survey, const char *path, int fd, GError **error)
{
    const MhMemory *memory = survey->job->memory;
    struct stat st = {0};
    if (memory == NULL || survey->job->settings->keep_expunged)
        return true;
    if (fd >= 0 && fstat(fd, &st) != 0)
        return mh_set_errno(error, errno, "cannot look at '%s'", path);
    g_autofree char *shown = mh_printable_string(path);
    for (guint i = 0; i < memory->places->len; i++) {
        const MhMemoryPlace *place = &g_array_index(memory->places, MhMemoryPlace, i);
        if (strcmp(place->path, shown) != 0 ||
            (place->device == st.st_dev && place->inode == st.st_ino))
            continue;
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "mail was carried from '%s', which is %s now: is its file system "
                    "mounted? Nothing is removed; if the mail has gone for good, --keep-expunged "
                    "goes on without removing",
                    shown, fd < 0 ? "not there" : "another directory");
        return false;
    }
    return true;
}

/* *@out_there: ~/mbox is the INBOX, or its first part. */
static bool
look_at_home(const MhMboxSurvey *survey, MhStamp *out_stamp, bool *out_there, GError **error)
{
    MhFolderSurveyOptions options = {
        .is_home = true, .is_known = is_known_inbox, .data = (void *)(uintptr_t)survey};
    const char *home = survey->account->home;
    *out_there = false;
    if (survey->home_fd >= 0 &&
        !mh_folder_survey_home_inbox(survey->home_fd, &options, out_stamp, out_there, error)) {
        g_prefix_error(error, "cannot look for the INBOX: ");
        return false;
    }
    if (!*out_there)
        return home == NULL || is_place_known(survey, home, survey->home_fd, error);
    /* remembered, so that it is missed when it has gone */
    mh_account_survey_add_root(survey->survey, home, survey->home_fd, false, false);
    return true;
}

static bool
look_for_inbox(MhMboxSurvey *survey, Spool *spool, GError **error)
{
    MhStamp home_stamp;
    bool home;
    if (!watch_inbox(survey, &spool->root, error) ||
        !look_at_home(survey, &home_stamp, &home, error) || !open_spool(survey, spool, error))
        return false;
    if (home && spool->dirfd >= 0 && !spool->there) {
        g_autofree char *directory = g_path_get_dirname(spool->shown);
        if (!is_place_known(survey, directory, spool->dirfd, error))
            return false;
    }
    if (!home && !spool->there) {
        mh_findings_add(survey->findings, MH_FINDING_NO_INBOX, "'%s'",
                        spool->shown != NULL ? spool->shown : "");
        return true;
    }
    survey->inbox_stamp = home ? home_stamp : spool->stamp;
    add_inbox(survey, home ? &home_stamp : NULL, spool);
    return true;
}

bool
mh_mbox_inbox_find(MhMboxSurvey *survey, GError **error)
{
    Spool spool = {0};
    bool good = look_for_inbox(survey, &spool, error);
    g_free(spool.root);
    g_free(spool.name);
    g_free(spool.shown);
    return good;
}
