#include "courier-tidy-order.h"

#include "courier-file-name.h"
#include "courier-sort.h"

#include <string.h>

/* So many messages may be out of order, and one more for so many others. */
#define MOVED_MAX    64
#define MOVED_MAX_OF 32

typedef struct {
    uint32_t index;
    char *name;
} Moved;

/* The last two names of those that are in order. */
typedef struct {
    GString *before, *last;
    uint32_t last_index;
    bool has_before, has_last;
} Tail;

struct CourierTidyOrder {
    CourierNames *names;
    const MhMailbox *mailbox;
    Tail tail;
    GArray *moved;    /* of Moved, in the order of names */
    GArray *left_out; /* of uint32_t: the same messages, in mailbox order */
    GString *name;    /* of the message at next */
    bool has_name;
    uint32_t next;
    guint next_moved, next_left_out;
};

/* ---- names -------------------------------------------------------------------------------- */

/* The name that the server would find in cur/, of the one told last. */
static void
put_name(const CourierNames *names, bool is_new, size_t base_len, GString *out)
{
    const GString *name = names->room;
    g_string_truncate(out, 0);
    g_string_append_len(out, name->str, (gssize)name->len);
    if (courier_file_name_changes_at_login(mh_span(out->str, out->len), base_len, is_new))
        g_string_append(g_string_truncate(out, base_len), COURIER_FILE_NAME_MOVED);
}

static bool
tell_name(CourierNames *names, const MhMessage *message, GString *out)
{
    CourierNamesPlace place = courier_names_place(message);
    size_t base_len;
    if (courier_names_read(names, place, &base_len) == NULL)
        return false;
    put_name(names, place.is_new, base_len, out);
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

/* The name at hand becomes the last; its room is used again. */
static void
go_on(CourierTidyOrder *order, uint32_t index)
{
    Tail *tail = &order->tail;
    GString *unused = tail->last;
    tail->has_last = true;
    tail->last_index = index;
    tail->last = order->name;
    order->name = unused;
}

/* Where two are not in order, that one is moved without which the order is as it should be. */
static bool
take(CourierTidyOrder *order, uint32_t index)
{
    Tail *tail = &order->tail;
    const GString *name = order->name;
    int after_last = tail->has_last ? compare(name, tail->last) : 1;
    int after_before = after_last < 0 && tail->has_before ? compare(name, tail->before) : 1;
    if (after_last == 0 || after_before == 0)
        return false;
    if (after_before < 0)
        return move(order, index, name);
    if (after_last < 0) {
        bool few = move(order, tail->last_index, tail->last);
        go_on(order, index);
        return few;
    }
    GString *unused = tail->before;
    tail->before = tail->last;
    tail->has_before = tail->has_last;
    tail->last = unused;
    go_on(order, index);
    return true;
}

bool
courier_tidy_order_add(CourierTidyOrder *order, uint32_t index, bool is_new, size_t base_len)
{
    put_name(order->names, is_new, base_len, order->name);
    return take(order, index);
}

bool
courier_tidy_order_finish(CourierTidyOrder *order)
{
    bool good = true;
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
    CourierTidyOrder *order = g_new0(CourierTidyOrder, 1);
    order->names = names;
    order->mailbox = mailbox;
    order->moved = g_array_new(FALSE, FALSE, sizeof(Moved));
    g_array_set_clear_func(order->moved, clear_moved);
    order->left_out = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    order->name = g_string_new(NULL);
    order->tail.before = g_string_new(NULL);
    order->tail.last = g_string_new(NULL);
    return order;
}

void
courier_tidy_order_free(CourierTidyOrder *order)
{
    if (order == NULL)
        return;
    g_array_unref(order->moved);
    g_array_unref(order->left_out);
    g_string_free(order->name, TRUE);
    g_string_free(order->tail.before, TRUE);
    g_string_free(order->tail.last, TRUE);
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
        tell_name(order->names, mh_mailbox_get(order->mailbox, order->next), order->name);
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
