#include "courier-keywords.h"

#include "courier-error.h"
#include "courier-number.h"
#include "courier-span-index.h"
#include "printable.h"

#include <string.h>

/* The keywords of one message, from an update or a line of the list. */
typedef struct {
    MhSpan line; /* of the list, behind the ':', until it is read */
    bool read;
    MhSpan *names; /* owned; point into a text that the keywords own */
    size_t count;
} Set;

/* An update that is there. */
typedef struct {
    char *name;
    size_t base_offset;
    uint64_t number;
    bool wanted;
    uint32_t set; /* 0: content not known; else index in sets + 1 */
} Update;

struct CourierKeywords {
    GPtrArray *texts;            /* normalised copies that names point into */
    GArray *list_names;          /* of MhSpan, by IDX */
    CourierSpanIndex *spellings; /* name in lower case -> its first IDX; NULL until asked for */
    GArray *list_marks;          /* of uint32_t: the line (+ 1) that used the name last */
    CourierSpanIndex *lines;     /* base name -> index in sets */
    GArray *sets;                /* of Set */
    GArray *updates;             /* of Update */
    CourierSpanIndex *by_base;   /* base name -> index in updates; NULL until it is asked for */
};

static void
clear_set(gpointer item)
{
    g_free(((Set *)item)->names);
}

static void
clear_update(gpointer item)
{
    g_free(((Update *)item)->name);
}

CourierKeywords *
courier_keywords_new(void)
{
    CourierKeywords *keywords = g_new0(CourierKeywords, 1);
    keywords->texts = g_ptr_array_new_with_free_func(g_free);
    keywords->list_names = g_array_new(FALSE, FALSE, sizeof(MhSpan));
    keywords->list_marks = g_array_new(FALSE, TRUE, sizeof(uint32_t));
    keywords->lines = courier_span_index_new();
    keywords->sets = g_array_new(FALSE, TRUE, sizeof(Set));
    g_array_set_clear_func(keywords->sets, clear_set);
    keywords->updates = g_array_new(FALSE, FALSE, sizeof(Update));
    g_array_set_clear_func(keywords->updates, clear_update);
    return keywords;
}

void
courier_keywords_free(CourierKeywords *keywords)
{
    if (keywords == NULL)
        return;
    g_ptr_array_unref(keywords->texts);
    g_array_unref(keywords->list_names);
    courier_span_index_free(keywords->spellings);
    g_array_unref(keywords->list_marks);
    courier_span_index_free(keywords->lines);
    g_array_unref(keywords->sets);
    g_array_unref(keywords->updates);
    courier_span_index_free(keywords->by_base);
    g_free(keywords);
}

static bool
is_changed(uint8_t c)
{
    return c != '\0' && strchr(" (){%*\"\\]", c) != NULL;
}

/* Reads KEYWORD lines off @text up to the first empty one, which is taken too. Names are
 * normalised in a copy. @out_empty_line: there was one. */
static GArray *
take_names(CourierKeywords *keywords, MhSpan *text, bool *out_empty_line, MhFindings *findings)
{
    GArray *names = g_array_new(FALSE, FALSE, sizeof(MhSpan));
    MhSpan rest = *text, line;
    size_t used = 0;
    *out_empty_line = false;
    while (!*out_empty_line && mh_span_take_line(&rest, &line, NULL)) {
        *out_empty_line = line.len == 0;
        used = text->len - rest.len;
    }
    uint8_t *copy = g_memdup2(text->data, used);
    g_ptr_array_add(keywords->texts, copy);
    *text = mh_span_from(*text, used);
    bool changed = false;
    for (size_t i = 0; i < used; i++) {
        if (is_changed(copy[i])) {
            copy[i] = '_';
            changed = true;
        }
    }
    if (changed)
        mh_findings_add(findings, MH_FINDING_COURIER_KEYWORD_CHANGED, NULL);
    MhSpan lines = mh_span(copy, used);
    while (mh_span_take_line(&lines, &line, NULL) && line.len > 0) {
        size_t end;
        if (mh_span_find(line, '\0', &end))
            line = mh_span_first(line, end);
        g_array_append_val(names, line);
    }
    return names;
}

void
courier_keywords_set_list(CourierKeywords *keywords, MhSpan text, MhFindings *findings)
{
    bool empty_line;
    MhSpan line, base;
    g_array_unref(keywords->list_names);
    keywords->list_names = take_names(keywords, &text, &empty_line, findings);
    g_array_set_size(keywords->list_marks, keywords->list_names->len);
    while (mh_span_take_line(&text, &line, NULL)) {
        Set set = {0};
        if (!mh_span_split(line, ':', &base, &set.line)) {
            mh_findings_add(findings, MH_FINDING_COURIER_KEYWORD_LINE, NULL);
            continue;
        }
        courier_span_index_add(keywords->lines, base, keywords->sets->len);
        g_array_append_val(keywords->sets, set);
    }
}

/* ".N.BASE" without its first dot. */
static bool
parse_older(MhSpan name, MhSpan *out_base, uint64_t *out_number)
{
    MhSpan digits, base;
    uint64_t number;
    if (!mh_span_split(name, '.', &digits, &base) || base.len == 0 ||
        !mh_span_to_u64(digits, UINT64_MAX - 1, &number) || digits.data[0] == '0')
        return false;
    *out_base = base;
    *out_number = number;
    return true;
}

static bool
looks_older(MhSpan name)
{
    return name.len > 0 && mh_is_digit(name.data[0]);
}

CourierKeywordEntry
courier_keywords_entry(MhSpan name, MhSpan *out_base, uint64_t *out_number)
{
    MhSpan base = name;
    uint64_t number = UINT64_MAX;
    size_t colon;
    if (mh_span_equal(name, MH_SPAN_LITERAL(":list")))
        return COURIER_KEYWORD_ENTRY_LIST;
    if (name.len == 0 || name.data[0] == ':')
        return COURIER_KEYWORD_ENTRY_NOTHING;
    if (name.data[0] == '.') {
        MhSpan rest = mh_span_from(name, 1);
        if (!parse_older(rest, &base, &number))
            return looks_older(rest) ? COURIER_KEYWORD_ENTRY_GARBAGE
                                     : COURIER_KEYWORD_ENTRY_NOTHING;
    }
    if (mh_span_find(base, ':', &colon))
        return COURIER_KEYWORD_ENTRY_GARBAGE;
    *out_base = base;
    *out_number = number;
    return number == UINT64_MAX ? COURIER_KEYWORD_ENTRY_NEWEST : COURIER_KEYWORD_ENTRY_OLDER;
}

void
courier_keywords_offer(CourierKeywords *keywords, MhSpan name, MhFindings *findings)
{
    MhSpan base;
    Update update = {0};
    switch (courier_keywords_entry(name, &base, &update.number)) {
    case COURIER_KEYWORD_ENTRY_GARBAGE: {
        g_autofree char *shown = mh_printable(name);
        mh_findings_add(findings, MH_FINDING_COURIER_KEYWORD_ENTRY, "%s", shown);
        return;
    }
    case COURIER_KEYWORD_ENTRY_LIST:
    case COURIER_KEYWORD_ENTRY_NOTHING:
        return;
    case COURIER_KEYWORD_ENTRY_NEWEST:
    case COURIER_KEYWORD_ENTRY_OLDER:
        break;
    }
    update.name = mh_span_dup(name);
    update.base_offset = name.len - base.len;
    g_array_append_val(keywords->updates, update);
    g_clear_pointer(&keywords->by_base, courier_span_index_free);
}

static int
compare_numbers(const void *a, const void *b)
{
    uint64_t number_a = ((const Update *)a)->number, number_b = ((const Update *)b)->number;
    return number_a < number_b ? -1 : number_a > number_b;
}

/* The update that counts for @base; NULL when there is none. */
static Update *
find_update(CourierKeywords *keywords, MhSpan base)
{
    uint32_t at;
    if (keywords->updates->len == 0)
        return NULL;
    if (keywords->by_base == NULL) {
        keywords->by_base = courier_span_index_new();
        g_array_sort(keywords->updates, compare_numbers); /* the largest comes last, and wins */
        for (guint i = 0; i < keywords->updates->len; i++) {
            const Update *update = &g_array_index(keywords->updates, Update, i);
            courier_span_index_add(keywords->by_base,
                                   mh_span_from_string(update->name + update->base_offset), i);
        }
    }
    if (!courier_span_index_find(keywords->by_base, base, &at))
        return NULL;
    return &g_array_index(keywords->updates, Update, at);
}

bool
courier_keywords_wants(const CourierKeywords *keywords)
{
    return keywords->updates->len > 0;
}

const char *
courier_keywords_want(CourierKeywords *keywords, MhSpan base)
{
    Update *update = find_update(keywords, base);
    if (update == NULL || update->wanted)
        return NULL;
    update->wanted = true;
    return update->name;
}

GPtrArray *
courier_keywords_wanted(CourierKeywords *keywords, const MhSpan *bases, size_t count)
{
    GPtrArray *names = g_ptr_array_new();
    for (size_t i = 0; i < count; i++) {
        const char *name = courier_keywords_want(keywords, bases[i]);
        if (name != NULL)
            g_ptr_array_add(names, (gpointer)(uintptr_t)name);
    }
    return names;
}

static MhSpan
fold_case(CourierKeywords *keywords, MhSpan name)
{
    char *folded = g_ascii_strdown((const char *)name.data, (gssize)name.len);
    g_ptr_array_add(keywords->texts, folded);
    return mh_span(folded, name.len);
}

/* The list is read before the updates, so its spelling of a keyword is the one that counts. */
static void
use_list_spelling(CourierKeywords *keywords, MhSpan *name)
{
    uint32_t at;
    if (keywords->spellings == NULL) {
        keywords->spellings = courier_span_index_new();
        for (guint i = keywords->list_names->len; i > 0; i--) {
            MhSpan listed = g_array_index(keywords->list_names, MhSpan, i - 1);
            courier_span_index_add(keywords->spellings, fold_case(keywords, listed), i - 1);
        }
    }
    g_autofree char *folded = g_ascii_strdown((const char *)name->data, (gssize)name->len);
    if (courier_span_index_find(keywords->spellings, mh_span(folded, name->len), &at))
        *name = g_array_index(keywords->list_names, MhSpan, at);
}

void
courier_keywords_set_update(CourierKeywords *keywords, const char *name, MhSpan content,
                            MhFindings *findings)
{
    MhSpan base;
    uint64_t number;
    bool empty_line;
    CourierKeywordEntry kind = courier_keywords_entry(mh_span_from_string(name), &base, &number);
    g_assert(kind == COURIER_KEYWORD_ENTRY_NEWEST || kind == COURIER_KEYWORD_ENTRY_OLDER);
    Update *update = find_update(keywords, base);
    g_assert(update != NULL && update->number == number);
    if (update->set != 0)
        return;
    g_autoptr(GArray) names = take_names(keywords, &content, &empty_line, findings);
    if (empty_line && content.len > 0) {
        g_autofree char *shown = mh_printable_string(name);
        mh_findings_add(findings, MH_FINDING_COURIER_KEYWORD_BLANK, "%s", shown);
    }
    for (guint i = 0; i < names->len; i++)
        use_list_spelling(keywords, &g_array_index(names, MhSpan, i));
    Set set = {.read = true, .count = names->len};
    set.names = (MhSpan *)(void *)g_array_free(g_steal_pointer(&names), FALSE);
    g_array_append_val(keywords->sets, set);
    update->set = keywords->sets->len;
}

/* Reads the indices of a line of the list. A name is taken once a line: @mark tells lines apart. */
static void
read_line(CourierKeywords *keywords, Set *set, uint32_t mark, MhFindings *findings)
{
    GArray *names = g_array_new(FALSE, FALSE, sizeof(MhSpan));
    MhSpan rest = set->line, word;
    while (mh_span_take_word(&rest, &word)) {
        uint64_t index = 0;
        bool number = courier_number_take(&word, &index);
        if (!number || word.len > 0 || index >= keywords->list_names->len)
            mh_findings_add(findings, MH_FINDING_COURIER_KEYWORD_INDEX, NULL);
        if (index >= keywords->list_names->len)
            continue;
        uint32_t *last = &g_array_index(keywords->list_marks, uint32_t, index);
        if (*last != mark)
            g_array_append_val(names, g_array_index(keywords->list_names, MhSpan, index));
        *last = mark;
    }
    set->count = names->len;
    set->names = (MhSpan *)(void *)g_array_free(names, FALSE);
    set->read = true;
}

size_t
courier_keywords_get(CourierKeywords *keywords, MhSpan base, const MhSpan **out_names,
                     MhFindings *findings)
{
    const Update *update = find_update(keywords, base);
    uint32_t at;
    *out_names = NULL;
    if (update != NULL) {
        g_assert(update->set != 0);
        at = update->set - 1;
    } else if (!courier_span_index_find(keywords->lines, base, &at)) {
        return 0;
    }
    Set *set = &g_array_index(keywords->sets, Set, at);
    if (!set->read)
        read_line(keywords, set, at + 1, findings);
    *out_names = set->names;
    return set->count;
}

static bool
is_good_name(MhSpan name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (is_changed(name.data[i]) || name.data[i] == '\0' || name.data[i] == '\n')
            return false;
    }
    return name.len > 0;
}

static bool
is_good_base(MhSpan base)
{
    size_t at;
    return base.len > 0 && !mh_span_find(base, ':', &at) && !mh_span_find(base, '\n', &at) &&
           !mh_span_find(base, '\0', &at);
}

static GBytes *
refuse(MhSpan name, GError **error)
{
    g_autofree char *shown = mh_printable(name);
    g_set_error(error, COURIER_ERROR, COURIER_ERROR_NAME, "a keyword list cannot hold '%s'", shown);
    return NULL;
}

GBytes *
courier_keywords_format_list(const MhSpan *names, size_t name_count, const MhSpan *bases,
                             const uint16_t *const *sets, const size_t *lengths, size_t count,
                             GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = 0; i < name_count; i++) {
        if (!is_good_name(names[i]))
            return refuse(names[i], error);
        g_string_append_len(text, (const char *)names[i].data, (gssize)names[i].len);
        g_string_append_c(text, '\n');
    }
    g_string_append_c(text, '\n');
    for (size_t i = 0; i < count; i++) {
        if (lengths[i] == 0)
            continue;
        if (!is_good_base(bases[i]))
            return refuse(bases[i], error);
        g_string_append_len(text, (const char *)bases[i].data, (gssize)bases[i].len);
        for (size_t k = 0; k < lengths[i]; k++) {
            g_assert(sets[i][k] < name_count);
            g_string_append_printf(text, "%c%u", k == 0 ? ':' : ' ', sets[i][k]);
        }
        g_string_append_c(text, '\n');
    }
    return g_string_free_to_bytes(g_steal_pointer(&text));
}
