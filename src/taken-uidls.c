#include "taken-uidls.h"

#include "maildir/maildir-uidlist.h"

/* Notes what a server would make of the UID, in each way that server-config knows of. */
static void
add_made(GHashTable *made, uint32_t uid, uint32_t uidvalidity)
{
    g_hash_table_add(made, g_strdup_printf("uid%u-%u", uid, uidvalidity));
    g_hash_table_add(made, g_strdup_printf("%08x%08x", uid, uidvalidity));
    g_hash_table_add(made, g_strdup_printf("%08x%08x", uidvalidity, uid));
}

/* Is it mail of the target's own, without a UIDL that is written down? */
static bool
is_own(const MhSyncLine *line, const MaildirFolder *folder)
{
    if (line->source != 0 || line->target == 0)
        return false;
    const MhTargetMessage *there = mh_target_index_get(&folder->index, line->target - 1);
    uint32_t place = maildir_folder_line(folder, there);
    MaildirUidlistEntry entry;
    return !there->ours && (place == 0 || !maildir_uidlist_read(folder->uidlist, place, &entry) ||
                            entry.uidl.data == NULL);
}

/* Those that lose their UIDL are given one of their UID, which may be that of another in turn. Such
 * a UID is above all that were given out, so it comes later. */
void
mh_taken_uidls_drop(MhMailbox *mailbox, const MhSyncPlan *plan, const MaildirFolder *folder)
{
    if (plan->foreign == 0)
        return;
    g_autoptr(GHashTable) made = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (is_own(line, folder))
            add_made(made, line->uid, plan->uids.uidvalidity);
    }
    for (guint i = 0; g_hash_table_size(made) > 0 && i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        MhMessage *message = line->source != 0 ? mh_mailbox_get(mailbox, line->source - 1) : NULL;
        const char *uidl = message != NULL ? mh_mailbox_uidl(mailbox, message) : NULL;
        g_autofree char *lower = uidl != NULL ? g_ascii_strdown(uidl, -1) : NULL;
        if (lower == NULL || !g_hash_table_contains(made, lower))
            continue;
        mh_mailbox_set_uidl(mailbox, message, mh_span(NULL, 0));
        add_made(made, line->uid, plan->uids.uidvalidity);
    }
}
