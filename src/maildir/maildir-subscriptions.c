#include "maildir-subscriptions.h"

#include "keyed-hash.h"
#include "printable.h"

#include <string.h>

#define V2_HEADER "V\t2\n\n"

MaildirSubscriptions *
maildir_subscriptions_new(int version)
{
    g_assert(version == 1 || version == 2);
    MaildirSubscriptions *subscriptions = g_new0(MaildirSubscriptions, 1);
    subscriptions->version = version;
    subscriptions->names = g_ptr_array_new_with_free_func(g_free);
    subscriptions->set = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    return subscriptions;
}

void
maildir_subscriptions_free(MaildirSubscriptions *subscriptions)
{
    if (subscriptions == NULL)
        return;
    g_hash_table_unref(subscriptions->set);
    g_ptr_array_unref(subscriptions->names);
    g_free(subscriptions);
}

/* The spelling of @name that counts. */
static const char *
usual(const char *name)
{
    return g_ascii_strcasecmp(name, "INBOX") == 0 ? "INBOX" : name;
}

static bool
is_folder(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        bool level_starts = at == name || at[-1] == '.';
        if ((uint8_t)*at < ' ' || *at == 0x7f || *at == '/' || (*at == '.' && level_starts))
            return false;
    }
    size_t len = strlen(name);
    return len > 0 && name[len - 1] != '.';
}

bool
maildir_subscriptions_has(const MaildirSubscriptions *subscriptions, const char *name)
{
    return g_hash_table_contains(subscriptions->set, usual(name));
}

bool
maildir_subscriptions_add(MaildirSubscriptions *subscriptions, const char *name)
{
    if (!is_folder(name) || maildir_subscriptions_has(subscriptions, name))
        return false;
    char *copy = g_strdup(usual(name));
    g_ptr_array_add(subscriptions->names, copy);
    g_hash_table_add(subscriptions->set, copy);
    return true;
}

bool
maildir_subscriptions_remove(MaildirSubscriptions *subscriptions, const char *name)
{
    gpointer kept = g_hash_table_lookup(subscriptions->set, usual(name));
    if (kept == NULL)
        return false;
    g_hash_table_remove(subscriptions->set, kept);
    g_ptr_array_remove(subscriptions->names, kept);
    return true;
}

/* A version 2 line with '.' between its levels. NULL when a level cannot stand in such a name. */
static char *
from_v2(MhSpan line)
{
    g_autoptr(GString) name = g_string_new(NULL);
    for (size_t i = 0; i < line.len; i++) {
        uint8_t c = line.data[i];
        if (c == '.' || c == 0x01)
            return NULL; /* every escape stands for a byte that no folder's name has */
        g_string_append_c(name, c == '\t' ? '.' : (char)c);
    }
    return g_string_free(g_steal_pointer(&name), FALSE);
}

static void
read_line(MaildirSubscriptions *subscriptions, MhSpan line, uint64_t number, MhFindings *findings)
{
    size_t at;
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    bool nul = mh_span_find(line, '\0', &at);
    g_autofree char *name =
        nul ? NULL : (subscriptions->version == 2 ? from_v2(line) : mh_span_dup(line));
    if (name != NULL && is_folder(name)) {
        maildir_subscriptions_add(subscriptions, name);
    } else {
        g_autofree char *shown = mh_printable(mh_span_first(line, 255));
        mh_findings_add_at(findings, MH_FINDING_MAILDIR_SUBSCRIPTION, number, 0, "%s", shown);
    }
}

MaildirSubscriptions *
maildir_subscriptions_parse(MhSpan text, MhFindings *findings)
{
    MhSpan header = MH_SPAN_LITERAL(V2_HEADER);
    bool v2 = mh_span_starts_with(text, header);
    MaildirSubscriptions *subscriptions = maildir_subscriptions_new(v2 ? 2 : 1);
    MhSpan rest = v2 ? mh_span_from(text, header.len) : text;
    uint64_t number = v2 ? 2 : 0;
    MhSpan line;
    bool ended;
    while (mh_span_take_line(&rest, &line, &ended)) {
        number++;
        if (ended)
            read_line(subscriptions, line, number, findings);
        else
            mh_findings_add_at(findings, MH_FINDING_MAILDIR_SUBSCRIPTION, number, 0,
                               "the last line has no end");
    }
    return subscriptions;
}

GString *
maildir_subscriptions_format(const MaildirSubscriptions *subscriptions)
{
    GString *text = g_string_new(subscriptions->version == 2 ? V2_HEADER : NULL);
    for (guint i = 0; i < subscriptions->names->len; i++) {
        gsize start = text->len;
        g_string_append(text, g_ptr_array_index(subscriptions->names, i));
        for (gsize at = start; subscriptions->version == 2 && at < text->len; at++) {
            if (text->str[at] == '.')
                text->str[at] = '\t';
        }
        g_string_append_c(text, '\n');
    }
    return text;
}
