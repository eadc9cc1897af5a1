#include "courier-uiddb.h"

#include "courier-error.h"
#include "courier-file-name.h"
#include "courier-number.h"
#include "courier-sort.h"
#include "courier-span-index.h"
#include "printable.h"

#include <string.h>

#define VERSION 1

/* In by_base: the line's UID cannot be carried. */
#define NO_LINE UINT32_MAX

/* A CourierUiddbLine in fewer bytes: there are as many as messages. */
typedef struct {
    const uint8_t *name;
    uint32_t name_len, uid;
} Line;

struct CourierUiddb {
    MhUidState state;
    GArray *lines; /* of Line */
    CourierSpanIndex *by_base;
};

void
courier_uiddb_free(CourierUiddb *list)
{
    if (list == NULL)
        return;
    g_array_unref(list->lines);
    courier_span_index_free(list->by_base);
    g_free(list);
}

MhUidState
courier_uiddb_state(const CourierUiddb *list)
{
    return list->state;
}

size_t
courier_uiddb_length(const CourierUiddb *list)
{
    return list->lines->len;
}

CourierUiddbLine
courier_uiddb_get(const CourierUiddb *list, size_t index)
{
    g_assert(index < list->lines->len);
    const Line *line = &g_array_index(list->lines, Line, index);
    return (CourierUiddbLine){.uid = line->uid, .name = mh_span(line->name, line->name_len)};
}

typedef struct {
    uint64_t version, uidvalidity, uidnext;
} Header;

static bool
parse_header(MhSpan *rest, Header *header, MhFindings *findings, GError **error)
{
    MhSpan line;
    bool ended = false;
    if (!mh_span_take_line(rest, &line, &ended) || !ended ||
        !courier_number_take(&line, &header->version) ||
        !courier_number_take(&line, &header->uidvalidity) ||
        !courier_number_take(&line, &header->uidnext)) {
        g_set_error(error, COURIER_ERROR, COURIER_ERROR_LIST,
                    "line 1: not the three numbers of a UID list");
        return false;
    }
    if (header->version != VERSION) {
        g_set_error(error, COURIER_ERROR, COURIER_ERROR_LIST,
                    "line 1: version %" G_GUINT64_FORMAT " is not known", header->version);
        return false;
    }
    if (line.len > 0)
        mh_findings_add_at(findings, MH_FINDING_COURIER_UIDDB_ODD, 1, 0, "behind the header");
    return true;
}

static void
tell_line(MhSpan name, uint64_t uid, bool odd, bool invalid, uint64_t number, MhFindings *findings)
{
    g_autofree char *shown = mh_printable(mh_span_first(name, 300));
    if (odd)
        mh_findings_add_at(findings, MH_FINDING_COURIER_UIDDB_ODD, number, 0, "%s", shown);
    if (invalid)
        mh_findings_add_at(findings, MH_FINDING_COURIER_UID_INVALID, number, 0,
                           "%" G_GUINT64_FORMAT ": %s", uid, shown);
}

/* The two parts of a line; what is left of @out_digits is not the number. */
static bool
split_line(MhSpan line, MhSpan *out_digits, uint64_t *out_uid, MhSpan *out_name)
{
    return mh_span_split(line, ' ', out_digits, out_name) &&
           courier_number_take(out_digits, out_uid);
}

static bool
can_be_carried(uint64_t uid)
{
    return uid != 0 && uid <= MH_UID_MAX;
}

static void
parse_line(CourierUiddb *list, MhSpan line, uint64_t number, MhFindings *findings)
{
    MhSpan digits, name;
    uint64_t uid;
    if (!split_line(line, &digits, &uid, &name)) {
        mh_findings_add_at(findings, MH_FINDING_COURIER_UIDDB_LINE, number, 0, NULL);
        return;
    }
    bool odd = digits.len > 0 || mh_span_ends_with(name, MH_SPAN_LITERAL("\r"));
    bool invalid = !can_be_carried(uid);
    if (odd || invalid)
        tell_line(name, uid, odd, invalid, number, findings);
    courier_span_index_add(list->by_base, courier_file_name_base(name),
                           invalid ? NO_LINE : list->lines->len);
    g_assert(name.len <= UINT32_MAX); /* see MH_LIMIT_STATE_FILE_BYTES */
    Line parsed = {.name = name.data, .name_len = (uint32_t)name.len, .uid = (uint32_t)uid};
    if (!invalid)
        g_array_append_val(list->lines, parsed);
}

/* ---- lists without anything odd ------------------------------------------------------------ */

bool
courier_uiddb_plain_header(MhSpan line, MhUidState *out)
{
    uint64_t version;
    MhSpan rest, digits;
    return mh_span_split(line, ' ', &digits, &rest) && mh_span_to_u64(digits, VERSION, &version) &&
           version == VERSION && mh_span_split(rest, ' ', &digits, &rest) &&
           mh_span_to_u32(digits, UINT32_MAX, &out->uidvalidity) && out->uidvalidity != 0 &&
           mh_span_to_u32(rest, MH_UID_MAX, &out->uidnext) && out->uidnext != 0;
}

bool
courier_uiddb_plain_line(MhSpan line, CourierUiddbLine *out)
{
    MhSpan digits;
    return mh_span_split(line, ' ', &digits, &out->name) && out->name.len > 0 &&
           mh_span_to_u32(digits, MH_UID_MAX, &out->uid) && out->uid != 0 &&
           memchr(out->name.data, ':', out->name.len) == NULL &&
           memchr(out->name.data, '\r', out->name.len) == NULL &&
           memchr(out->name.data, '\0', out->name.len) == NULL &&
           memchr(out->name.data, '/', out->name.len) == NULL;
}

bool
courier_uiddb_line_base(MhSpan line, MhSpan *out_base)
{
    MhSpan uid;
    return mh_span_split(line, ' ', &uid, out_base);
}

/* ---- names that are listed more than once ------------------------------------------------- */

/* A line as Courier has it in its array. */
typedef struct {
    MhSpan name;
    uint32_t line; /* or NO_LINE */
    uint32_t number;
} Listed;

static int
compare_listed(gconstpointer a, gconstpointer b, gpointer data)
{
    (void)data;
    const Listed *one = a, *two = b;
    int order = courier_sort_compare(one->name, two->name, COURIER_SORT_IMAP);
    return order != 0 ? order : one->number > two->number ? -1 : one->number < two->number;
}

/* All lines of @text, which is what follows the header, in the order of that array. */
static GArray *
sort_all(MhSpan text, bool read_unended)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(Listed));
    uint32_t valid = 0;
    MhSpan line, digits;
    uint64_t uid;
    bool ended;
    while (mh_span_take_line(&text, &line, &ended)) {
        Listed listed = {.number = all->len};
        if ((!ended && !read_unended) || !split_line(line, &digits, &uid, &listed.name))
            continue;
        listed.line = can_be_carried(uid) ? valid++ : NO_LINE;
        g_array_append_val(all, listed);
    }
    courier_sort_items(all->data, all->len, sizeof(Listed), compare_listed, NULL);
    return all;
}

/* The entry of @all on which Courier's search for @name ends. */
static const Listed *
search(const GArray *all, MhSpan name)
{
    guint low = 0, high = all->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        const Listed *listed = &g_array_index(all, Listed, middle);
        int order = courier_sort_compare(listed->name, name, COURIER_SORT_IMAP);
        if (order == 0)
            return listed;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void
settle_repeated(CourierUiddb *list, MhSpan text, bool read_unended)
{
    g_autoptr(GArray) all = sort_all(text, read_unended);
    for (guint i = 1; i < all->len; i++) {
        MhSpan name = g_array_index(all, Listed, i).name;
        const Listed *before = &g_array_index(all, Listed, i - 1);
        if (courier_sort_compare(before->name, name, COURIER_SORT_IMAP) != 0)
            continue;
        const Listed *winner = search(all, name);
        if (winner != NULL)
            courier_span_index_add(list->by_base, courier_file_name_base(name), winner->line);
    }
}

/* ---- the list ----------------------------------------------------------------------------- */

/* Only values that a client may be given. */
static void
set_state(CourierUiddb *list, const Header *header, MhFindings *findings)
{
    uint32_t above = 1;
    for (guint i = 0; i < list->lines->len; i++)
        above = MAX(above, g_array_index(list->lines, Line, i).uid + 1);
    if (header->uidvalidity == 0 || header->uidvalidity > UINT32_MAX)
        mh_findings_add_at(findings, MH_FINDING_COURIER_UIDVALIDITY_INVALID, 1, 0,
                           "%" G_GUINT64_FORMAT, header->uidvalidity);
    else
        list->state.uidvalidity = (uint32_t)header->uidvalidity;
    bool good = header->uidnext >= above && header->uidnext <= (uint64_t)MH_UID_MAX + 1;
    if (!good)
        mh_findings_add_at(findings, MH_FINDING_COURIER_UIDNEXT_INVALID, 1, 0, "%" G_GUINT64_FORMAT,
                           header->uidnext);
    list->state.uidnext = good ? (uint32_t)header->uidnext : above;
}

CourierUiddb *
courier_uiddb_parse(MhSpan text, bool read_unended, MhFindings *findings, GError **error)
{
    Header header;
    MhSpan line;
    bool ended;
    if (!parse_header(&text, &header, findings, error))
        return NULL;
    CourierUiddb *list = g_new0(CourierUiddb, 1);
    list->lines = g_array_new(FALSE, FALSE, sizeof(Line));
    list->by_base = courier_span_index_new();
    MhSpan lines = text;
    for (uint64_t number = 2; mh_span_take_line(&text, &line, &ended); number++) {
        if (!ended)
            mh_findings_add_at(findings, MH_FINDING_COURIER_UIDDB_UNENDED, number, 0, NULL);
        if (ended || read_unended)
            parse_line(list, line, number, findings);
    }
    size_t hidden = courier_span_index_hidden(list->by_base);
    if (hidden > 0) {
        mh_findings_add(findings, MH_FINDING_COURIER_UIDDB_NAME_REPEATED, "%zu", hidden);
        settle_repeated(list, lines, read_unended);
    }
    set_state(list, &header, findings);
    return list;
}

static void
add_about(MhFindings *findings, MhFindingCode code, MhSpan name)
{
    g_autofree char *shown = mh_printable(name);
    mh_findings_add(findings, code, "%s", shown);
}

static int
compare_names(gconstpointer a, gconstpointer b, gpointer data)
{
    (void)data;
    const CourierUiddbFile *file_a = a, *file_b = b;
    int order = mh_span_compare(file_a->name, file_b->name);
    return order != 0 ? order : (int)file_a->is_new - (int)file_b->is_new;
}

static int
compare_for_client(gconstpointer a, gconstpointer b, gpointer data)
{
    const CourierUiddbFile *file_a = a, *file_b = b;
    if (file_a->listed != file_b->listed)
        return file_a->listed ? -1 : 1;
    if (file_a->listed && file_a->uid != file_b->uid)
        return file_a->uid < file_b->uid ? -1 : 1;
    int order = courier_sort_compare(file_a->name, file_b->name, COURIER_SORT_IMAP);
    return order != 0 ? order : compare_names(a, b, data);
}

/* Gives every file in cur/ that a line names its UID; the files are in the order of names. */
static void
claim_lines(CourierUiddb *list, CourierUiddbFile *files, size_t count, MhFindings *findings)
{
    g_autofree uint32_t *owners = g_new0(uint32_t, list->lines->len); /* index + 1 */
    for (size_t i = 0; i < count; i++) {
        uint32_t line;
        MhSpan base = courier_file_name_base(files[i].name);
        if (!courier_span_index_find(list->by_base, base, &line) || line == NO_LINE)
            continue;
        if (files[i].is_new) {
            add_about(findings, MH_FINDING_COURIER_LISTED_IN_NEW, files[i].name);
            continue;
        }
        if (owners[line] != 0) {
            CourierUiddbFile *owner = &files[owners[line] - 1];
            add_about(findings, MH_FINDING_COURIER_FILE_TWICE, owner->name);
            owner->listed = false;
        }
        owners[line] = (uint32_t)i + 1;
        files[i].listed = true;
        files[i].uid = courier_uiddb_get(list, line).uid;
    }
}

/* Of files with one UID the first keeps it; the files are in the order of UIDs. */
static void
refuse_repeated(CourierUiddbFile *files, size_t count, MhFindings *findings)
{
    uint32_t last = 0;
    for (size_t i = 0; i < count && files[i].listed; i++) {
        if (files[i].uid == last) {
            add_about(findings, MH_FINDING_COURIER_UID_REPEATED, files[i].name);
            files[i].listed = false;
        }
        last = files[i].uid;
    }
}

static void
number_unlisted(CourierUiddbFile *files, size_t count, MhUidState *state, MhFindings *findings)
{
    for (size_t i = 0; i < count; i++) {
        if (files[i].listed)
            continue;
        files[i].uid = state->uidnext <= MH_UID_MAX ? state->uidnext++ : 0;
        if (files[i].uid == 0)
            add_about(findings, MH_FINDING_COURIER_UIDS_EXHAUSTED, files[i].name);
    }
}

void
courier_uiddb_assign(CourierUiddb *list, CourierUiddbFile *files, size_t count,
                     MhUidState *out_state, MhFindings *findings)
{
    MhUidState state = {0};
    for (size_t i = 0; i < count; i++) {
        files[i].uid = 0;
        files[i].listed = false;
    }
    if (list != NULL) {
        state = list->state;
        courier_sort_items(files, count, sizeof *files, compare_names, NULL);
        claim_lines(list, files, count, findings);
        courier_sort_items(files, count, sizeof *files, compare_for_client, NULL);
        refuse_repeated(files, count, findings);
    }
    courier_sort_items(files, count, sizeof *files, compare_for_client, NULL);
    if (state.uidvalidity != 0) {
        number_unlisted(files, count, &state, findings);
    } else {
        state.uidnext = 0;
        for (size_t i = 0; i < count; i++)
            files[i].uid = 0;
    }
    *out_state = state;
}

GBytes *
courier_uiddb_format(MhUidState state, const CourierUiddbLine *lines, size_t count, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    uint32_t last = 0;
    g_string_append_printf(text, "%d %u %u\n", VERSION, state.uidvalidity, state.uidnext);
    for (size_t i = 0; i < count; i++) {
        MhSpan name = lines[i].name;
        g_assert(lines[i].uid > last && lines[i].uid < state.uidnext);
        last = lines[i].uid;
        size_t at;
        if (name.len == 0 || mh_span_find(name, '\n', &at) || mh_span_find(name, ':', &at) ||
            mh_span_find(name, '\0', &at)) {
            g_autofree char *shown = mh_printable(name);
            g_set_error(error, COURIER_ERROR, COURIER_ERROR_NAME,
                        "a UID list cannot hold the name '%s'", shown);
            return NULL;
        }
        g_string_append_printf(text, "%u ", lines[i].uid);
        g_string_append_len(text, (const char *)name.data, (gssize)name.len);
        g_string_append_c(text, '\n');
    }
    return g_string_free_to_bytes(g_steal_pointer(&text));
}
