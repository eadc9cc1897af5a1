#include "courier-tidy-order.h"

#include "courier-sort.h"

#include <string.h>

/* So many messages may be out of order, and one more for so many others. */
#define MOVED_MAX    64
#define MOVED_MAX_OF 32

typedef struct {
    uint32_t index;
    char *name;
} Moved;

struct CourierTidyOrder {
    CourierNames *names;
    const MhMailbox *mailbox;
    GArray *moved;    /* of Moved, in the order of names */
    GArray *left_out; /* of uint32_t: the same messages, in mailbox order */
    GString *name;    /* of the message at next */
    bool has_name;
    uint32_t next;
    guint next_moved, next_left_out;
};

/* The last two names of those that are in order. */
typedef struct {
    GString *before, *last;
    uint32_t last_index;
    bool has_before, has_last;
} Tail;

/* ---- names -------------------------------------------------------------------------------- */

/* The name that the server would find in cur/: see name_at_login() in courier-source-pop3.c. */
static bool
name_at_login(CourierNames *names, const MhMessage *message, GString *out)
{
    CourierNamesPlace place = courier_names_place(message);
    size_t len;
    const char *name = courier_names_read(names, place, &len);
    if (name == NULL)
        return false;
    g_string_truncate(out, 0);
    g_string_append_len(out, name, (gssize)names->room->len);
    if (place.is_new && !g_str_has_prefix(out->str + len, ":2,"))
        g_string_append(g_string_truncate(out, len), ":2,");
    return true;
}

static int
compare(const GString *a, const GString *b)
{
    return courier_sort_compare(mh_span(a->str, a->len), mh_span(b->str, b->len),
                                COURIER_SORT_POP3);
}

static int
compare_moved(gconstpointer a, gconstpointer b)
{
    return courier_sort_compare(mh_span_from_string(((const Moved *)a)->name),
                                mh_span_from_string(((const Moved *)b)->name), COURIER_SORT_POP3);
}

static gint
compare_indexes(gconstpointer a, gconstpointer b)
{
    uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;
    return one < two ? -1 : one > two;
}

/* ---- what is out of order ----------------------------------------------------------------- */

static bool
move(CourierTidyOrder *order, uint32_t index, const GString *name)
{
    Moved moved = {.index = index, .name = g_strdup(name->str)};
    g_array_append_val(order->moved, moved);
    g_array_append_val(order->left_out, index);
    return order->moved->len <= MOVED_MAX + mh_mailbox_length(order->mailbox) / MOVED_MAX_OF;
}

static void
go_on(Tail *tail, uint32_t index, const GString *name)
{
    tail->has_last = true;
    tail->last_index = index;
    g_string_truncate(tail->last, 0);
    g_string_append_len(tail->last, name->str, (gssize)name->len);
}

/* Where two are not in order, that one is moved without which the order is as it should be. */
static bool
take(CourierTidyOrder *order, Tail *tail, uint32_t index)
{
    const GString *name = order->name;
    int after_last = tail->has_last ? compare(name, tail->last) : 1;
    int after_before = after_last < 0 && tail->has_before ? compare(name, tail->before) : 1;
    if (after_last == 0 || after_before == 0)
        return false;
    if (after_before < 0)
        return move(order, index, name);
    if (after_last < 0) {
        bool few = move(order, tail->last_index, tail->last);
        go_on(tail, index, name);
        return few;
    }
    GString *unused = tail->before;
    tail->before = tail->last;
    tail->has_before = tail->has_last;
    tail->last = unused;
    go_on(tail, index, name);
    return true;
}

static bool
find_moved(CourierTidyOrder *order)
{
    Tail tail = {.before = g_string_new(NULL), .last = g_string_new(NULL)};
    bool good = true;
    for (uint32_t i = 0; good && i < mh_mailbox_length(order->mailbox); i++)
        good = name_at_login(order->names, mh_mailbox_get(order->mailbox, i), order->name) &&
               take(order, &tail, i);
    g_string_free(tail.before, TRUE);
    g_string_free(tail.last, TRUE);
    g_array_sort(order->moved, compare_moved);
    g_array_sort(order->left_out, compare_indexes);
    for (guint i = 1; good && i < order->moved->len; i++)
        good = compare_moved(&g_array_index(order->moved, Moved, i - 1),
                             &g_array_index(order->moved, Moved, i)) < 0;
    return good;
}

static void
clear_moved(gpointer moved)
{
    g_free(((Moved *)moved)->name);
}

CourierTidyOrder *
courier_tidy_order_new(CourierNames *names, const MhMailbox *mailbox)
{
    g_autoptr(CourierTidyOrder) order = g_new0(CourierTidyOrder, 1);
    order->names = names;
    order->mailbox = mailbox;
    order->moved = g_array_new(FALSE, FALSE, sizeof(Moved));
    g_array_set_clear_func(order->moved, clear_moved);
    order->left_out = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    order->name = g_string_new(NULL);
    return find_moved(order) ? g_steal_pointer(&order) : NULL;
}

void
courier_tidy_order_free(CourierTidyOrder *order)
{
    if (order == NULL)
        return;
    g_array_unref(order->moved);
    g_array_unref(order->left_out);
    g_string_free(order->name, TRUE);
    g_free(order);
}

bool
courier_tidy_order_is_plain(const CourierTidyOrder *order)
{
    return order->moved->len == 0;
}

/* ---- the walk ----------------------------------------------------------------------------- */

static bool
is_left_out(const CourierTidyOrder *order)
{
    return order->next_left_out < order->left_out->len &&
           g_array_index(order->left_out, uint32_t, order->next_left_out) == order->next;
}

/* Tells the name of the next message that is in order, if there is one. */
static bool
look_ahead(CourierTidyOrder *order)
{
    for (; is_left_out(order); order->next_left_out++)
        order->next++;
    if (order->has_name || order->next >= mh_mailbox_length(order->mailbox))
        return true;
    order->has_name =
        name_at_login(order->names, mh_mailbox_get(order->mailbox, order->next), order->name);
    return order->has_name;
}

bool
courier_tidy_order_next(CourierTidyOrder *order, uint32_t *out_index, MhSpan *out_name)
{
    const Moved *moved = order->next_moved < order->moved->len
                             ? &g_array_index(order->moved, Moved, order->next_moved)
                             : NULL;
    if (!look_ahead(order) || (!order->has_name && moved == NULL))
        return false;
    MhSpan name = mh_span(order->name->str, order->name->len);
    MhSpan moved_name = moved != NULL ? mh_span_from_string(moved->name) : mh_span(NULL, 0);
    int before = moved == NULL ? 1 : -1;
    if (moved != NULL && order->has_name)
        before = courier_sort_compare(moved_name, name, COURIER_SORT_POP3);
    if (before == 0)
        return false;
    *out_name = before < 0 ? moved_name : name;
    *out_index = before < 0 ? moved->index : order->next;
    if (before < 0) {
        order->next_moved++;
    } else {
        order->next++;
        order->has_name = false;
    }
    return true;
}
