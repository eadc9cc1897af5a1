#include "folder-survey.h"

#include "folder-judge.h"
#include "folder-walk.h"
#include "housekeeping-name.h"
#include "keyed-hash.h"
#include "printable.h"
#include "size-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* One directory of the walk. */
typedef struct {
    int fd;
    GPtrArray *names;  /* sorted */
    bool is_apple;     /* Name.mbox/ of Apple Mail: the file "mbox" is the folder itself */
    bool is_mh;        /* MH's state is in it */
    unsigned messages; /* files with a number for a name and one message in it */
} Directory;

void
mh_folder_survey_free(MhFolderSurvey *survey)
{
    if (survey == NULL)
        return;
    g_ptr_array_unref(survey->found);
    g_free(survey);
}

static bool
same_file(const struct stat *st, const MhStamp *stamp)
{
    return stamp != NULL && st->st_dev == stamp->device && st->st_ino == stamp->inode;
}

/* In a home, mail of another kind was no folder of the old server. */
static void
keep_other_mail(MhFolderWalk *walk, char *reason)
{
    mh_folder_walk_reject_here(walk, MH_FOUND_OTHER_MAIL,
                               walk->options->is_home ? MH_FINDING_SURVEY_NOT_MAIL
                                                      : MH_FINDING_SURVEY_OTHER_FORMAT,
                               reason);
}

static bool
has_name(const Directory *dir, const char *name)
{
    size_t low = 0, high = dir->names->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, dir->names->pdata[middle]);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

/* Is @name, one of @dir, a regular file? False with @error when that cannot be found out: what its
 * neighbours are called depends on it. */
static bool
look_for_file(const Directory *dir, const char *name, bool *out_is_file, GError **error)
{
    struct stat st;
    *out_is_file = false;
    if (!has_name(dir, name))
        return true;
    if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        g_autofree char *shown = mh_printable_string(name);
        return errno == ENOENT || mh_set_errno(error, errno, "cannot look at '%s'", shown);
    }
    *out_is_file = S_ISREG(st.st_mode);
    return true;
}

/* "Name.mbox/" with the file "mbox" in it, and of the rest only what Apple Mail writes. */
static bool
look_whether_apple(Directory *dir, const char *dir_name, GError **error)
{
    dir->is_apple = false;
    if (!g_str_has_suffix(dir_name, ".mbox") || strlen(dir_name) == strlen(".mbox"))
        return true;
    if (!look_for_file(dir, "mbox", &dir->is_apple, error))
        return false;
    for (guint i = 0; i < dir->names->len && dir->is_apple; i++) {
        const char *name = dir->names->pdata[i];
        dir->is_apple = strcmp(name, "mbox") == 0 || mh_housekeeping_is_apple(name);
    }
    return true;
}

/* The component that the directory @name of @dir stands for. g_free(). NULL with @error when that
 * cannot be found out. */
static char *
component_of_dir(MhFolderWalk *walk, const Directory *dir, const char *name, GError **error)
{
    size_t len = strlen(name);
    if (len <= 4 || strcmp(name + len - 4, ".sbd") != 0)
        return g_strdup(name);
    g_autofree char *bare = g_strndup(name, len - 4);
    g_autofree char *index = g_strconcat(bare, ".msf", NULL);
    bool is_of_file = has_name(dir, index);
    if (!is_of_file && !look_for_file(dir, bare, &is_of_file, error))
        return NULL;
    if (!is_of_file)
        return g_strdup(name);
    mh_folder_walk_tell(walk, MH_FINDING_SURVEY_LAYOUT_NAME, walk->path->str, NULL);
    return g_steal_pointer(&bare);
}

/* Where the walk is has another name as a folder than on disk. */
static void
rename_component(MhFolderWalk *walk, char *name)
{
    g_ptr_array_set_size(walk->components, (gint)walk->components->len - 1);
    g_ptr_array_add(walk->components, name);
}

static void
take_judged(MhFolderWalk *walk, const MhJudgement *judged, const struct stat *st)
{
    if (judged->expected) {
        mh_folder_walk_list(walk, mh_folder_walk_found(walk, judged->kind), judged->reason);
    } else if (judged->kind != MH_FOUND_MAILBOX) {
        if (judged->kind == MH_FOUND_ERROR) { /* links to it are no other folder */
            MhStamp stamp = mh_stamp_of(st);
            mh_folder_walk_note(walk, &stamp, walk->path->str, true);
        }
        mh_folder_walk_reject_here(walk, judged->kind, judged->finding, judged->reason);
    } else {
        MhFound *found = mh_folder_walk_found(walk, judged->kind);
        found->stamp = judged->stamp;
        found->empty = judged->empty;
        mh_folder_walk_keep(walk, found);
    }
}

static void
survey_file(MhFolderWalk *walk, Directory *dir, const char *name, const struct stat *st)
{
    bool number = mh_housekeeping_is_number(name);
    if (same_file(st, walk->options->inbox)) {
        MhFound *found = mh_folder_walk_found(walk, MH_FOUND_INBOX);
        found->stamp = mh_stamp_of(st);
        found->empty = st->st_size == 0;
        mh_folder_walk_keep(walk, found);
        return;
    }
    if (walk->options->is_home && name[0] == '.' && !mh_housekeeping_is_pop_copy(name))
        return;
    if (mh_is_held_name(name)) { /* whatever is in it */
        mh_folder_walk_reject_here(walk, MH_FOUND_NO_MAIL, MH_FINDING_SURVEY_NOT_MAIL,
                                   g_strdup("a file that was removed, and may still be open"));
        return;
    }
    if (dir->is_mh && number) {
        dir->messages++;
        return;
    }
    MhJudgement judged = mh_folder_judge(dir->fd, name, MH_LINKS_REFUSE, walk->path->str,
                                         walk->options, walk->findings);
    if (judged.gone || (number && judged.is_message)) {
        dir->messages += judged.is_message;
        g_free(judged.reason);
    } else {
        take_judged(walk, &judged, st);
    }
}

static void survey_dir(MhFolderWalk *walk, int dirfd, const char *name, const struct stat *st);

/* Is there a reason not to go into the directory? A word on it is kept where one is due. */
static bool
passes_over(MhFolderWalk *walk, const char *name, const struct stat *st)
{
    const char *what = mh_housekeeping_dir(name);
    if (same_file(st, walk->options->target) || (walk->options->is_home && name[0] == '.'))
        return true;
    if (what != NULL) {
        mh_folder_walk_list(walk, mh_folder_walk_found(walk, MH_FOUND_NO_MAIL), g_strdup(what));
        return true;
    }
    for (guint i = 0; i < walk->ancestors->len; i++) {
        const struct stat *above = &g_array_index(walk->ancestors, struct stat, i);
        if (above->st_dev == st->st_dev && above->st_ino == st->st_ino) {
            mh_folder_walk_reject_here(walk, MH_FOUND_NO_MAIL, MH_FINDING_SURVEY_NOT_MAIL,
                                       g_strdup("a directory mounted inside itself"));
            return true;
        }
    }
    if (walk->ancestors->len > MH_LIMIT_FOLDER_DEPTH) {
        mh_folder_walk_reject_here(walk, MH_FOUND_ERROR, MH_FINDING_SURVEY_LIMIT,
                                   g_strdup("directories are nested too deeply"));
        return true;
    }
    return false;
}

/* MH_LIMIT_FOLDER_DEPTH ends the descent. NOLINTBEGIN(misc-no-recursion) */
static void
survey_subdir(MhFolderWalk *walk, Directory *dir, const char *name, const struct stat *st)
{
    if (passes_over(walk, name, st))
        return;
    g_autoptr(GError) error = NULL;
    int fd = mh_open_dir_links(dir->fd, name, MH_LINKS_REFUSE, &error);
    char *component = fd >= 0 ? component_of_dir(walk, dir, name, &error) : NULL;
    if (component == NULL) {
        if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            mh_folder_walk_fail_here(walk, error);
    } else {
        rename_component(walk, component);
        survey_dir(walk, fd, name, st);
    }
    if (fd >= 0)
        close(fd);
}

static void
survey_link(MhFolderWalk *walk, const char *name)
{
    if (walk->options->is_home && name[0] == '.')
        return;
    MhFound *found = mh_folder_walk_found(walk, MH_FOUND_ALIAS);
    if (mh_folder_walk_has_room(walk, found))
        g_ptr_array_add(walk->links, found);
    else
        mh_folder_walk_found_free(found);
}

/* One name of @dir; the walk's path and components end in it. */
static void
survey_name(MhFolderWalk *walk, Directory *dir, const char *name)
{
    struct stat st;
    if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) {
            walk->in_doubt |= errno != EACCES;
            mh_folder_walk_reject_here(walk, MH_FOUND_ERROR, MH_FINDING_SURVEY_UNREADABLE,
                                       g_strdup(g_strerror(errno)));
        }
        return;
    }
    bool passed_over = mh_is_held_name(name) || (walk->options->is_home && name[0] == '.');
    if (!S_ISDIR(st.st_mode) && !passed_over) {
        MhStamp stamp = mh_stamp_of(&st);
        mh_folder_walk_seen(walk, walk->path->str, false, &stamp, NULL);
    }
    if (S_ISREG(st.st_mode)) {
        survey_file(walk, dir, name, &st);
    } else if (S_ISDIR(st.st_mode)) {
        survey_subdir(walk, dir, name, &st);
    } else if (S_ISLNK(st.st_mode)) {
        survey_link(walk, name);
    } else {
        mh_folder_walk_reject_here(walk, MH_FOUND_NO_MAIL, MH_FINDING_SURVEY_NOT_MAIL,
                                   g_strdup(mh_file_kind(st.st_mode)));
    }
}

static void
survey_names(MhFolderWalk *walk, Directory *dir)
{
    for (guint i = 0; i < dir->names->len && !walk->full; i++) {
        const char *name = dir->names->pdata[i];
        gsize length = walk->path->len;
        if (++walk->names > MH_LIMIT_SURVEY_NAMES) {
            mh_folder_walk_tell(walk, MH_FINDING_SURVEY_LIMIT, walk->path->str,
                                "more names than are looked at");
            walk->full = true;
            break;
        }
        g_string_append_printf(walk->path, "%s%s", length > 0 ? "/" : "", name);
        /* Name.mbox/mbox has the name of its directory */
        bool own = !(dir->is_apple && strcmp(name, "mbox") == 0);
        if (own)
            g_ptr_array_add(walk->components, g_strdup(name));
        survey_name(walk, dir, name);
        if (own)
            g_ptr_array_set_size(walk->components, (gint)walk->components->len - 1);
        g_string_truncate(walk->path, length);
    }
}

static void
take_apple_name(MhFolderWalk *walk, const char *dir_name)
{
    rename_component(walk, g_strndup(dir_name, strlen(dir_name) - strlen(".mbox")));
    mh_folder_walk_tell(walk, MH_FINDING_SURVEY_LAYOUT_NAME, walk->path->str, NULL);
}

/* The directory @name, open as @dirfd; the walk's path and components end in it. */
static void
survey_dir(MhFolderWalk *walk, int dirfd, const char *name, const struct stat *st)
{
    g_autoptr(GError) error = NULL;
    Directory dir = {.fd = dirfd, .names = mh_list_dir(dirfd, &error)};
    if (dir.names == NULL || !look_whether_apple(&dir, name, &error)) {
        g_clear_pointer(&dir.names, g_ptr_array_unref);
        walk->in_doubt |= !mh_says_what_is_there(error);
        mh_folder_walk_reject_here(walk, MH_FOUND_ERROR, MH_FINDING_SURVEY_UNREADABLE,
                                   g_strdup(error->message));
        return;
    }
    if (has_name(&dir, "cur") && has_name(&dir, "new") && has_name(&dir, "tmp")) {
        MhStamp seen = mh_stamp_of(st);
        mh_folder_walk_seen(walk, walk->path->str, false, &seen, dir.names);
        keep_other_mail(walk, g_strdup("a Maildir"));
        g_ptr_array_unref(dir.names);
        return;
    }
    dir.is_mh = has_name(&dir, ".mh_sequences") || has_name(&dir, ".xmhcache");
    if (dir.is_apple)
        take_apple_name(walk, name);
    MhStamp stamp = mh_stamp_of(st);
    mh_folder_walk_note(walk, &stamp, walk->path->str, true);
    mh_folder_walk_seen(walk, walk->path->str, false, &stamp, dir.names);
    g_array_append_val(walk->ancestors, *st);
    survey_names(walk, &dir);
    g_array_set_size(walk->ancestors, walk->ancestors->len - 1);
    if (dir.messages > 0)
        keep_other_mail(walk,
                        g_strdup_printf("a folder of MH: %u messages, a file each", dir.messages));
    g_ptr_array_unref(dir.names);
}
/* NOLINTEND(misc-no-recursion) */

static gint
compare_found(gconstpointer a, gconstpointer b)
{
    const MhFound *const *left = a, *const *right = b;
    return strcmp((*left)->path, (*right)->path);
}

MhFolderSurvey *
mh_folder_survey(int dirfd, const MhFolderSurveyOptions *options, MhFindings *findings,
                 GError **error)
{
    struct stat st;
    g_autoptr(GPtrArray) names = mh_list_dir(dirfd, error);
    if (names == NULL)
        return NULL;
    if (fstat(dirfd, &st) != 0) {
        mh_set_errno(error, errno, "cannot look at the folder directory");
        return NULL;
    }
    MhFolderSurvey *survey = g_new0(MhFolderSurvey, 1);
    survey->found = g_ptr_array_new_with_free_func(mh_folder_walk_found_free);
    MhFolderWalk walk = {
        .root = dirfd,
        .options = options,
        .findings = findings,
        .survey = survey,
        .places = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free,
                                        mh_folder_walk_place_free),
        .links = g_ptr_array_new(),
        .path = g_string_new(NULL),
        .components = g_ptr_array_new_with_free_func(g_free),
        .ancestors = g_array_new(FALSE, FALSE, sizeof(struct stat)),
    };
    survey_dir(&walk, dirfd, "", &st);
    for (guint i = 0; i < walk.links->len; i++)
        mh_folder_links_resolve(&walk, walk.links->pdata[i]);
    survey->incomplete |= walk.full;
    g_ptr_array_sort(survey->found, compare_found);
    g_hash_table_unref(walk.places);
    g_ptr_array_unref(walk.links);
    g_string_free(walk.path, TRUE);
    g_ptr_array_unref(walk.components);
    g_array_unref(walk.ancestors);
    return survey;
}

bool
mh_folder_survey_home_inbox(int homefd, const MhFolderSurveyOptions *options, MhStamp *out_stamp,
                            bool *out_there, GError **error)
{
    MhFolderSurveyOptions as_folder = *options;
    as_folder.is_home = false; /* an empty one counts, too */
    MhJudgement judged =
        mh_folder_judge(homefd, "mbox", MH_LINKS_BENEATH, "mbox", &as_folder, NULL);
    if (judged.in_doubt)
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_IO, judged.reason);
    *out_there = judged.kind == MH_FOUND_MAILBOX;
    if (*out_there)
        *out_stamp = judged.stamp;
    g_free(judged.reason);
    return !judged.in_doubt;
}
