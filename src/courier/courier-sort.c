#include "courier-sort.h"

#include "courier-file-name.h"
#include "courier-number.h"

static int
compare_imap(MhSpan a, MhSpan b)
{
    return mh_span_compare(courier_file_name_base(a), courier_file_name_base(b));
}

static int
compare_pop3(MhSpan a, MhSpan b)
{
    for (size_t i = 0; i < a.len || i < b.len; i++) {
        int byte_a = i < a.len ? (int8_t)a.data[i] : 0;
        int byte_b = i < b.len ? (int8_t)b.data[i] : 0;
        if (byte_a != byte_b)
            return byte_a < byte_b ? -1 : 1;
        if (byte_a == ':')
            return 0;
    }
    return 0;
}

int
courier_sort_compare(MhSpan a, MhSpan b, CourierSort order)
{
    if (mh_span_equal(a, b))
        return 0;
    int64_t number_a = courier_number_signed(a), number_b = courier_number_signed(b);
    if (number_a != number_b)
        return number_a < number_b ? -1 : 1;
    return order == COURIER_SORT_IMAP ? compare_imap(a, b) : compare_pop3(a, b);
}

void
courier_sort_items(void *items, size_t count, size_t size, GCompareDataFunc compare, gpointer data)
{
    const uint8_t *item = items;
    for (size_t i = 1; i < count; i++, item += size) {
        if (compare(item, item + size, data) > 0) {
            g_qsort_with_data(items, (gint)count, size, compare, data);
            return;
        }
    }
}
