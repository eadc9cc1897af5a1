#include "subscribe.h"

#include "keyed-hash.h"
#include "maildir/maildir-subscriptions.h"
#include "size-limits.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SUBSCRIPTIONS_FILE "subscriptions"

/* The target's list; @out_stamp is that of its file, without an inode if there is none. NULL with
 * @error. */
static MaildirSubscriptions *
read_target(const MaildirTree *tree, MhStamp *out_stamp, MhFindings *findings, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(GBytes) text = NULL;
    *out_stamp = mh_stamp_at(tree->fd, SUBSCRIPTIONS_FILE);
    if (tree->fd >= 0)
        text = mh_read_file_if_there(tree->fd, SUBSCRIPTIONS_FILE, MH_LIMIT_SUBSCRIPTIONS_BYTES,
                                     NULL, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    return text != NULL ? maildir_subscriptions_parse(mh_span_from_bytes(text), findings)
                        : maildir_subscriptions_new(2);
}

static bool
write_target(const MaildirTree *tree, const MaildirSubscriptions *list, const MhStamp *stamp,
             GError **error)
{
    g_autoptr(GString) text = maildir_subscriptions_format(list);
    return mh_replace_unchanged(tree->fd, SUBSCRIPTIONS_FILE, mh_span(text->str, text->len),
                                tree->options.file_mode, (uid_t)-1, (gid_t)-1, stamp, error);
}

/* INBOX is one name in any case. */
static bool
has_name(const GPtrArray *names, const char *name)
{
    for (guint i = 0; names != NULL && i < names->len; i++) {
        if (strcmp(names->pdata[i], name) == 0)
            return true;
    }
    return false;
}

static bool
add_new(MaildirSubscriptions *list, const MhAccountSurvey *survey, GHashTable *carried, bool mirror,
        MhFindings *findings)
{
    bool changed = false;
    for (guint i = 0; i < survey->subscriptions->len; i++) {
        char *name = survey->subscriptions->pdata[i];
        if (!mirror && g_hash_table_contains(carried, name))
            continue; /* it was carried; what has become of it is the tester's choice */
        if (maildir_subscriptions_add(list, name))
            changed = true;
        else if (!maildir_subscriptions_has(list, name))
            mh_findings_add(findings, MH_FINDING_SUBSCRIPTION_LOST, "'%s'", name);
    }
    return changed;
}

static bool
remove_gone(MaildirSubscriptions *list, const MhAccountSurvey *survey, const GPtrArray *carried)
{
    bool changed = false;
    g_autoptr(GHashTable) there = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    for (guint i = 0; i < survey->subscriptions->len; i++)
        g_hash_table_add(there, survey->subscriptions->pdata[i]);
    for (guint i = 0; i < survey->left->len; i++)
        g_hash_table_add(there, (char *)survey->left->pdata[i] + 1);
    for (guint i = 0; carried != NULL && i < carried->len; i++) {
        if (!g_hash_table_contains(there, carried->pdata[i]))
            changed |= maildir_subscriptions_remove(list, carried->pdata[i]);
    }
    return changed;
}

bool
mh_subscribe(MaildirTree *tree, const MhAccountSurvey *survey, const GPtrArray *carried,
             bool mirror, bool dry_run, bool *out_changed, MhFindings *findings, GError **error)
{
    MhStamp stamp;
    *out_changed = false;
    if (!survey->has_subscriptions)
        return true;
    g_autoptr(MaildirSubscriptions) list = read_target(tree, &stamp, findings, error);
    if (list == NULL)
        return false;
    bool there = stamp.inode != 0;
    g_autoptr(GHashTable) before = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    for (guint i = 0; carried != NULL && there && i < carried->len; i++)
        g_hash_table_add(before, carried->pdata[i]);
    bool changed = !survey->subscriptions_unread && remove_gone(list, survey, carried);
    changed |= add_new(list, survey, before, mirror, findings);
    *out_changed = changed || !there;
    return dry_run || !*out_changed || write_target(tree, list, &stamp, error);
}

bool
mh_unsubscribe(MaildirTree *tree, const GPtrArray *carried, const GPtrArray *removed, bool dry_run,
               GError **error)
{
    MhStamp stamp;
    bool changed = false;
    g_autoptr(MaildirSubscriptions) list = read_target(tree, &stamp, NULL, error);
    if (list == NULL)
        return false;
    bool there = stamp.inode != 0;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < list->names->len; i++) {
        if (has_name(carried, list->names->pdata[i]) || has_name(removed, list->names->pdata[i]))
            g_ptr_array_add(names, list->names->pdata[i]);
    }
    while (names->len > 0) {
        g_autofree char *name = g_strdup(names->pdata[names->len - 1]);
        g_ptr_array_set_size(names, (gint)names->len - 1);
        changed |= maildir_subscriptions_remove(list, name);
    }
    bool is_empty = there && list->names->len == 0; /* as it was carried, or is left now */
    if ((!changed && !is_empty) || dry_run)
        return true;
    if (!is_empty)
        return write_target(tree, list, &stamp, error);
    return unlinkat(tree->fd, SUBSCRIPTIONS_FILE, 0) == 0 || errno == ENOENT ||
           mh_set_errno(error, errno, "cannot remove '%s'", SUBSCRIPTIONS_FILE);
}
