#include "taken-uidls.h"

#include "maildir/maildir-uidlist.h"

#define HEX_DIGITS 8

typedef struct {
    MhMailbox *mailbox;
    MhSyncPlan *plan;
    const MaildirFolder *folder;
} Taken;

static const MhSyncLine *
line_at(const Taken *taken, guint i)
{
    return &g_array_index(taken->plan->lines, MhSyncLine, i);
}

static bool
take_hex(MhSpan digits, uint32_t *out_value)
{
    *out_value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int value = g_ascii_xdigit_value((char)digits.data[i]);
        if (value < 0)
            return false;
        *out_value = *out_value << 4 | (uint32_t)value;
    }
    return true;
}

uint32_t
mh_taken_uidls_made_of(const char *uidl, uint32_t uidvalidity)
{
    MhSpan text = mh_span_from_string(uidl), first, second;
    uint32_t one, other;
    if (mh_span_starts_with_nocase(text, MH_SPAN_LITERAL("UID"))) {
        bool good = mh_span_split(mh_span_from(text, 3), '-', &first, &second) &&
                    mh_span_to_u32(first, UINT32_MAX, &one) &&
                    mh_span_to_u32(second, UINT32_MAX, &other);
        return good && other == uidvalidity ? one : 0;
    }
    if (text.len != 2 * HEX_DIGITS || !take_hex(mh_span(text.data, HEX_DIGITS), &one) ||
        !take_hex(mh_span_from(text, HEX_DIGITS), &other))
        return 0;
    return other == uidvalidity ? one : one == uidvalidity ? other : 0;
}

/* The index of the line of @uid + 1; 0: none. */
static guint
find_line(const Taken *taken, uint32_t uid)
{
    guint low = 0, high = taken->plan->lines->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (line_at(taken, middle)->uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < taken->plan->lines->len && line_at(taken, low)->uid == uid ? low + 1 : 0;
}

/* Does the server make the UIDL of this line, or did it until that was given the file's name? */
static bool
is_made(const Taken *taken, const MhSyncLine *line, bool *out_can_be_named)
{
    *out_can_be_named = false;
    if (line->source != 0)
        return mh_mailbox_uidl(taken->mailbox, mh_mailbox_get(taken->mailbox, line->source - 1)) ==
               NULL;
    const MhTargetMessage *there = mh_target_index_get(&taken->folder->index, line->target - 1);
    uint32_t place = maildir_folder_line(taken->folder, there);
    MaildirUidlistEntry entry;
    bool listed = place != 0 && maildir_uidlist_read(taken->folder->uidlist, place, &entry);
    *out_can_be_named = listed && !there->ours && entry.uidl.data == NULL;
    return !listed || entry.uidl.len == 0;
}

/* Can a client of the old server know the message by its UIDL, which has this number? */
static bool
is_known(const MhMailbox *mailbox, const MhMessage *message, uint32_t number)
{
    if (mailbox->pop3_foretold != 0)
        return number < mailbox->pop3_foretold;
    return mailbox->foretold == 0 || message->uid < mailbox->foretold;
}

static void
name_line(const Taken *taken, guint number)
{
    if (taken->plan->renamed_uidls == NULL)
        taken->plan->renamed_uidls = g_hash_table_new(NULL, NULL);
    g_hash_table_add(taken->plan->renamed_uidls, GUINT_TO_POINTER(number));
    taken->plan->list_changed = true;
}

/* The UID of which a server makes the UIDL that clients of the old one know of the message. 0: it
 * is not made so. One that is not written down is made of the message's UID. */
static uint32_t
known_by(const Taken *taken, const MhMessage *message)
{
    const char *uidl = mh_mailbox_uidl(taken->mailbox, message);
    uint32_t validity = taken->plan->uids.uidvalidity;
    if (uidl != NULL)
        return mh_taken_uidls_made_of(uidl, validity);
    return taken->mailbox->uids.uidvalidity == validity ? message->uid : 0;
}

/* The message loses its UIDL when it is another's. If clients know it, they would take the other
 * for it and never fetch that: so the other gets one, too, that nobody can know. What the server
 * makes for the message may be that of another in turn. That UID is above all that were given out,
 * so it comes later; and who knows the later one knows this message. */
static void
look_at(const Taken *taken, const MhSyncLine *line)
{
    bool can_be_named;
    MhMessage *message = mh_mailbox_get(taken->mailbox, line->source - 1);
    uint32_t uid = known_by(taken, message);
    guint other = uid != 0 && uid != line->uid ? find_line(taken, uid) : 0;
    if (other == 0 || !is_made(taken, line_at(taken, other - 1), &can_be_named))
        return;
    if (can_be_named && is_known(taken->mailbox, message, uid))
        name_line(taken, other);
    mh_mailbox_set_uidl(taken->mailbox, message, mh_span(NULL, 0));
}

void
mh_taken_uidls_drop(MhMailbox *mailbox, MhSyncPlan *plan, const MaildirFolder *folder)
{
    Taken taken = {mailbox, plan, folder};
    for (guint i = 0; plan->foreign > 0 && i < plan->lines->len; i++) {
        if (line_at(&taken, i)->source != 0)
            look_at(&taken, line_at(&taken, i));
    }
}
