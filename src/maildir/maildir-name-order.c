#include "maildir-name-order.h"

typedef struct {
    uint32_t place, index;
} Place;

static int
compare_places(gconstpointer a, gconstpointer b)
{
    uint32_t x = ((const Place *)a)->place, y = ((const Place *)b)->place;
    return x < y ? -1 : x > y;
}

/* The messages in the order in which the old server counted them. */
static GArray *
places(const MhMailbox *mailbox)
{
    GArray *order = g_array_new(FALSE, FALSE, sizeof(Place));
    for (uint32_t i = 0; i < mh_mailbox_length(mailbox); i++) {
        uint32_t first = mh_mailbox_pop3_order(mailbox, mh_mailbox_get(mailbox, i));
        Place place = {first != 0 ? first : i + 1, i};
        g_array_append_val(order, place);
    }
    g_array_sort(order, compare_places);
    return order;
}

/* The number that a name begins with; 0: with none. */
static int64_t
number_of(const char *name)
{
    uint64_t number = 0;
    size_t len = 0;
    while (g_ascii_isdigit(name[len]))
        len++;
    if (!mh_span_to_u64(mh_span(name, len), INT64_MAX / 2, &number))
        return 0;
    return (int64_t)number;
}

/* The number in the name that each message has, or would keep; below 0: it has no name. */
static int64_t *
numbers_now(const MaildirFolder *folder, const MhMailbox *mailbox, const MhSyncPlan *plan)
{
    int64_t *numbers = g_new0(int64_t, mh_mailbox_length(mailbox) + 1);
    for (size_t i = 0; i < mh_mailbox_length(mailbox); i++) {
        const char *name = mh_mailbox_name(mailbox, mh_mailbox_get(mailbox, i));
        numbers[i] = name != NULL ? number_of(name) : -1;
    }
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (line->source != 0 && line->target != 0)
            numbers[line->source - 1] = number_of(
                maildir_folder_file(folder, mh_target_index_get(&folder->index, line->target - 1)));
    }
    return numbers;
}

int64_t *
maildir_name_order(const MaildirFolder *folder, const MhMailbox *mailbox, const MhSyncPlan *plan)
{
    g_autoptr(GArray) order = places(mailbox);
    g_autofree int64_t *now = numbers_now(folder, mailbox, plan);
    int64_t *numbers = g_new0(int64_t, mh_mailbox_length(mailbox) + 1);
    int64_t last = -1;
    for (guint i = 0; i < order->len; i++) {
        uint32_t index = g_array_index(order, Place, i).index;
        int64_t date = mh_mailbox_get(mailbox, index)->internaldate;
        int64_t wanted = now[index] >= 0 ? now[index] : date;
        numbers[index] = wanted > last ? wanted : last + 1;
        last = now[index] >= 0 ? MAX(last, wanted) : numbers[index];
    }
    return numbers;
}
