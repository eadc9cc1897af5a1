#include "courier-acl.h"

#include "courier-error.h"
#include "courier-span-index.h"
#include "keyed-hash.h"
#include "printable.h"

#include <string.h>

/* In the order of the letters, as Courier sorts them. */
static const struct {
    char letter;
    MhRights right;
} letters[] = {
    {'a', MH_RIGHT_ADMINISTER}, {'c', MH_RIGHT_CREATE},        {'e', MH_RIGHT_EXPUNGE},
    {'i', MH_RIGHT_INSERT},     {'l', MH_RIGHT_LOOKUP},        {'p', MH_RIGHT_POST},
    {'r', MH_RIGHT_READ},       {'s', MH_RIGHT_SEEN},          {'t', MH_RIGHT_DELETE_MESSAGE},
    {'w', MH_RIGHT_WRITE},      {'x', MH_RIGHT_DELETE_FOLDER},
};

static const char administrators[] = "administrators";

static MhRights
parse_rights(MhSpan text, uint64_t number, MhFindings *findings)
{
    MhRights rights = 0;
    for (size_t i = 0; i < text.len; i++) {
        MhRights right = 0;
        for (size_t k = 0; k < G_N_ELEMENTS(letters); k++)
            right |= (uint8_t)letters[k].letter == text.data[i] ? letters[k].right : 0;
        if (right == 0) {
            g_autofree char *shown = mh_printable(mh_span_first(mh_span_from(text, i), 1));
            mh_findings_add_at(findings, MH_FINDING_COURIER_ACL_RIGHT, number, 0, "%s", shown);
        }
        rights |= right;
    }
    return rights;
}

static bool
has_control(MhSpan text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return true;
    }
    return false;
}

static void
parse_identifier(MhSpan text, MhAccessEntry *entry)
{
    static const MhSpan user = MH_SPAN_LITERAL("user="), group = MH_SPAN_LITERAL("group=");
    entry->negative = text.data[0] == '-';
    if (entry->negative)
        text = mh_span_from(text, 1);
    if (mh_span_equal(text, MH_SPAN_LITERAL("owner"))) {
        entry->kind = MH_ACCESS_OWNER;
    } else if (mh_span_equal(text, MH_SPAN_LITERAL("anyone")) ||
               mh_span_equal(text, MH_SPAN_LITERAL("anonymous"))) {
        entry->kind = MH_ACCESS_ANYONE;
    } else if (mh_span_starts_with(text, user)) {
        entry->kind = MH_ACCESS_USER;
        entry->name = mh_span_dup(mh_span_from(text, user.len));
    } else if (mh_span_starts_with(text, group)) {
        entry->kind = MH_ACCESS_GROUP;
        entry->name = mh_span_dup(mh_span_from(text, group.len));
    } else if (mh_span_equal(text, mh_span_from_string(administrators))) {
        entry->kind = MH_ACCESS_GROUP;
        entry->name = g_strdup(administrators);
    } else {
        entry->kind = MH_ACCESS_OTHER;
        entry->name = mh_span_dup(text);
    }
}

/* A key that is equal for equal identifiers, whatever their spelling. */
static char *
identity_of(const MhAccessEntry *entry)
{
    return g_strdup_printf("%d%d%s", entry->kind, entry->negative,
                           entry->name != NULL ? entry->name : "");
}

static void
add_entry(GArray *list, GHashTable *places, MhAccessEntry entry)
{
    g_autofree char *key = identity_of(&entry);
    gpointer place = g_hash_table_lookup(places, key);
    if (place != NULL) {
        mh_access_list_get(list, GPOINTER_TO_UINT(place) - 1)->rights = entry.rights;
        mh_access_entry_clear(&entry);
        return;
    }
    g_array_append_val(list, entry);
    g_hash_table_insert(places, g_steal_pointer(&key), GUINT_TO_POINTER(list->len));
}

GArray *
courier_acl_parse(MhSpan text, MhFindings *findings)
{
    GArray *list = mh_access_list_new();
    g_autoptr(GHashTable) places =
        g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    MhSpan line;
    for (uint64_t number = 1; mh_span_take_line(&text, &line, NULL); number++) {
        MhSpan identifier = line, rights = {0};
        MhAccessEntry entry = {0};
        mh_span_split(line, ' ', &identifier, &rights);
        if (identifier.len == 0 || mh_span_equal(identifier, MH_SPAN_LITERAL("-")) ||
            has_control(identifier)) {
            mh_findings_add_at(findings, MH_FINDING_COURIER_ACL_LINE, number, 0, NULL);
            continue;
        }
        parse_identifier(identifier, &entry);
        entry.rights = parse_rights(mh_span_trim(rights), number, findings);
        add_entry(list, places, entry);
    }
    return list;
}

bool
courier_acl_is_default(const GArray *list)
{
    const MhRights all = MH_RIGHTS_ALL & (MhRights)~MH_RIGHT_POST;
    bool owner = false;
    for (guint i = 0; i < list->len; i++) {
        const MhAccessEntry *entry = mh_access_list_get(list, i);
        bool is_owner = entry->kind == MH_ACCESS_OWNER;
        bool is_administrators =
            entry->kind == MH_ACCESS_GROUP && strcmp(entry->name, administrators) == 0;
        if (entry->negative || entry->rights != all || (!is_owner && !is_administrators))
            return false;
        owner = owner || is_owner;
    }
    return owner;
}

static bool
append_identifier(GString *text, const MhAccessEntry *entry)
{
    static const char *const prefixes[] = {"owner", "anyone", "user=", "group=", ""};
    MhSpan name = mh_span_from_string(entry->name);
    bool named = entry->kind != MH_ACCESS_OWNER && entry->kind != MH_ACCESS_ANYONE;
    size_t blank;
    if (named && (name.len == 0 || has_control(name) || mh_span_find(name, ' ', &blank)))
        return false;
    if (entry->negative)
        g_string_append_c(text, '-');
    if (entry->kind == MH_ACCESS_GROUP && strcmp(entry->name, administrators) == 0)
        g_string_append(text, administrators);
    else
        g_string_append_printf(text, "%s%s", prefixes[entry->kind], named ? entry->name : "");
    return true;
}

GBytes *
courier_acl_format(const GArray *list, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < list->len; i++) {
        const MhAccessEntry *entry = mh_access_list_get(list, i);
        if (!append_identifier(text, entry)) {
            g_autofree char *shown = mh_printable_string(entry->name != NULL ? entry->name : "");
            g_set_error(error, COURIER_ERROR, COURIER_ERROR_NAME,
                        "an access list cannot hold the name '%s'", shown);
            return NULL;
        }
        g_string_append_c(text, ' ');
        for (size_t k = 0; k < G_N_ELEMENTS(letters); k++) {
            if (entry->rights & letters[k].right)
                g_string_append_c(text, letters[k].letter);
        }
        g_string_append_c(text, '\n');
    }
    return g_string_free_to_bytes(g_steal_pointer(&text));
}
