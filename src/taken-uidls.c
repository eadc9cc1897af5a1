#include "taken-uidls.h"

#include "maildir/maildir-uidlist.h"

/* Who says which UIDL: the text -> the index of the line + 1, when it can be given another; 0. */
typedef struct {
    GHashTable *made;
    MhMailbox *mailbox;
    MhSyncPlan *plan;
} Taken;

/* Notes what a server would make of the UID, in each way that server-config knows of. */
static void
add_made(const Taken *taken, uint32_t uid, guint owner)
{
    uint32_t uidvalidity = taken->plan->uids.uidvalidity;
    gpointer value = GUINT_TO_POINTER(owner);
    g_hash_table_insert(taken->made, g_strdup_printf("uid%u-%u", uid, uidvalidity), value);
    g_hash_table_insert(taken->made, g_strdup_printf("%08x%08x", uid, uidvalidity), value);
    g_hash_table_insert(taken->made, g_strdup_printf("%08x%08x", uidvalidity, uid), value);
}

/* Is it mail of the target's own, of whose UIDL nothing is written down, or that it is the name? */
static bool
is_own(const MhSyncLine *line, const MaildirFolder *folder, bool *out_can_be_named)
{
    if (line->source != 0 || line->target == 0)
        return false;
    const MhTargetMessage *there = mh_target_index_get(&folder->index, line->target - 1);
    uint32_t place = maildir_folder_line(folder, there);
    MaildirUidlistEntry entry;
    bool listed = place != 0 && maildir_uidlist_read(folder->uidlist, place, &entry);
    *out_can_be_named = listed && entry.uidl.data == NULL;
    return !there->ours && (!listed || entry.uidl.len == 0);
}

/* Can a client of the old server know the message by its UIDL? */
static bool
is_known(const Taken *taken, const MhMessage *message, const char *uidl)
{
    MhSpan number, rest = mh_span_from_string(uidl);
    uint64_t foretold = taken->mailbox->pop3_foretold;
    uint32_t value;
    if (foretold == 0)
        return taken->mailbox->foretold == 0 || message->uid < taken->mailbox->foretold;
    return !mh_span_starts_with(rest, MH_SPAN_LITERAL("UID")) ||
           !mh_span_split(mh_span_from(rest, 3), '-', &number, &rest) ||
           !mh_span_to_u32(number, UINT32_MAX, &value) || value < foretold;
}

/* The message loses its UIDL when it is another's. If clients know it, they would take the other
 * for it and never fetch that: so the other gets one, too, that nobody can know. What the server
 * makes for the message may be that of another in turn. That UID is above all that were given out,
 * so it comes later; and who knows the later one knows this message. */
static void
look_at(const Taken *taken, const MhSyncLine *line)
{
    MhMessage *message =
        line->source != 0 ? mh_mailbox_get(taken->mailbox, line->source - 1) : NULL;
    const char *uidl = message != NULL ? mh_mailbox_uidl(taken->mailbox, message) : NULL;
    g_autofree char *lower = uidl != NULL ? g_ascii_strdown(uidl, -1) : NULL;
    gpointer owner;
    if (lower == NULL || !g_hash_table_lookup_extended(taken->made, lower, NULL, &owner))
        return;
    if (owner != NULL && is_known(taken, message, uidl)) {
        if (taken->plan->renamed_uidls == NULL)
            taken->plan->renamed_uidls = g_hash_table_new(NULL, NULL);
        g_hash_table_add(taken->plan->renamed_uidls, owner);
        taken->plan->list_changed = true;
    }
    mh_mailbox_set_uidl(taken->mailbox, message, mh_span(NULL, 0));
    add_made(taken, line->uid, 0);
}

void
mh_taken_uidls_drop(MhMailbox *mailbox, MhSyncPlan *plan, const MaildirFolder *folder)
{
    if (plan->foreign == 0)
        return;
    g_autoptr(GHashTable) made = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Taken taken = {made, mailbox, plan};
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        bool can_be_named;
        if (is_own(line, folder, &can_be_named))
            add_made(&taken, line->uid, can_be_named ? i + 1 : 0);
    }
    for (guint i = 0; g_hash_table_size(made) > 0 && i < plan->lines->len; i++)
        look_at(&taken, &g_array_index(plan->lines, MhSyncLine, i));
}
