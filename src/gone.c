#include "gone.h"

#include "in-place.h"
#include "maildir/maildir-carried.h"
#include "maildir/maildir-file-name.h"
#include "maildir/maildir-removal.h"
#include "printable.h"
#include "size-limits.h"

#include <string.h>

#define NAMES_KEPT 20

static void
gone_free(gpointer item)
{
    MhGone *gone = item;
    g_free(gone->directory);
    g_ptr_array_unref(gone->foreign_names);
    g_free(gone);
}

/* ---- what the survey is about ------------------------------------------------------------- */

static bool
has_target(const MhAccountSurvey *survey, const char *directory)
{
    for (guint i = 0; i < survey->mailboxes->len; i++) {
        const MhSurveyMailbox *mailbox = survey->mailboxes->pdata[i];
        if (strcmp(mailbox->target, directory) == 0)
            return true;
    }
    return false;
}

static bool
has_directory(const GPtrArray *directories, const char *directory)
{
    for (guint i = 0; i < directories->len; i++) {
        if (strcmp(directories->pdata[i], directory) == 0)
            return true;
    }
    return false;
}

/* Did the survey look where a mailbox for @directory would be? */
static bool
is_looked_for(const MhAccountSurvey *survey, const char *directory)
{
    bool is_inbox = strcmp(directory, ".") == 0;
    for (guint i = 0; i < survey->roots->len; i++) {
        const MhSurveyRoot *root = &g_array_index(survey->roots, MhSurveyRoot, i);
        if (is_inbox ? root->has_inbox : root->has_folders)
            return true;
    }
    return false;
}

/* ---- looking at the target ---------------------------------------------------------------- */

static void
count_messages(const MaildirFolder *folder, MhGone *gone)
{
    for (guint i = 0; i < folder->index.messages->len; i++) {
        const MhTargetMessage *message = mh_target_index_get(&folder->index, i);
        gone->ours += message->ours;
        gone->foreign += !message->ours;
        if (message->ours || gone->foreign_names->len == NAMES_KEPT)
            continue;
        g_autofree char *name = mh_printable_string(maildir_folder_file(folder, message));
        g_ptr_array_add(gone->foreign_names,
                        g_strconcat(message->is_new ? "new/" : "cur/", name, NULL));
    }
}

/* Adds the folder if something of it is ours. */
static bool
look_at(const MaildirTree *tree, const char *directory, GPtrArray *all, GError **error)
{
    bool is_couriers;
    g_autoptr(MaildirFolder) folder = maildir_folder_read(tree, directory, NULL, error);
    if (folder == NULL)
        return false;
    MhGone *gone = g_new0(MhGone, 1);
    gone->directory = g_strdup(directory);
    gone->foreign_names = g_ptr_array_new_with_free_func(g_free);
    gone->exists = folder->exists;
    gone->made_here = folder->fd >= 0 && maildir_removal_made_here(folder);
    count_messages(folder, gone);
    gone->stale = folder->stale;
    if (gone->ours == 0 && gone->stale == 0 && !gone->made_here) {
        gone_free(gone);
        return true;
    }
    g_ptr_array_add(all, gone);
    if (!mh_look_for(folder->fd, "courierimapuiddb", &is_couriers, error))
        return false;
    if (!is_couriers)
        return true;
    bool in_place;
    if (mh_in_place_look(tree->fd, &in_place, error))
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    in_place ? "'%s' in '%s' is a Maildir of Courier's, converted where it "
                               "stands: nothing is removed from it"
                             : "'%s' in '%s' is a Maildir for Courier: nothing is removed from it",
                    directory, tree->path);
    return false;
}

/* Is it to stay although no mailbox is there for it? */
static bool
stays(const MhAccountSurvey *survey, const MhGone *gone, MhFindings *findings)
{
    bool unsure = has_directory(survey->unsure, gone->directory);
    bool left = has_directory(survey->left, gone->directory);
    if (strcmp(gone->directory, ".") == 0 && !unsure) /* every account has an INBOX */
        return gone->ours == 0;
    if (!unsure && !left)
        return false;
    g_autofree char *shown = mh_printable_string(gone->directory);
    mh_findings_add(findings, left ? MH_FINDING_FOLDER_LEFT : MH_FINDING_FOLDER_UNSURE, "'%s'",
                    shown);
    return true;
}

GPtrArray *
mh_gone_find(const MaildirTree *tree, const MhAccountSurvey *survey, MhFindings *findings,
             GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(gone_free);
    g_autoptr(GPtrArray) names = maildir_tree_folders(tree, error);
    if (names == NULL)
        return NULL;
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (survey != NULL && (has_target(survey, name) || !is_looked_for(survey, name)))
            continue;
        guint before = all->len;
        if (!look_at(tree, name, all, error))
            return NULL;
        if (survey != NULL && all->len > before && stays(survey, all->pdata[before], findings))
            g_ptr_array_set_size(all, (gint)before);
    }
    return g_steal_pointer(&all);
}

/* ---- where was it from? ------------------------------------------------------------------- */

static bool
is_couriers(const MaildirUidlist *list)
{
    for (size_t i = 0; i < maildir_uidlist_length(list); i++) {
        MaildirUidlistEntry entry;
        MaildirCarried carried;
        if (maildir_uidlist_get(list, i, &entry) &&
            maildir_carried_parse(entry.other, entry.uid, &carried) &&
            !maildir_file_name_parse_own(entry.name, NULL, NULL))
            return true;
    }
    return false;
}

bool
mh_gone_from_courier(const MaildirTree *tree, GError **error)
{
    g_autoptr(GPtrArray) names = maildir_tree_folders(tree, error);
    if (names == NULL)
        return false;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(names->pdata[i], MAILDIR_UIDLIST_FILE, NULL);
        GError *failure = NULL;
        g_autoptr(GBytes) text =
            mh_read_file_if_there(tree->fd, path, MH_LIMIT_STATE_FILE_BYTES, NULL, &failure);
        if (!mh_is_answer(failure, error))
            return false;
        g_autoptr(MaildirUidlist) list =
            text != NULL ? maildir_uidlist_parse(mh_span_from_bytes(text), NULL, NULL) : NULL;
        if (list != NULL && is_couriers(list))
            return true;
    }
    return false;
}

/* ---- is it meant? ------------------------------------------------------------------------- */

/* Is this the very directory in which mail was found before? */
static bool
is_same_place(const MhSurveyRoot *root, const MhMemory *memory)
{
    struct stat st;
    if (root->fd < 0 || memory == NULL || fstat(root->fd, &st) != 0)
        return false;
    for (guint i = 0; i < memory->places->len; i++) {
        const MhMemoryPlace *place = &g_array_index(memory->places, MhMemoryPlace, i);
        if (strcmp(place->path, root->path) == 0)
            return place->device == st.st_dev && place->inode == st.st_ino;
    }
    return false;
}

static bool
is_empty(int fd)
{
    g_autoptr(GPtrArray) names = mh_list_dir(fd, NULL);
    return names == NULL || names->len == 0;
}

static bool
refuse(const MhSurveyRoot *root, const char *why, GError **error)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                "mail was carried from '%s', which is %s: is its file system mounted? Nothing is "
                "removed; if the mail has gone for good, --keep-expunged goes on without removing, "
                "and 'mailhaul undo' takes out what was carried",
                root->path, why);
    return false;
}

typedef struct {
    bool inbox;     /* mail was carried into it, and it has gone */
    size_t carried; /* folders with carried mail, the INBOX among them */
    size_t folders;
} Sum;

static Sum
add_up(const GPtrArray *gone)
{
    Sum sum = {0};
    for (guint i = 0; i < gone->len; i++) {
        const MhGone *item = gone->pdata[i];
        sum.inbox |= strcmp(item->directory, ".") == 0 && item->ours > 0;
        sum.folders += strcmp(item->directory, ".") != 0;
        sum.carried += item->ours > 0;
    }
    return sum;
}

/* Was mail found in directories that are known still? */
static bool
knows_places(const MhMemory *memory)
{
    return memory != NULL && memory->places->len > 0;
}

/* Is a place not what it was when mail was found there? Where nothing is remembered a directory
 * that is there and holds something is believed, but for a Maildir: a delivery makes a new one in
 * a place that is not mounted. */
static bool
place_allowed(const MhSurveyRoot *root, const Sum *sum, bool folders_there, const MhMemory *memory,
              GError **error)
{
    bool all_folders = root->has_folders && sum->folders > 0 && !folders_there;
    bool is_maildir = root->has_inbox && root->has_folders;
    if (!((root->has_inbox && sum->inbox) || all_folders) || is_same_place(root, memory))
        return true;
    if (root->fd < 0)
        return refuse(root, "not there now", error);
    if (is_empty(root->fd))
        return refuse(root, "empty now", error);
    if (is_maildir && all_folders && (knows_places(memory) || sum->folders > 1))
        return refuse(root, "without any folder now", error);
    return true;
}

/* A spool file goes when its last mail is fetched, in some places. That is meant where its
 * directory is the one of before, and there is no folder directory that has gone with it. */
static bool
inbox_may_go(const MhAccountSurvey *survey, const MhMemory *memory)
{
    bool spool_known = false;
    for (guint i = 0; i < survey->roots->len; i++) {
        const MhSurveyRoot *root = &g_array_index(survey->roots, MhSurveyRoot, i);
        if (root->has_folders && root->fd < 0)
            return false;
        spool_known |= root->has_inbox && is_same_place(root, memory);
    }
    return spool_known;
}

bool
mh_gone_allowed(const GPtrArray *gone, const MhAccountSurvey *survey, const MhMemory *memory,
                GError **error)
{
    Sum sum = add_up(gone);
    bool folders_there = survey->mailboxes->len > (has_target(survey, ".") ? 1U : 0U);
    for (guint i = 0; i < survey->roots->len; i++) {
        const MhSurveyRoot *root = &g_array_index(survey->roots, MhSurveyRoot, i);
        if (!place_allowed(root, &sum, folders_there, memory, error))
            return false;
    }
    if (survey->mailboxes->len > 0 || sum.carried == 0 ||
        (sum.carried == 1 && sum.inbox && inbox_may_go(survey, memory)))
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                "mail was carried into %zu folder%s, and nothing of it is left at the source: "
                "nothing is removed; if that is meant, --keep-expunged goes on without removing, "
                "and 'mailhaul undo' takes out what was carried",
                sum.carried, sum.carried == 1 ? "" : "s");
    return false;
}
