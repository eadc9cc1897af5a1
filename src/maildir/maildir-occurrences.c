#include "maildir-occurrences.h"

#include "keyed-hash.h"
#include "maildir-file-name.h"

#include <string.h>

/* A file of the folder that claims to be a later one than this is not one of ours. */
#define NUMBER_MAX (UINT32_C(1) << 31)

/* Nearly all messages are the only ones of their kind, and have number 1: only others are held. */
typedef struct {
    uint32_t index, number;
} Later;

struct MaildirOccurrences {
    GArray *later; /* of Later, by index */
};

/* While the numbers are given: an open hash table of the messages that are delivered, and counts
 * for what repeats. */
typedef struct {
    const MhMailbox *mailbox;
    const MhSyncPlan *plan;
    uint32_t *slots; /* of equal messages the first that is delivered, as index + 1; 0: free */
    size_t slot_count;
    GHashTable *last; /* what a slot holds -> the last number given, where it is not just 1 */
} Counting;

static const MhDigest *
id_of(const Counting *counting, size_t index)
{
    return &mh_mailbox_get(counting->mailbox, index)->id;
}

/* The slot of the messages with @id, or the free one where they belong. */
static uint32_t *
find(const Counting *counting, const MhDigest *id)
{
    size_t at = (size_t)((uint64_t)mh_keyed_hash_digest(id) * counting->slot_count >> 32);
    while (counting->slots[at] != 0) {
        if (mh_digest_equal(id_of(counting, counting->slots[at] - 1), id))
            break;
        at = at + 1 < counting->slot_count ? at + 1 : 0;
    }
    return &counting->slots[at];
}

static void
add_delivered(Counting *counting)
{
    const MhSyncPlan *plan = counting->plan;
    counting->slot_count = plan->delivered + plan->delivered / 2 + 16;
    counting->slots = g_new0(uint32_t, counting->slot_count);
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (line->target != 0)
            continue;
        uint32_t *slot = find(counting, id_of(counting, line->source - 1));
        if (*slot == 0)
            *slot = line->source;
    }
}

static uint32_t
last_of(const Counting *counting, uint32_t first)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(counting->last, GUINT_TO_POINTER(first)));
}

static void
set_last(Counting *counting, uint32_t first, uint32_t number)
{
    g_hash_table_insert(counting->last, GUINT_TO_POINTER(first), GUINT_TO_POINTER(number));
}

/* The numbers that files have of messages equal to those that come. */
static void
add_present(Counting *counting, const MaildirFolder *folder)
{
    for (guint i = 0; i < folder->index.messages->len; i++) {
        const MhTargetMessage *message = mh_target_index_get(&folder->index, i);
        MhDigest id = mh_target_index_id(&folder->index, i);
        uint32_t first = *find(counting, &id), number;
        MaildirFileName name;
        if (first == 0)
            continue;
        maildir_file_name_parse(mh_span_from_string(maildir_folder_file(folder, message)), &name);
        if (!maildir_file_name_parse_own(name.base, NULL, &number))
            number = 1; /* a name of another's making is the first with its identity */
        if (number < NUMBER_MAX)
            set_last(counting, first, MAX(number, last_of(counting, first)));
    }
}

/* In the plan's order. */
static void
give_numbers(Counting *counting, GArray *later)
{
    for (guint i = 0; i < counting->plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(counting->plan->lines, MhSyncLine, i);
        if (line->target != 0)
            continue;
        uint32_t first = *find(counting, id_of(counting, line->source - 1));
        uint32_t last = last_of(counting, first);
        if (last == 0 && first == line->source)
            continue;
        Later one = {.index = line->source - 1, .number = MAX(last, 1) + 1};
        set_last(counting, first, one.number);
        g_array_append_val(later, one);
    }
}

static int
compare_later(gconstpointer a, gconstpointer b)
{
    uint32_t x = ((const Later *)a)->index, y = ((const Later *)b)->index;
    return x < y ? -1 : x > y;
}

MaildirOccurrences *
maildir_occurrences_new(const MaildirFolder *folder, const MhMailbox *mailbox,
                        const MhSyncPlan *plan)
{
    MaildirOccurrences *seen = g_new0(MaildirOccurrences, 1);
    Counting counting = {.mailbox = mailbox, .plan = plan, .last = g_hash_table_new(NULL, NULL)};
    seen->later = g_array_new(FALSE, FALSE, sizeof(Later));
    add_delivered(&counting);
    add_present(&counting, folder);
    give_numbers(&counting, seen->later);
    g_array_sort(seen->later, compare_later);
    g_free(counting.slots);
    g_hash_table_unref(counting.last);
    return seen;
}

void
maildir_occurrences_free(MaildirOccurrences *seen)
{
    if (seen == NULL)
        return;
    g_array_unref(seen->later);
    g_free(seen);
}

uint32_t
maildir_occurrences_get(const MaildirOccurrences *seen, size_t index)
{
    Later wanted = {.index = (uint32_t)index};
    guint at;
    if (!g_array_binary_search(seen->later, &wanted, compare_later, &at))
        return 1;
    return g_array_index(seen->later, Later, at).number;
}
