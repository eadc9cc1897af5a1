/* The POP3 side of courier-source. */
#include "courier-file-name.h"
#include "courier-sort.h"
#include "courier-source-private.h"
#include "printable.h"
#include "size-limits.h"

#include <stdlib.h>
#include <string.h>

static void
clear_message(gpointer item)
{
    g_free(((CourierPop3Message *)item)->uidl);
}

/* g_free() */
static char *
shown_name(const CourierPop3 *pop3, const CourierPop3Message *item)
{
    return mh_printable_string(
        courier_source_file_name(pop3->source, courier_pop3_file(pop3, item)));
}

static int
compare_messages(gconstpointer a, gconstpointer b, gpointer data)
{
    MhSpan name_a = courier_pop3_name(data, a), name_b = courier_pop3_name(data, b);
    int order = courier_sort_compare(name_a, name_b, COURIER_SORT_POP3);
    if (order == 0)
        order = mh_span_compare(name_a, name_b);
    return order != 0
               ? order
               : (int)courier_pop3_file(data, a)->is_new - (int)courier_pop3_file(data, b)->is_new;
}

MhSpan
courier_pop3_name(const CourierPop3 *pop3, const CourierPop3Message *item)
{
    if (item->moved != 0)
        return mh_span_from_string(pop3->moved->pdata[item->moved - 1]);
    return courier_source_file_span(pop3->source, courier_pop3_file(pop3, item));
}

/* What the name is when its mail has been moved to cur/. NULL: it stays as it is. g_free(). */
static char *
name_at_login(const CourierPop3 *pop3, const CourierSourceFile *file)
{
    MhSpan name = courier_source_file_span(pop3->source, file);
    MhSpan base = courier_source_file_base(pop3->source, file);
    const char *before = courier_source_file_before(pop3->source, file);
    if (before != NULL)
        return g_strconcat(before, COURIER_FILE_NAME_MOVED, NULL);
    if (!courier_file_name_changes_at_login(name, base.len, file->is_new))
        return NULL;
    return g_strdup_printf("%.*s" COURIER_FILE_NAME_MOVED, (int)base.len, (const char *)base.data);
}

static void
collect_messages(CourierPop3 *pop3, MhMailbox *out)
{
    for (size_t i = 0; i < mh_mailbox_length(out); i++) {
        CourierPop3Message item = {.message = mh_mailbox_get(out, i)};
        char *moved = name_at_login(pop3, courier_pop3_file(pop3, &item));
        if (moved != NULL) {
            g_ptr_array_add(pop3->moved, moved);
            item.moved = pop3->moved->len & (UINT32_MAX >> 1);
        }
        g_array_append_val(pop3->messages, item);
    }
    courier_sort_items(pop3->messages->data, pop3->messages->len, sizeof(CourierPop3Message),
                       compare_messages, pop3);
}

/* --- UIDLs --- */

/* Of lines for one name the later one comes first: it is the one that counts. */
static int
compare_lines(gconstpointer a, gconstpointer b, gpointer data)
{
    const CourierPop3Line *lines = data;
    uint32_t line_a = *(const uint32_t *)a, line_b = *(const uint32_t *)b;
    int order = courier_sort_compare(lines[line_a].name, lines[line_b].name, COURIER_SORT_POP3);
    return order != 0 ? order : line_a > line_b ? -1 : 1;
}

/* Both sorted alike, messages and lines are walked together, as the server does: so several files
 * of one name share several lines of that name. @used is by a line's place in the list. */
static void
match_strictly(CourierPop3 *pop3, bool *used)
{
    CourierPop3Line *lines = (CourierPop3Line *)(void *)pop3->list->lines->data;
    uint32_t count = pop3->list->lines->len, at = 0;
    g_autofree uint32_t *sorted = g_new(uint32_t, count);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = i;
    courier_sort_items(sorted, count, sizeof *sorted, compare_lines, lines);
    for (guint i = 0; i < pop3->messages->len; i++) {
        CourierPop3Message *item = &g_array_index(pop3->messages, CourierPop3Message, i);
        MhSpan name = courier_pop3_name(pop3, item);
        int order = -1;
        while (at < count &&
               (order = courier_sort_compare(lines[sorted[at]].name, name, COURIER_SORT_POP3)) < 0)
            at++;
        if (at < count && order == 0) {
            used[sorted[at]] = true;
            item->line = sorted[at++] + 1;
        }
    }
}

/* What is left may be the same mail with the ':' that one of the names lacks. */
static void
match_loosely(CourierPop3 *pop3, bool *used, MhFindings *findings)
{
    const CourierPop3Line *lines = (const CourierPop3Line *)(const void *)pop3->list->lines->data;
    for (guint i = 0; i < pop3->messages->len; i++) {
        CourierPop3Message *item = &g_array_index(pop3->messages, CourierPop3Message, i);
        const CourierPop3Line *line;
        if (item->line != 0 || courier_pop3_sizelist_find(pop3->list, courier_pop3_name(pop3, item),
                                                          &line) != COURIER_POP3_MATCH_LOOSE)
            continue;
        if (used[line - lines])
            continue;
        g_autofree char *shown = shown_name(pop3, item);
        mh_findings_add(findings, MH_FINDING_COURIER_POP3_INFO_DIFFERS, "%s", shown);
        item->line = (uint32_t)(line - lines) + 1;
        used[line - lines] = true;
    }
}

static void
set_listed_uidls(CourierPop3 *pop3)
{
    CourierPop3Line next = {.number = pop3->list->next, .validity = pop3->list->validity};
    for (guint i = 0; i < pop3->messages->len; i++) {
        CourierPop3Message *item = &g_array_index(pop3->messages, CourierPop3Message, i);
        item->foretold = item->line == 0;
        if (item->line != 0)
            item->uidl = courier_pop3_sizelist_uidl(courier_pop3_line(pop3, item));
        else if (next.validity != 0 && next.number != 0)
            item->uidl = courier_pop3_sizelist_uidl(&next);
        if (item->line == 0)
            next.number++;
    }
}

static void
set_file_name_uidls(CourierPop3 *pop3)
{
    for (guint i = 0; i < pop3->messages->len; i++) {
        CourierPop3Message *item = &g_array_index(pop3->messages, CourierPop3Message, i);
        CourierPop3Line line = {.name = courier_pop3_name(pop3, item)};
        item->uidl = courier_pop3_sizelist_uidl(&line);
    }
}

static int
compare_uidls(const void *a, const void *b)
{
    const CourierPop3Message *const *item_a = a, *const *item_b = b;
    int order = g_strcmp0((*item_a)->uidl, (*item_b)->uidl);
    if (order == 0)
        order = (int)(*item_a)->foretold - (int)(*item_b)->foretold;
    return order;
}

/* Repeated UIDLs stay when the old server showed them, and go when it has not yet. */
static void
check_uidls(CourierPop3 *pop3, MhFindings *findings)
{
    g_autofree CourierPop3Message **items = g_new(CourierPop3Message *, pop3->messages->len);
    size_t count = pop3->messages->len;
    for (size_t i = 0; i < count; i++) {
        items[i] = &g_array_index(pop3->messages, CourierPop3Message, i);
        if (items[i]->uidl != NULL && *items[i]->uidl == '\0') {
            g_autofree char *shown = shown_name(pop3, items[i]);
            mh_findings_add(findings, MH_FINDING_COURIER_UIDL_UNUSABLE, "%s", shown);
            g_clear_pointer(&items[i]->uidl, g_free);
        }
    }
    if (count > 1)
        /* pointers are sorted; NOLINTNEXTLINE(bugprone-sizeof-expression) */
        qsort(items, count, sizeof *items, compare_uidls);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (items[i]->uidl == NULL || g_strcmp0(items[first]->uidl, items[i]->uidl) != 0) {
            first = i;
            continue;
        }
        mh_findings_add(findings, MH_FINDING_COURIER_UIDL_REPEATED, "%s", items[i]->uidl);
        if (items[i]->foretold)
            g_clear_pointer(&items[i]->uidl, g_free);
    }
}

void
courier_pop3_keep_apart(CourierPop3Apart *apart, uint64_t number, uint64_t count, uint64_t validity)
{
    if (validity == apart->uids->uidvalidity && number < MH_UID_MAX)
        apart->above = MAX(apart->above, number + count);
}

void
courier_pop3_set_apart(const CourierPop3Apart *apart)
{
    MhUidState *uids = apart->uids;
    if (uids->uidvalidity != 0 && apart->above <= MH_UID_MAX)
        uids->uidnext = MAX(uids->uidnext, (uint32_t)apart->above);
}

static void
keep_uids_apart(const CourierPop3 *pop3, MhUidState *uids)
{
    CourierPop3Apart apart = {.uids = uids};
    for (guint i = 0; i < pop3->list->lines->len; i++) {
        const CourierPop3Line *line = &g_array_index(pop3->list->lines, CourierPop3Line, i);
        courier_pop3_keep_apart(&apart, line->number, 1, line->validity);
    }
    courier_pop3_keep_apart(&apart, pop3->list->next, pop3->messages->len, pop3->list->validity);
    courier_pop3_set_apart(&apart);
}

static void
set_uidls(CourierPop3 *pop3, MhMailbox *out, MhFindings *findings)
{
    const CourierSourceOptions *options = &pop3->source->options;
    if (pop3->list != NULL) {
        set_listed_uidls(pop3);
        keep_uids_apart(pop3, &out->uids);
        out->pop3_foretold = pop3->list->next;
    } else if (options->uidl == COURIER_UIDL_FILE_NAMES || options->era == COURIER_ERA_OLD) {
        set_file_name_uidls(pop3);
    } else if (pop3->messages->len > 0) {
        mh_findings_add(findings, MH_FINDING_COURIER_POP3_LIST_NONE, NULL);
    }
    check_uidls(pop3, findings);
    for (guint i = 0; i < pop3->messages->len; i++) {
        CourierPop3Message *item = &g_array_index(pop3->messages, CourierPop3Message, i);
        mh_mailbox_set_pop3_order(out, item->message, i + 1);
        if (item->uidl != NULL)
            mh_mailbox_set_uidl(out, item->message, mh_span_from_string(item->uidl));
    }
}

/* --- together --- */

/* *@out_text holds what the list points to. */
static bool
read_list(CourierPop3 *pop3, GBytes **out_text, MhFindings *findings, GError **error)
{
    g_autoptr(GError) problem = NULL;
    *out_text = mh_read_file_if_there(pop3->source->folderfd, "courierpop3dsizelist",
                                      MH_LIMIT_STATE_FILE_BYTES, &pop3->list_stat, &problem);
    if (problem != NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (*out_text == NULL)
        return true;
    pop3->list = courier_pop3_sizelist_parse(mh_span_from_bytes(*out_text),
                                             pop3->source->options.era, findings);
    return true;
}

/* Names that messages had before a conversion in place: the list knows those. */
static void
find_renamed(const CourierPop3 *pop3)
{
    g_autoptr(GArray) names = g_array_new(FALSE, FALSE, sizeof(MhSpan));
    for (guint i = 0; pop3->list != NULL && i < pop3->list->lines->len; i++)
        g_array_append_val(names, g_array_index(pop3->list->lines, CourierPop3Line, i).name);
    courier_source_find_renamed(pop3->source, names);
}

static void
match_messages(CourierPop3 *pop3, MhFindings *findings)
{
    if (pop3->list == NULL)
        return;
    g_autofree bool *used = g_new0(bool, pop3->list->lines->len);
    match_strictly(pop3, used);
    if (!pop3->source->options.strict_match)
        match_loosely(pop3, used, findings);
}

bool
courier_source_add_pop3(CourierSource *source, MhMailbox *out, MhFindings *findings, GError **error)
{
    g_autoptr(GBytes) text = NULL;
    CourierPop3 pop3 = {.source = source};
    pop3.messages = g_array_new(FALSE, FALSE, sizeof(CourierPop3Message));
    g_array_set_clear_func(pop3.messages, clear_message);
    pop3.moved = g_ptr_array_new_with_free_func(g_free);
    bool wants_uidls = source->is_inbox && source->options.uidl != COURIER_UIDL_NONE;
    bool good = !wants_uidls || read_list(&pop3, &text, findings, error);
    find_renamed(&pop3);
    collect_messages(&pop3, out);
    match_messages(&pop3, findings);
    if (good && wants_uidls)
        set_uidls(&pop3, out, findings);
    good = good && courier_source_add_sizes(&pop3, out, findings, error);
    courier_pop3_sizelist_free(pop3.list);
    g_array_unref(pop3.messages);
    g_ptr_array_unref(pop3.moved);
    return good;
}
