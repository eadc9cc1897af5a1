#include "folder-walk.h"

#include "printable.h"
#include "size-limits.h"

#include <string.h>

void
mh_folder_walk_found_free(gpointer item)
{
    MhFound *found = item;
    g_free(found->path);
    g_strfreev(found->components);
    g_free(found->alias_of);
    g_free(found->reason);
    g_free(found);
}

void
mh_folder_walk_place_free(gpointer item)
{
    MhFolderPlace *place = item;
    g_free(place->path);
    g_free(place);
}

char *
mh_folder_walk_identity(uint64_t device, uint64_t inode)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, device, inode);
}

void
mh_folder_walk_note(MhFolderWalk *walk, const MhStamp *stamp, const char *path, bool carried)
{
    g_autofree char *key = mh_folder_walk_identity(stamp->device, stamp->inode);
    if (g_hash_table_contains(walk->places, key))
        return;
    MhFolderPlace *place = g_new0(MhFolderPlace, 1);
    place->path = g_strdup(path);
    place->carried = carried;
    g_hash_table_insert(walk->places, g_steal_pointer(&key), place);
}

MhFound *
mh_folder_walk_found(const MhFolderWalk *walk, MhFoundKind kind)
{
    MhFound *found = g_new0(MhFound, 1);
    found->kind = kind;
    found->path = g_strdup(walk->path->str);
    found->components = g_new0(char *, walk->components->len + 1);
    for (guint i = 0; i < walk->components->len; i++)
        found->components[i] = g_strdup(walk->components->pdata[i]);
    return found;
}

void
mh_folder_walk_tell(const MhFolderWalk *walk, MhFindingCode code, const char *path,
                    const char *reason)
{
    g_autofree char *printable = mh_printable_string(*path != '\0' ? path : ".");
    mh_findings_add(walk->findings, code, reason != NULL ? "'%s': %s" : "'%s'", printable, reason);
}

bool
mh_folder_walk_has_room(MhFolderWalk *walk, const MhFound *found)
{
    const char *why = NULL;
    walk->kept_bytes += strlen(found->path);
    if (found->kind == MH_FOUND_MAILBOX && walk->survey->mailboxes == MH_LIMIT_FOLDERS)
        why = "more folders than are carried";
    else if (found->kind != MH_FOUND_INBOX && walk->kept_bytes > MH_LIMIT_FOLDER_PATHS_BYTES)
        why = "more paths, and longer ones, than are kept";
    if (why != NULL && !walk->full)
        mh_folder_walk_tell(walk, MH_FINDING_SURVEY_LIMIT, found->path, why);
    walk->full |= why != NULL;
    return why == NULL;
}

void
mh_folder_walk_keep(MhFolderWalk *walk, MhFound *found)
{
    if (!mh_folder_walk_has_room(walk, found)) {
        mh_folder_walk_found_free(found);
        return;
    }
    walk->survey->mailboxes += found->kind == MH_FOUND_MAILBOX;
    if (found->stamp.inode != 0 && !found->linked)
        mh_folder_walk_note(walk, &found->stamp, found->path,
                            found->kind == MH_FOUND_MAILBOX || found->kind == MH_FOUND_INBOX);
    g_ptr_array_add(walk->survey->found, found);
}

void
mh_folder_walk_reject(MhFolderWalk *walk, MhFound *found, MhFoundKind kind, MhFindingCode code,
                      char *reason)
{
    found->kind = kind;
    found->reason = reason;
    walk->survey->incomplete |= kind == MH_FOUND_ERROR;
    if (walk->options->is_home && kind != MH_FOUND_OTHER_MAIL &&
        mh_finding_weight(code) == MH_WEIGHT_NOTE) {
        mh_folder_walk_found_free(found);
        return;
    }
    mh_folder_walk_tell(walk, code, found->path, reason);
    mh_folder_walk_keep(walk, found);
}

void
mh_folder_walk_reject_here(MhFolderWalk *walk, MhFoundKind kind, MhFindingCode code, char *reason)
{
    mh_folder_walk_reject(walk, mh_folder_walk_found(walk, kind), kind, code, reason);
}

void
mh_folder_walk_fail_here(MhFolderWalk *walk, const GError *error)
{
    bool known = mh_says_what_is_there(error);
    walk->in_doubt |= !known;
    mh_folder_walk_reject_here(walk, MH_FOUND_ERROR,
                               walk->options->is_home && known ? MH_FINDING_SURVEY_NOT_MAIL
                                                               : MH_FINDING_SURVEY_UNREADABLE,
                               g_strdup(error->message));
}

void
mh_folder_walk_list(MhFolderWalk *walk, MhFound *found, char *reason)
{
    found->kind = MH_FOUND_NO_MAIL;
    found->reason = reason;
    if (walk->options->is_home)
        mh_folder_walk_found_free(found);
    else
        mh_folder_walk_keep(walk, found);
}

void
mh_folder_walk_seen(const MhFolderWalk *walk, const char *path, bool follow, const MhStamp *stamp,
                    const GPtrArray *names)
{
    if (walk->options->seen != NULL)
        walk->options->seen(*path != '\0' ? path : ".", follow, stamp, names, walk->options->data);
}
