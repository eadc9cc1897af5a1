/* The POP3 side of courier-source, and the sizes that it may lend to all. */
#include "courier-file-name.h"
#include "courier-sort.h"
#include "courier-source-private.h"
#include "courier-virtual-size.h"
#include "printable.h"
#include "size-limits.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In where_len: the message cannot be read, and is left out. */
#define UNREAD UINT64_MAX

/* A message as the POP3 server will find it in cur/. */
typedef struct {
    const CourierSourceFile *file;
    MhMessage *message;
    MhSpan name;                 /* mail in new/ has got ":2," */
    const CourierPop3Line *line; /* NULL: not listed */
    char *uidl;
    bool foretold; /* the UIDL is one that no client has seen yet */
} Pop3Message;

typedef struct {
    CourierSource *source;
    CourierPop3Sizelist *list; /* NULL: none */
    struct stat list_stat;
    GArray *messages; /* of Pop3Message */
    GStringChunk *names;
} Pop3;

static void
clear_message(gpointer item)
{
    g_free(((Pop3Message *)item)->uidl);
}

static int
compare_messages(const void *a, const void *b)
{
    const Pop3Message *message_a = a, *message_b = b;
    int order = courier_sort_compare(message_a->name, message_b->name, COURIER_SORT_POP3);
    if (order == 0)
        order = mh_span_compare(message_a->name, message_b->name);
    return order != 0 ? order : (int)message_a->file->is_new - (int)message_b->file->is_new;
}

/* Mail in new/ is moved at login: what is no ":2," is cut, and ":2," appended. */
static MhSpan
name_at_login(Pop3 *pop3, const CourierSourceFile *file)
{
    MhSpan name = mh_span_from_string(file->name), base = courier_file_name_base(name);
    if (file->listed != NULL) {
        g_autofree char *before = g_strdup_printf("%s:2,", file->listed);
        return mh_span_from_string(g_string_chunk_insert(pop3->names, before));
    }
    if (!file->is_new || mh_span_starts_with(mh_span_from(name, base.len), MH_SPAN_LITERAL(":2,")))
        return name;
    g_autofree char *moved = g_strdup_printf("%.*s:2,", (int)base.len, file->name);
    return mh_span_from_string(g_string_chunk_insert(pop3->names, moved));
}

static void
collect_messages(Pop3 *pop3, MhMailbox *out)
{
    for (size_t i = 0; i < mh_mailbox_length(out); i++) {
        MhMessage *message = mh_mailbox_get(out, i);
        Pop3Message item = {
            .file = &g_array_index(pop3->source->files, CourierSourceFile, message->where),
            .message = message,
        };
        item.name = name_at_login(pop3, item.file);
        g_array_append_val(pop3->messages, item);
    }
    g_array_sort(pop3->messages, compare_messages);
}

/* --- UIDLs --- */

/* Of lines for one name the later one comes first: it is the one that counts. */
static int
compare_lines(const void *a, const void *b)
{
    const CourierPop3Line *const *line_a = a, *const *line_b = b;
    int order = courier_sort_compare((*line_a)->name, (*line_b)->name, COURIER_SORT_POP3);
    return order != 0 ? order : *line_a > *line_b ? -1 : 1;
}

/* Both sorted alike, messages and lines are walked together, as the server does: so several files
 * of one name share several lines of that name. @used is by a line's place in the list. */
static void
match_strictly(Pop3 *pop3, bool *used)
{
    const CourierPop3Line *lines = (const CourierPop3Line *)(const void *)pop3->list->lines->data;
    size_t count = pop3->list->lines->len, at = 0;
    g_autofree const CourierPop3Line **sorted = g_new(const CourierPop3Line *, count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &lines[i];
    if (count > 1)
        /* pointers are sorted; NOLINTNEXTLINE(bugprone-sizeof-expression) */
        qsort(sorted, count, sizeof *sorted, compare_lines);
    for (guint i = 0; i < pop3->messages->len; i++) {
        Pop3Message *item = &g_array_index(pop3->messages, Pop3Message, i);
        int order = -1;
        while (at < count &&
               (order = courier_sort_compare(sorted[at]->name, item->name, COURIER_SORT_POP3)) < 0)
            at++;
        if (at < count && order == 0) {
            item->line = sorted[at++];
            used[item->line - lines] = true;
        }
    }
}

/* What is left may be the same mail with the ':' that one of the names lacks. */
static void
match_loosely(Pop3 *pop3, bool *used, MhFindings *findings)
{
    const CourierPop3Line *lines = (const CourierPop3Line *)(const void *)pop3->list->lines->data;
    for (guint i = 0; i < pop3->messages->len; i++) {
        Pop3Message *item = &g_array_index(pop3->messages, Pop3Message, i);
        const CourierPop3Line *line;
        if (item->line != NULL ||
            courier_pop3_sizelist_find(pop3->list, item->name, &line) != COURIER_POP3_MATCH_LOOSE)
            continue;
        if (used[line - lines])
            continue;
        g_autofree char *shown = mh_printable_string(item->file->name);
        mh_findings_add(findings, MH_FINDING_COURIER_POP3_INFO_DIFFERS, "%s", shown);
        item->line = line;
        used[line - lines] = true;
    }
}

static void
set_listed_uidls(Pop3 *pop3)
{
    CourierPop3Line next = {.number = pop3->list->next, .validity = pop3->list->validity};
    for (guint i = 0; i < pop3->messages->len; i++) {
        Pop3Message *item = &g_array_index(pop3->messages, Pop3Message, i);
        item->foretold = item->line == NULL;
        if (item->line != NULL)
            item->uidl = courier_pop3_sizelist_uidl(item->line);
        else if (next.validity != 0 && next.number != 0)
            item->uidl = courier_pop3_sizelist_uidl(&next);
        if (item->line == NULL)
            next.number++;
    }
}

static void
set_file_name_uidls(Pop3 *pop3)
{
    for (guint i = 0; i < pop3->messages->len; i++) {
        Pop3Message *item = &g_array_index(pop3->messages, Pop3Message, i);
        item->uidl = courier_pop3_sizelist_uidl(&(CourierPop3Line){.name = item->name});
    }
}

static int
compare_uidls(const void *a, const void *b)
{
    const Pop3Message *const *item_a = a, *const *item_b = b;
    int order = g_strcmp0((*item_a)->uidl, (*item_b)->uidl);
    if (order == 0)
        order = (int)(*item_a)->foretold - (int)(*item_b)->foretold;
    return order;
}

/* Repeated UIDLs stay when the old server showed them, and go when it has not yet. */
static void
check_uidls(Pop3 *pop3, MhFindings *findings)
{
    g_autofree Pop3Message **items = g_new(Pop3Message *, pop3->messages->len);
    size_t count = pop3->messages->len;
    for (size_t i = 0; i < count; i++) {
        items[i] = &g_array_index(pop3->messages, Pop3Message, i);
        if (items[i]->uidl != NULL && *items[i]->uidl == '\0') {
            g_autofree char *shown = mh_printable_string(items[i]->file->name);
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

static void
set_uidls(Pop3 *pop3, MhMailbox *out, MhFindings *findings)
{
    const CourierSourceOptions *options = &pop3->source->options;
    if (pop3->list != NULL) {
        set_listed_uidls(pop3);
    } else if (options->uidl == COURIER_UIDL_FILE_NAMES || options->era == COURIER_ERA_OLD) {
        set_file_name_uidls(pop3);
    } else if (pop3->messages->len > 0) {
        mh_findings_add(findings, MH_FINDING_COURIER_POP3_LIST_NONE, NULL);
    }
    check_uidls(pop3, findings);
    for (guint i = 0; i < pop3->messages->len; i++) {
        Pop3Message *item = &g_array_index(pop3->messages, Pop3Message, i);
        item->message->pop3_order = i + 1;
        if (item->uidl != NULL)
            item->message->uidl = mh_mailbox_text(out, mh_span_from_string(item->uidl));
    }
}

/* --- sizes --- */

/* See courier-virtual-size.h for what makes a listed size credible. */
static bool
believes_list(const Pop3 *pop3, const Pop3Message *item, int fd)
{
    uint64_t size_field;
    if (item->line == NULL || item->file->mtime >= pop3->list_stat.st_mtim.tv_sec)
        return false;
    if (courier_file_name_size(item->name, &size_field) && size_field != item->file->size_bytes)
        return false;
    return courier_virtual_size_believe(fd, item->file->size_bytes, item->line->size_bytes);
}

/* The base name that the file has. */
static MhSpan
base_now(const Pop3Message *item)
{
    return courier_file_name_base(mh_span_from_string(item->file->name));
}

static bool
find_virtual_size(const Pop3 *pop3, Pop3Message *item, GError **error)
{
    const CourierSourceOptions *options = &pop3->source->options;
    MhMessage *message = item->message;
    bool believes = !pop3->source->source.careful;
    if (believes && options->known_size != NULL &&
        options->known_size(options->known_size_data, base_now(item), message->size_bytes,
                            &message->virtual_size))
        return true;
    if (message->size_bytes == 0)
        return true;
    int fd = courier_source_open_file(pop3->source, item->file, error);
    if (fd < 0)
        return false;
    if (believes && believes_list(pop3, item, fd)) {
        message->virtual_size = item->line->size_bytes;
        close(fd);
        return true;
    }
    CourierLineCount count;
    bool good = courier_virtual_size_read(fd, &count, error);
    close(fd);
    if (!good || count.size_bytes != message->size_bytes) {
        g_autofree char *shown = mh_printable_string(item->file->name);
        if (good)
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                        "message '%s' has changed its size", shown);
        else
            g_prefix_error(error, "'%s': ", shown);
        return false;
    }
    message->virtual_size = courier_virtual_size(&count);
    return true;
}

/* A ",S=" or ",W=" that Dovecot would believe and should not: then the base name cannot stay. */
static bool
has_wrong_size(MhSpan base, const MhMessage *message)
{
    MhSpan before, field, rest = base;
    while (mh_span_split(rest, ',', &before, &rest)) {
        uint64_t value;
        field = rest;
        mh_span_split(rest, ',', &field, &before);
        bool is_size = mh_span_starts_with(field, MH_SPAN_LITERAL("S="));
        bool is_virtual = mh_span_starts_with(field, MH_SPAN_LITERAL("W="));
        if ((is_size || is_virtual) &&
            (!mh_span_to_u64(mh_span_from(field, 2), UINT64_MAX, &value) ||
             value != (is_size ? message->size_bytes : message->virtual_size)))
            return true;
    }
    return false;
}

/* A device that fails costs the message, not the folder. */
static bool
leave_out(Pop3Message *item, MhMailbox *out, GError *failure, GError **error)
{
    if (!g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_IO)) {
        g_propagate_error(error, failure);
        return false;
    }
    if (out->unread == NULL)
        out->unread = g_strdup_printf("cannot read message %s", failure->message);
    item->message->where_len = UNREAD;
    g_error_free(failure);
    return true;
}

static void
remove_unread(MhMailbox *out)
{
    guint kept = 0;
    for (guint i = 0; i < out->messages->len; i++) {
        const MhMessage *message = mh_mailbox_get(out, i);
        if (message->where_len != UNREAD)
            *mh_mailbox_get(out, kept++) = *message;
    }
    g_array_set_size(out->messages, kept);
}

static bool
set_sizes(Pop3 *pop3, MhMailbox *out, MhFindings *findings, GError **error)
{
    for (guint i = 0; i < pop3->messages->len; i++) {
        GError *failure = NULL;
        Pop3Message *item = &g_array_index(pop3->messages, Pop3Message, i);
        if (!find_virtual_size(pop3, item, &failure)) {
            if (!leave_out(item, out, failure, error))
                return false;
            continue;
        }
        if (!has_wrong_size(base_now(item), item->message))
            continue;
        g_autofree char *shown = mh_printable_string(item->file->name);
        mh_findings_add(findings, MH_FINDING_COURIER_NAME_SIZE_WRONG, "%s", shown);
        item->message->name = 0;
    }
    return true;
}

/* --- together --- */

/* *@out_text holds what the list points to. */
static bool
read_list(Pop3 *pop3, GBytes **out_text, MhFindings *findings, GError **error)
{
    g_autoptr(GError) problem = NULL;
    *out_text = mh_read_file(pop3->source->folderfd, "courierpop3dsizelist",
                             MH_LIMIT_STATE_FILE_BYTES, &pop3->list_stat, &problem);
    if (*out_text == NULL && g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    if (*out_text == NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    pop3->list = courier_pop3_sizelist_parse(mh_span_from_bytes(*out_text),
                                             pop3->source->options.era, findings);
    return true;
}

/* Names that messages had before a conversion in place: the list knows those. */
static void
find_renamed(const Pop3 *pop3)
{
    g_autoptr(GArray) names = g_array_new(FALSE, FALSE, sizeof(MhSpan));
    for (guint i = 0; pop3->list != NULL && i < pop3->list->lines->len; i++)
        g_array_append_val(names, g_array_index(pop3->list->lines, CourierPop3Line, i).name);
    courier_source_find_renamed(pop3->source, names);
}

static void
match_messages(Pop3 *pop3, MhFindings *findings)
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
    Pop3 pop3 = {.source = source};
    pop3.messages = g_array_new(FALSE, FALSE, sizeof(Pop3Message));
    g_array_set_clear_func(pop3.messages, clear_message);
    pop3.names = g_string_chunk_new(4096);
    bool wants_uidls = source->is_inbox && source->options.uidl != COURIER_UIDL_NONE;
    bool good = !wants_uidls || read_list(&pop3, &text, findings, error);
    find_renamed(&pop3);
    collect_messages(&pop3, out);
    match_messages(&pop3, findings);
    if (good && wants_uidls)
        set_uidls(&pop3, out, findings);
    good = good && set_sizes(&pop3, out, findings, error);
    if (out->unread != NULL)
        remove_unread(out);
    courier_pop3_sizelist_free(pop3.list);
    g_array_unref(pop3.messages);
    g_string_chunk_free(pop3.names);
    return good;
}
