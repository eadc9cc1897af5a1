#include "courier-tree.h"

#include "courier-entry.h"
#include "printable.h"
#include "safe-file.h"
#include "size-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void
courier_tree_entry_free(CourierTreeEntry *entry)
{
    if (entry == NULL)
        return;
    g_free(entry->name);
    g_free(entry->reason);
    g_free(entry->error);
    g_free(entry);
}

static void
take_reason(CourierTreeEntry *entry, CourierTreeKind kind, const char *reason)
{
    entry->kind = kind;
    g_free(entry->reason);
    entry->reason = g_strdup(reason);
}

/* What keeps a name from being a folder, when mh_stat() failed with @error. False when that is a
 * failure of ours, not a property of the entry. */
static bool
explain_failure(CourierTreeEntry *entry, const GError *error)
{
    if (error->domain != G_FILE_ERROR)
        return false;
    switch (error->code) {
    case G_FILE_ERROR_NOENT:
    case G_FILE_ERROR_NOTDIR:
        take_reason(entry, COURIER_TREE_NO_FOLDER,
                    entry->is_link ? "a link to nothing" : "no directory cur");
        return true;
    case G_FILE_ERROR_LOOP:
    case G_FILE_ERROR_PERM:
        take_reason(entry, COURIER_TREE_NO_FOLDER, "a link that leads out of the tree");
        entry->leads_out = true;
        return true;
    default:
        return false;
    }
}

/* Looks whether @name is a Maildir: entry->kind is FOLDER or NO_FOLDER then. False with @error when
 * that cannot be found out. */
static bool
look_into(int rootfd, CourierTreeEntry *entry, GError **error)
{
    g_autoptr(GError) problem = NULL;
    struct stat st;
    g_autofree char *cur = g_strdup_printf("%s/cur", entry->name);
    bool there = fstatat(rootfd, entry->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there && errno != ENOENT) {
        g_autofree char *shown = mh_printable_string(entry->name);
        return mh_set_errno(error, errno, "cannot look at '%s'", shown);
    }
    entry->is_link = there && S_ISLNK(st.st_mode);
    if (!mh_stat(rootfd, entry->name, MH_LINKS_BENEATH, &st, &problem)) {
        if (explain_failure(entry, problem))
            return true;
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!S_ISDIR(st.st_mode)) {
        take_reason(entry, COURIER_TREE_NO_FOLDER, mh_file_kind(st.st_mode));
        return true;
    }
    if (!mh_stat(rootfd, cur, MH_LINKS_BENEATH, &st, &problem)) {
        if (explain_failure(entry, problem))
            return true;
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!S_ISDIR(st.st_mode))
        take_reason(entry, COURIER_TREE_NO_FOLDER, "no directory cur");
    return true;
}

static void
report(const CourierTreeEntry *entry, MhFindings *findings)
{
    static const MhFindingCode codes[] = {
        [COURIER_TREE_FOLDER] = MH_FINDING_COURIER_FOLDER_LINK,
        [COURIER_TREE_NO_FOLDER] = MH_FINDING_COURIER_FOLDER_UNUSABLE,
        [COURIER_TREE_SHARED] = MH_FINDING_COURIER_SHARED,
        [COURIER_TREE_REPORT] = MH_FINDING_COURIER_USER_SETUP,
        [COURIER_TREE_NESTED] = MH_FINDING_COURIER_NESTED_MAILDIR,
    };
    g_autofree char *shown = mh_printable_string(entry->name);
    if (entry->kind == COURIER_TREE_OTHER ||
        (entry->kind == COURIER_TREE_FOLDER && !entry->is_link))
        return;
    mh_findings_add(findings,
                    entry->leads_out ? MH_FINDING_COURIER_FOLDER_LINK_OUT : codes[entry->kind],
                    entry->reason != NULL ? "%s: %s" : "%s%s", shown,
                    entry->reason != NULL ? entry->reason : "");
}

/* Looks whether it is a folder; when that cannot be found out it stays one, with an error. */
static void
look_into_folder(int rootfd, CourierTreeEntry *entry)
{
    g_autoptr(GError) failure = NULL;
    if (!look_into(rootfd, entry, &failure))
        entry->error = g_strdup(failure->message);
}

/* What Courier does not show: a Maildir among it? */
static void
look_into_unknown(int rootfd, CourierTreeEntry *entry)
{
    g_autoptr(GError) failure = NULL;
    bool known = look_into(rootfd, entry, &failure);
    bool nested = known && entry->kind == COURIER_TREE_FOLDER;
    take_reason(entry, nested ? COURIER_TREE_NESTED : COURIER_TREE_OTHER,
                nested  ? "a Maildir"
                : known ? "unknown"
                        : failure->message);
}

/* NULL: nothing to speak of. */
static CourierTreeEntry *
examine(int rootfd, const char *name)
{
    const char *text;
    CourierEntryKind kind = courier_entry_classify(mh_span_from_string(name), &text);
    if (kind == COURIER_ENTRY_PART || kind == COURIER_ENTRY_STATE)
        return NULL;
    CourierTreeEntry *entry = g_new0(CourierTreeEntry, 1);
    entry->name = g_strdup(name);
    switch (kind) {
    case COURIER_ENTRY_FOLDER:
        look_into_folder(rootfd, entry);
        break;
    case COURIER_ENTRY_UNKNOWN:
        look_into_unknown(rootfd, entry);
        break;
    case COURIER_ENTRY_BAD_FOLDER:
        take_reason(entry, COURIER_TREE_NO_FOLDER, text);
        break;
    case COURIER_ENTRY_SHARED:
        take_reason(entry, COURIER_TREE_SHARED, text);
        break;
    case COURIER_ENTRY_REPORT:
        take_reason(entry, COURIER_TREE_REPORT, text);
        break;
    default:
        take_reason(entry, COURIER_TREE_OTHER, text);
        break;
    }
    return entry;
}

static void
add_inbox(int rootfd, GPtrArray *entries)
{
    CourierTreeEntry *inbox = g_new0(CourierTreeEntry, 1);
    inbox->name = g_strdup(".");
    g_ptr_array_add(entries, inbox);
    look_into_folder(rootfd, inbox);
    if (inbox->kind != COURIER_TREE_FOLDER)
        g_ptr_array_set_size(entries, 0);
}

GPtrArray *
courier_tree_list(int rootfd, MhFindings *findings, GError **error)
{
    g_autoptr(GPtrArray) names = mh_list_dir(rootfd, error);
    g_autoptr(GPtrArray) entries =
        g_ptr_array_new_with_free_func((GDestroyNotify)courier_tree_entry_free);
    guint folders = 0;
    if (names == NULL)
        return NULL;
    add_inbox(rootfd, entries);
    for (guint i = 0; i < names->len; i++) {
        CourierTreeEntry *entry = examine(rootfd, names->pdata[i]);
        if (entry == NULL)
            continue;
        if (entry->kind == COURIER_TREE_FOLDER && ++folders > MH_LIMIT_FOLDERS) {
            courier_tree_entry_free(entry);
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                        "the Maildir has more than %d folders", MH_LIMIT_FOLDERS);
            return NULL;
        }
        report(entry, findings);
        g_ptr_array_add(entries, entry);
    }
    return g_steal_pointer(&entries);
}
