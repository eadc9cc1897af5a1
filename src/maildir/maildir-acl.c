#include "maildir-acl.h"

#include "keyed-hash.h"
#include "printable.h"

#include <string.h>

/* In the order in which Dovecot writes them. */
static const struct {
    char letter;
    char imap; /* 0: as ours */
    uint32_t right;
    const char *name;
} table[] = {
    {'l', 0, MAILDIR_RIGHT_LOOKUP, "lookup"},
    {'r', 0, MAILDIR_RIGHT_READ, "read"},
    {'w', 0, MAILDIR_RIGHT_WRITE, "write"},
    {'s', 0, MAILDIR_RIGHT_WRITE_SEEN, "write-seen"},
    {'t', 0, MAILDIR_RIGHT_WRITE_DELETED, "write-deleted"},
    {'i', 0, MAILDIR_RIGHT_INSERT, "insert"},
    {'p', 0, MAILDIR_RIGHT_POST, "post"},
    {'e', 0, MAILDIR_RIGHT_EXPUNGE, "expunge"},
    {'k', 'c', MAILDIR_RIGHT_CREATE, "create"},
    {'x', 0, MAILDIR_RIGHT_DELETE, "delete"},
    {'a', 0, MAILDIR_RIGHT_ADMIN, "admin"},
};

static void
entry_free(gpointer data)
{
    MaildirAclEntry *entry = data;
    g_free(entry->identifier);
    g_free(entry->names);
    g_free(entry);
}

static guint
entry_hash(gconstpointer data)
{
    const MaildirAclEntry *entry = data;
    return mh_keyed_hash_text(entry->identifier) ^ (entry->negative ? 1 : 0);
}

static gboolean
entry_equal(gconstpointer a, gconstpointer b)
{
    const MaildirAclEntry *one = a, *other = b;
    return one->negative == other->negative && strcmp(one->identifier, other->identifier) == 0;
}

MaildirAcl *
maildir_acl_new(void)
{
    MaildirAcl *acl = g_new0(MaildirAcl, 1);
    acl->entries = g_ptr_array_new_with_free_func(entry_free);
    acl->by_entry = g_hash_table_new(entry_hash, entry_equal);
    return acl;
}

void
maildir_acl_free(MaildirAcl *acl)
{
    if (acl == NULL)
        return;
    g_hash_table_unref(acl->by_entry);
    g_ptr_array_unref(acl->entries);
    g_free(acl);
}

static bool
identifier_fits(MhSpan identifier)
{
    static const char *const whole[] = {"owner", "anyone", "authenticated"};
    static const char *const before[] = {"user=", "group=", "group-override="};
    for (size_t i = 0; i < identifier.len; i++) {
        if (identifier.data[i] < ' ' || identifier.data[i] == 0x7f)
            return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(whole); i++) {
        if (mh_span_equal(identifier, mh_span_from_string(whole[i])))
            return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
        if (mh_span_starts_with(identifier, mh_span_from_string(before[i])))
            return true;
    }
    return false;
}

const MaildirAclEntry *
maildir_acl_find(const MaildirAcl *acl, bool negative, const char *identifier)
{
    const MaildirAclEntry like = {.negative = negative,
                                  .identifier = (char *)(uintptr_t)identifier};
    return acl != NULL ? g_hash_table_lookup(acl->by_entry, &like) : NULL;
}

/* The entry of @identifier, made when there is none. */
static MaildirAclEntry *
entry_of(MaildirAcl *acl, bool negative, const char *identifier)
{
    const MaildirAclEntry like = {.negative = negative,
                                  .identifier = (char *)(uintptr_t)identifier};
    MaildirAclEntry *entry = g_hash_table_lookup(acl->by_entry, &like);
    if (entry != NULL)
        return entry;
    entry = g_new0(MaildirAclEntry, 1);
    entry->negative = negative;
    entry->identifier = g_strdup(identifier);
    g_ptr_array_add(acl->entries, entry);
    g_hash_table_add(acl->by_entry, entry);
    return entry;
}

bool
maildir_acl_add(MaildirAcl *acl, bool negative, MhSpan identifier, uint32_t rights, GError **error)
{
    if (!identifier_fits(identifier)) {
        g_autofree char *shown = mh_printable(identifier);
        g_set_error(error, MAILDIR_ERROR, MAILDIR_ERROR_VALUE,
                    "access rights cannot be given to '%s'", shown);
        return false;
    }
    g_autofree char *copy = mh_span_dup(identifier);
    entry_of(acl, negative, copy)->rights |= rights & MAILDIR_RIGHTS_ALL;
    return true;
}

uint32_t
maildir_acl_rights_from_imap(MhSpan letters, bool *out_unknown)
{
    uint32_t rights = 0;
    bool unknown = false;
    for (size_t i = 0; i < letters.len; i++) {
        uint32_t found = 0;
        for (size_t k = 0; k < G_N_ELEMENTS(table); k++) {
            char imap = table[k].imap != 0 ? table[k].imap : table[k].letter;
            if ((uint8_t)imap == letters.data[i])
                found = table[k].right;
        }
        if (letters.data[i] == 'k') /* RFC 4314's own letter for create */
            found = MAILDIR_RIGHT_CREATE;
        if (letters.data[i] == 'd')
            found = MAILDIR_RIGHT_EXPUNGE | MAILDIR_RIGHT_WRITE_DELETED | MAILDIR_RIGHT_DELETE;
        unknown = unknown || found == 0;
        rights |= found;
    }
    if (out_unknown != NULL)
        *out_unknown = unknown;
    return rights;
}

/* reading */

/* Takes a quoted identifier off @rest, which begins behind its '"'. */
static bool
take_quoted(MhSpan *rest, GString *out_identifier)
{
    size_t i = 0;
    for (; i < rest->len && rest->data[i] != '"'; i++) {
        if (rest->data[i] == '\\' && ++i == rest->len)
            return false;
        g_string_append_c(out_identifier, (char)rest->data[i]);
    }
    bool closed = i < rest->len && (i + 1 == rest->len || rest->data[i + 1] == ' ');
    *rest = mh_span_from(*rest, i + 1);
    return closed;
}

static bool
take_identifier(MhSpan *rest, GString *out_identifier)
{
    if (mh_span_starts_with(*rest, MH_SPAN_LITERAL("\""))) {
        *rest = mh_span_from(*rest, 1);
        return take_quoted(rest, out_identifier);
    }
    size_t end = rest->len;
    mh_span_find(*rest, ' ', &end);
    g_string_append_len(out_identifier, (const char *)rest->data, (gssize)end);
    *rest = mh_span_from(*rest, end);
    return true;
}

static bool
read_letters(MhSpan letters, uint32_t *rights)
{
    for (size_t i = 0; i < letters.len; i++) {
        uint32_t right = 0;
        for (size_t k = 0; k < G_N_ELEMENTS(table); k++) {
            if ((uint8_t)table[k].letter == letters.data[i])
                right = table[k].right;
        }
        if (right == 0 && letters.data[i] != ' ')
            return false;
        *rights |= right;
    }
    return true;
}

static void
read_names(MhSpan names, MaildirAclEntry *entry)
{
    MhSpan word;
    while (mh_span_take_word(&names, &word)) {
        uint32_t right = 0;
        for (size_t k = 0; k < G_N_ELEMENTS(table); k++) {
            if (mh_span_equal(word, mh_span_from_string(table[k].name)))
                right = table[k].right;
        }
        entry->rights |= right;
        if (right != 0)
            continue;
        g_autofree char *name = mh_span_dup(word);
        g_autofree char *before = g_steal_pointer(&entry->names);
        entry->names = before == NULL ? g_strdup(name) : g_strconcat(before, " ", name, NULL);
    }
}

/* NULL, or what is wrong with the line. */
static const char *
read_line(MaildirAcl *acl, MhSpan line)
{
    g_autoptr(GString) identifier = g_string_new(NULL);
    MhSpan rest = line;
    uint32_t rights = 0;
    size_t at;
    if (mh_span_find(line, '\0', &at))
        return "a NUL";
    if (!take_identifier(&rest, identifier))
        return "a quoted identifier does not end";
    bool negative = identifier->str[0] == '-';
    const char *name = identifier->str + (negative ? 1 : 0);
    size_t colon = rest.len;
    mh_span_find(rest, ':', &colon);
    if (!read_letters(mh_span_first(rest, colon), &rights))
        return "an unknown right";
    if (!maildir_acl_add(acl, negative, mh_span_from_string(name), rights, NULL))
        return "an unknown identifier";
    read_names(mh_span_from(rest, colon + 1), entry_of(acl, negative, name));
    return NULL;
}

MaildirAcl *
maildir_acl_parse(MhSpan text, GError **error)
{
    g_autoptr(MaildirAcl) acl = maildir_acl_new();
    MhSpan line;
    for (unsigned number = 1; mh_span_take_line(&text, &line, NULL); number++) {
        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        if (line.len == 0 || line.data[0] == '#')
            continue;
        const char *fault = read_line(acl, line);
        if (fault != NULL) {
            g_set_error(error, MAILDIR_ERROR, MAILDIR_ERROR_FORMAT,
                        "not a list of access rights: line %u: %s", number, fault);
            return NULL;
        }
    }
    return g_steal_pointer(&acl);
}

/* writing */

static void
append_identifier(GString *text, const MaildirAclEntry *entry)
{
    const char *sign = entry->negative ? "-" : "";
    if (strchr(entry->identifier, ' ') == NULL) {
        g_string_append_printf(text, "%s%s", sign, entry->identifier);
        return;
    }
    g_string_append_printf(text, "\"%s", sign);
    for (const char *at = entry->identifier; *at != '\0'; at++) {
        if (strchr("\"\\'", *at) != NULL)
            g_string_append_c(text, '\\');
        g_string_append_c(text, *at);
    }
    g_string_append_c(text, '"');
}

GString *
maildir_acl_format(const MaildirAcl *acl)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < acl->entries->len; i++) {
        const MaildirAclEntry *entry = g_ptr_array_index(acl->entries, i);
        append_identifier(text, entry);
        if (entry->rights != 0)
            g_string_append_c(text, ' ');
        for (size_t k = 0; k < G_N_ELEMENTS(table); k++) {
            if (entry->rights & table[k].right)
                g_string_append_c(text, table[k].letter);
        }
        if (entry->names != NULL)
            g_string_append_printf(text, " :%s", entry->names);
        g_string_append_c(text, '\n');
    }
    return text;
}
