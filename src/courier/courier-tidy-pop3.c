#include "courier-tidy-pop3.h"

#include "courier-file-name.h"
#include "courier-pop3-sizelist.h"
#include "courier-sort.h"
#include "size-limits.h"

#include <string.h>
#include <sys/stat.h>

/* So many numbers of lines may be out of order: messages that came within a second have the order
 * of their names, and numbers as the server met them. */
#define ODD_NUMBERS_MAX 65536

/* The numbers of the lines so far. */
typedef struct {
    uint64_t before, last; /* the last two of those that ascend; 0: there is none */
    GArray *odd;           /* of uint64_t: the others */
} Numbers;

/* The list, read once from begin to end. */
typedef struct {
    MhLineText *text; /* NULL: there is none */
    struct stat stat;
    CourierEra era;
    CourierPop3Sizelist header; /* without its lines */
    uint64_t foretold;          /* the number that the next file without a line will get */
    CourierPop3Line line;       /* the one at hand; its name is in name */
    GString *name;
    Numbers numbers;
    bool has_line;
    uint64_t next_at; /* where the next one begins */
    CourierPop3Apart apart;
} List;

/* What might belong together but for a ':'. */
typedef struct {
    bool line_bare, line_info, file_bare, file_info;
} Left;

/* ---- the list ----------------------------------------------------------------------------- */

/* False when the number, or one before, is odd. That each stands but once is not known yet. */
static bool
take_number(Numbers *numbers, uint64_t number)
{
    uint64_t odd = number;
    if (number == numbers->before || number == numbers->last)
        return false;
    if (number > numbers->last) {
        numbers->before = numbers->last;
        numbers->last = number;
        return true;
    }
    if (number > numbers->before) {
        odd = numbers->last;
        numbers->last = number;
    }
    g_array_append_val(numbers->odd, odd);
    return numbers->odd->len <= ODD_NUMBERS_MAX;
}

/* The next line, which must come after the one at hand. False when it is odd. */
static bool
take_line(List *list)
{
    MhSpan text;
    CourierPop3Line line;
    list->has_line = list->next_at < mh_line_text_size(list->text);
    if (!list->has_line)
        return true;
    if (!mh_line_text_get(list->text, list->next_at, &text, &list->next_at) ||
        !courier_pop3_sizelist_plain_line(text, list->header.version, list->era, &line) ||
        !take_number(&list->numbers, line.number) || line.number >= list->header.next ||
        (list->name->len > 0 && courier_sort_compare(mh_span(list->name->str, list->name->len),
                                                     line.name, COURIER_SORT_POP3) >= 0))
        return false;
    g_string_truncate(list->name, 0);
    g_string_append_len(list->name, (const char *)line.name.data, (gssize)line.name.len);
    line.name = mh_span(list->name->str, list->name->len);
    list->line = line;
    courier_pop3_keep_apart(&list->apart, line.number, 1, line.validity);
    return true;
}

/* False when it is odd, or cannot be read. */
static bool
open_list(const CourierSource *source, List *list)
{
    MhSpan line;
    int fd =
        mh_open_file(source->folderfd, "courierpop3dsizelist", MH_LINKS_BENEATH, &list->stat, NULL);
    if (fd < 0)
        return false;
    if ((uint64_t)list->stat.st_size > MH_LIMIT_STATE_FILE_BYTES) {
        close(fd);
        return false;
    }
    list->text = mh_line_text_open(fd, (uint64_t)list->stat.st_size, NULL);
    return list->text != NULL && mh_line_text_get(list->text, 0, &line, &list->next_at) &&
           courier_pop3_sizelist_plain_header(line, list->era, &list->header) && take_line(list);
}

/* ---- messages ----------------------------------------------------------------------------- */

static bool
is_bare(MhSpan name)
{
    return courier_file_name_base(name).len == name.len;
}

static void
give_uidl(MhMailbox *out, MhMessage *message, const CourierPop3Line *line)
{
    if (line->number != 0 && line->validity != 0) {
        mh_mailbox_set_numbered_uidl(out, message, line->number, line->validity);
        return;
    }
    g_autofree char *uidl = courier_pop3_sizelist_uidl(line);
    mh_mailbox_set_uidl(out, message, mh_span_from_string(uidl));
}

/* Takes the size of the line at hand, if it may be right. */
static void
take_size(const CourierSource *source, const List *list, MhSpan name, MhMessage *message)
{
    CourierListedSize listed = {.name = name,
                                .size_bytes = message->size_bytes,
                                .mtime = message->internaldate,
                                .listed_bytes = list->line.size_bytes,
                                .list_mtime = list->stat.st_mtim.tv_sec};
    if (!courier_source_may_be_right(source, &listed))
        return;
    message->virtual_size = listed.listed_bytes & MH_MESSAGE_SIZE_MAX;
    message->size_listed = true;
}

/* Goes on in the list to what @name is, or would be, and gives the message what it has there. */
static bool
match(const CourierSource *source, List *list, MhSpan name, MhMessage *message, MhMailbox *out,
      Left *left)
{
    int order = -1;
    while (list->has_line &&
           (order = courier_sort_compare(list->line.name, name, COURIER_SORT_POP3)) < 0) {
        *(is_bare(list->line.name) ? &left->line_bare : &left->line_info) = true;
        if (!take_line(list))
            return false;
    }
    if (list->has_line && order == 0) {
        give_uidl(out, message, &list->line);
        take_size(source, list, name, message);
        return take_line(list);
    }
    *(is_bare(name) ? &left->file_bare : &left->file_info) = true;
    if (list->header.validity != 0 && list->foretold != 0)
        give_uidl(out, message,
                  &(CourierPop3Line){.number = list->foretold, .validity = list->header.validity});
    list->foretold++;
    return true;
}

static gint
compare_numbers(gconstpointer a, gconstpointer b)
{
    uint64_t one = *(const uint64_t *)a, two = *(const uint64_t *)b;
    return one < two ? -1 : one > two;
}

/* Has no line the number of another? Those that ascend have not: so how many have one of the
 * others? */
static bool
are_numbers_single(List *list)
{
    GArray *odd = list->numbers.odd;
    uint64_t at = 0, size = mh_line_text_size(list->text);
    guint met = 0;
    MhSpan text;
    CourierPop3Line line;
    if (odd->len == 0)
        return true;
    g_array_sort(odd, compare_numbers);
    for (guint i = 1; i < odd->len; i++) {
        if (g_array_index(odd, uint64_t, i) == g_array_index(odd, uint64_t, i - 1))
            return false;
    }
    mh_line_text_get(list->text, 0, &text, &at);
    while (at < size) {
        if (!mh_line_text_get(list->text, at, &text, &at) ||
            !courier_pop3_sizelist_plain_line(text, list->header.version, list->era, &line))
            return false;
        if (g_array_binary_search(odd, &line.number, compare_numbers, NULL))
            met++;
    }
    return met == odd->len;
}

/* The lines after the last message. */
static bool
take_rest(List *list, Left *left)
{
    while (list->has_line) {
        *(is_bare(list->line.name) ? &left->line_bare : &left->line_info) = true;
        if (!take_line(list))
            return false;
    }
    return mh_line_text_check(list->text, NULL);
}

static bool
walk(const CourierSource *source, CourierTidyOrder *order, List *list, MhMailbox *out)
{
    Left left = {0};
    uint32_t count = (uint32_t)mh_mailbox_length(out), index;
    MhSpan name;
    bool is_plain = courier_tidy_order_is_plain(order);
    g_autofree uint32_t *places = is_plain ? NULL : g_new(uint32_t, count);
    list->foretold = list->header.next;
    for (uint32_t i = 0; i < count; i++) {
        if (!courier_tidy_order_next(order, &index, &name) ||
            (list->text != NULL &&
             !match(source, list, name, mh_mailbox_get(out, index), out, &left)))
            return false;
        if (!is_plain)
            places[index] = i + 1;
    }
    mh_mailbox_set_pop3_orders(out, places);
    if (list->text == NULL)
        return true;
    courier_pop3_keep_apart(&list->apart, list->header.next, count, list->header.validity);
    courier_pop3_set_apart(&list->apart);
    out->pop3_foretold = list->header.next;
    return take_rest(list, &left) && are_numbers_single(list) &&
           (source->options.strict_match ||
            ((!left.line_bare || !left.file_info) && (!left.line_info || !left.file_bare)));
}

bool
courier_tidy_pop3_add(const CourierSource *source, CourierTidyOrder *order, MhMailbox *out)
{
    List list = {.era = source->options.era, .apart = {.uids = &out->uids}};
    list.name = g_string_new(NULL);
    list.numbers.odd = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    bool has_list = source->stamps[COURIER_STAMP_SIZELIST].inode != 0;
    bool good = courier_tidy_order_finish(order) && (!has_list || open_list(source, &list)) &&
                walk(source, order, &list, out);
    mh_line_text_free(list.text);
    g_string_free(list.name, TRUE);
    g_array_unref(list.numbers.odd);
    return good;
}
