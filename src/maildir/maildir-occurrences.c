#include "maildir-occurrences.h"

#include "maildir-file-name.h"

#include <string.h>

/* A file of the folder that claims to be a later one than this is not one of ours. */
#define NUMBER_MAX (UINT32_C(1) << 31)

/* Nearly all messages are the only ones of their kind: so there is no count for each, only an open
 * hash table of them, and counts for what repeats. */
struct MaildirOccurrences {
    const MhMailbox *mailbox;
    uint32_t *slots; /* of equal messages the first that is delivered, as index + 1; 0: free */
    size_t mask;
    GHashTable *last; /* what a slot holds -> the last number given, where it is not just 1 */
};

static const MhDigest *
id_of(const MaildirOccurrences *seen, size_t index)
{
    return &mh_mailbox_get(seen->mailbox, index)->id;
}

/* The slot of the messages with @id, or the free one where they belong. */
static uint32_t *
find(const MaildirOccurrences *seen, const MhDigest *id)
{
    size_t at;
    memcpy(&at, id->bytes, sizeof at);
    for (at &= seen->mask; seen->slots[at] != 0; at = (at + 1) & seen->mask) {
        if (mh_digest_equal(id_of(seen, seen->slots[at] - 1), id))
            break;
    }
    return &seen->slots[at];
}

static void
add_delivered(MaildirOccurrences *seen, const MhSyncPlan *plan)
{
    size_t size = 16;
    while (2 * size < 3 * plan->delivered)
        size *= 2;
    seen->mask = size - 1;
    seen->slots = g_new0(uint32_t, size);
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (line->target != 0)
            continue;
        uint32_t *slot = find(seen, id_of(seen, line->source - 1));
        if (*slot == 0)
            *slot = line->source;
    }
}

static uint32_t
last_of(const MaildirOccurrences *seen, uint32_t first)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(seen->last, GUINT_TO_POINTER(first)));
}

static void
set_last(MaildirOccurrences *seen, uint32_t first, uint32_t number)
{
    g_hash_table_insert(seen->last, GUINT_TO_POINTER(first), GUINT_TO_POINTER(number));
}

/* The numbers that files have of messages equal to those that come. */
static void
add_present(MaildirOccurrences *seen, const MaildirFolder *folder)
{
    for (guint i = 0; i < folder->index.messages->len; i++) {
        const MhTargetMessage *message = mh_target_index_get(&folder->index, i);
        uint32_t first = *find(seen, &message->id), number;
        MaildirFileName name;
        if (first == 0)
            continue;
        maildir_file_name_parse(mh_span_from_string(maildir_folder_file(folder, message)), &name);
        if (!maildir_file_name_parse_own(name.base, NULL, &number))
            number = 1; /* a name of another's making is the first with its identity */
        if (number < NUMBER_MAX)
            set_last(seen, first, MAX(number, last_of(seen, first)));
    }
}

MaildirOccurrences *
maildir_occurrences_new(const MaildirFolder *folder, const MhMailbox *mailbox,
                        const MhSyncPlan *plan)
{
    MaildirOccurrences *seen = g_new0(MaildirOccurrences, 1);
    seen->mailbox = mailbox;
    seen->last = g_hash_table_new(NULL, NULL);
    add_delivered(seen, plan);
    add_present(seen, folder);
    return seen;
}

void
maildir_occurrences_free(MaildirOccurrences *seen)
{
    if (seen == NULL)
        return;
    g_free(seen->slots);
    g_hash_table_unref(seen->last);
    g_free(seen);
}

uint32_t
maildir_occurrences_next(MaildirOccurrences *seen, size_t index)
{
    uint32_t first = *find(seen, id_of(seen, index));
    uint32_t last = last_of(seen, first);
    if (last == 0 && first == index + 1)
        return 1;
    uint32_t number = MAX(last, 1) + 1;
    set_last(seen, first, number);
    return number;
}
