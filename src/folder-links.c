#include "folder-walk.h"

#include "folder-judge.h"
#include "printable.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* The rest of the absolute @target when it begins with the path @root. */
static const char *
below_root(const char *target, const char *root)
{
    size_t len = root != NULL ? strlen(root) : 0;
    while (len > 0 && root[len - 1] == '/')
        len--;
    if (len == 0 || strncmp(target, root, len) != 0 || target[len] != '/')
        return NULL;
    return target + len + strspn(target + len, "/");
}

/* The path of the root without links. False with @error when it cannot be said. */
static bool
real_root(const MhFolderWalk *walk, char **out_real, GError **error)
{
    char in_proc[64];
    GError *failure = NULL;
    g_snprintf(in_proc, sizeof in_proc, "/proc/self/fd/%d", walk->root);
    *out_real = g_file_read_link(in_proc, &failure);
    return mh_is_answer(failure, error);
}

/* What below the root the absolute link @path means: @out_inside, g_free(); NULL when it is none.
 * False with @error when that cannot be found out. */
static bool
absolute_link(const MhFolderWalk *walk, const char *path, char **out_inside, GError **error)
{
    char target[PATH_MAX];
    g_autofree char *real = NULL;
    ssize_t len = readlinkat(walk->root, path, target, sizeof target - 1);
    *out_inside = NULL;
    if (len < 0)
        return mh_set_errno(error, errno, "cannot read the link");
    if (len == 0 || target[0] != '/')
        return true;
    target[len] = '\0';
    const char *rest = below_root(target, walk->options->root_path);
    if (rest == NULL && !real_root(walk, &real, error))
        return false;
    rest = rest != NULL ? rest : below_root(target, real);
    if (rest != NULL)
        *out_inside = g_strdup(*rest != '\0' ? rest : ".");
    return true;
}

/* A link to a file that has no name of its own in the survey: it is judged by itself. */
static void
survey_linked_file(MhFolderWalk *walk, MhFound *found, char *target)
{
    MhJudgement judged = mh_folder_judge(walk->root, target, MH_LINKS_BENEATH, found->path,
                                         walk->options, walk->findings);
    found->stamp = judged.stamp;
    found->linked = true;
    mh_folder_walk_seen(walk, target, true, &judged.stamp, NULL);
    if (judged.kind != MH_FOUND_MAILBOX) {
        mh_folder_walk_reject(walk, found, judged.kind, judged.finding, judged.reason);
        g_free(target);
        return;
    }
    found->kind = MH_FOUND_MAILBOX;
    found->empty = judged.empty;
    found->alias_of = target;
    mh_folder_walk_keep(walk, found);
}

/* A link that leads to @st, by way of @target. */
static void
survey_led(MhFolderWalk *walk, MhFound *found, char *target, const struct stat *st)
{
    g_autofree char *key = mh_folder_walk_identity(st->st_dev, st->st_ino);
    const MhFolderPlace *place = g_hash_table_lookup(walk->places, key);
    if (place == NULL && walk->in_doubt) {
        mh_folder_walk_reject(walk, found, MH_FOUND_ERROR, MH_FINDING_SURVEY_UNREADABLE,
                              g_strdup("a link, perhaps to a folder that could not be looked at"));
        g_free(target);
        return;
    }
    if (place == NULL && S_ISREG(st->st_mode)) {
        survey_linked_file(walk, found, target);
        return;
    }
    g_free(target);
    if (place == NULL || !place->carried) {
        mh_folder_walk_reject(
            walk, found, MH_FOUND_NO_MAIL, MH_FINDING_SURVEY_NOT_MAIL,
            g_strdup_printf("a link to %s that is none", mh_file_kind(st->st_mode)));
        return;
    }
    found->stamp = mh_stamp_of(st);
    found->linked = true;
    found->alias_of = g_strdup(place->path);
    g_autofree char *printable = mh_printable_string(*place->path != '\0' ? place->path : ".");
    g_autofree char *of = g_strdup_printf("of '%s'", printable);
    mh_folder_walk_tell(walk, MH_FINDING_SURVEY_ALIAS, found->path, of);
    mh_folder_walk_keep(walk, found);
}

/* What the link @target leads to; an absolute one, which leads below the root, becomes the path
 * there. */
static bool
look_behind(const MhFolderWalk *walk, char **target, struct stat *out_stat, GError **error)
{
    g_autoptr(GError) failure = NULL;
    char *inside = NULL;
    if (mh_stat(walk->root, *target, MH_LINKS_BENEATH, out_stat, &failure))
        return true;
    if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_PERM) &&
        !absolute_link(walk, *target, &inside, error))
        return false;
    if (inside == NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    g_free(*target);
    *target = inside;
    return mh_stat(walk->root, inside, MH_LINKS_BENEATH, out_stat, error);
}

void
mh_folder_links_resolve(MhFolderWalk *walk, MhFound *found)
{
    g_autoptr(GError) error = NULL;
    struct stat st;
    char *target = g_strdup(found->path);
    if (look_behind(walk, &target, &st, &error)) {
        survey_led(walk, found, target, &st);
        return;
    }
    g_free(target);
    bool dead = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT) ||
                g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_LOOP);
    bool outside = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_PERM);
    bool no_folder = walk->options->is_home && mh_says_what_is_there(error);
    MhFindingCode code = dead        ? MH_FINDING_SURVEY_LINK_DEAD
                         : no_folder ? MH_FINDING_SURVEY_NOT_MAIL
                         : outside   ? MH_FINDING_SURVEY_LINK_OUTSIDE
                                     : MH_FINDING_SURVEY_UNREADABLE;
    mh_folder_walk_reject(walk, found, dead || outside ? MH_FOUND_NO_MAIL : MH_FOUND_ERROR, code,
                          g_strdup(error->message));
}
