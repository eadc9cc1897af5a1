#include "subscription-list.h"

#include "keyed-hash.h"
#include "printable.h"
#include "size-limits.h"
#include "source-name.h"

#include <string.h>

static void
subscription_free(gpointer item)
{
    MhSubscription *entry = item;
    g_free(entry->path);
    g_strfreev(entry->levels);
    g_free(entry);
}

MhSubscriptionList *
mh_subscription_list_new(void)
{
    MhSubscriptionList *list = g_new0(MhSubscriptionList, 1);
    list->entries = g_ptr_array_new_with_free_func(subscription_free);
    list->known = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    return list;
}

void
mh_subscription_list_free(MhSubscriptionList *list)
{
    if (list == NULL)
        return;
    g_ptr_array_unref(list->entries);
    g_hash_table_unref(list->known);
    g_free(list);
}

static void
refuse(MhFindings *findings, MhSpan line, const char *why)
{
    g_autofree char *shown = mh_printable(mh_span_first(line, MH_LIMIT_NAME_BYTES));
    mh_findings_add(findings, MH_FINDING_SUBSCRIPTION_ELSEWHERE, "'%s': %s", shown, why);
}

static bool
is_inbox(MhSpan name)
{
    return mh_span_equal_nocase(name, MH_SPAN_LITERAL("INBOX"));
}

/* INBOX has a key that no path can be. */
static const char inbox_key[] = "/INBOX";

static void
add_entry(MhSubscriptionList *list, const char *key, MhSubscription *entry)
{
    g_hash_table_add(list->known, g_strdup(key));
    g_ptr_array_add(list->entries, entry);
}

static void
add_inbox(MhSubscriptionList *list)
{
    if (g_hash_table_contains(list->known, inbox_key))
        return;
    MhSubscription *entry = g_new0(MhSubscription, 1);
    entry->is_inbox = true;
    entry->path = g_strdup("INBOX");
    entry->levels = g_strsplit("INBOX", "/", 0);
    add_entry(list, inbox_key, entry);
}

/* Takes over @components, of char *, when none of them is unfit; else says so about @line. */
static void
add_folder(MhSubscriptionList *list, GPtrArray *components, MhSpan line, MhFindings *findings)
{
    bool fit = components->len > 0 && components->len <= MH_LIMIT_FOLDER_DEPTH &&
               list->entries->len < MH_LIMIT_FOLDERS;
    for (guint i = 0; fit && i < components->len; i++) {
        const char *name = components->pdata[i];
        fit = *name != '\0' && strlen(name) <= MH_LIMIT_NAME_BYTES && strchr(name, '/') == NULL &&
              strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    }
    if (!fit) {
        refuse(findings, line, "no name that a folder can have");
        return;
    }
    g_ptr_array_add(components, NULL);
    const char *const *names = (const char *const *)(void *)components->pdata;
    g_autofree char *path = g_strjoinv("/", (char **)components->pdata);
    if (g_hash_table_contains(list->known, path))
        return;
    MhSubscription *entry = g_new0(MhSubscription, 1);
    entry->levels = mh_source_name_levels(names, NULL);
    entry->path = g_strdup(path);
    add_entry(list, path, entry);
}

/* Adds a path with '/' between its components; repeated and final ones do not count. */
static void
add_path(MhSubscriptionList *list, MhSpan path, MhSpan line, MhFindings *findings)
{
    g_autoptr(GPtrArray) components = g_ptr_array_new_with_free_func(g_free);
    MhSpan rest = path;
    while (rest.len > 0) {
        size_t end = rest.len;
        mh_span_find(rest, '/', &end);
        if (end > 0)
            g_ptr_array_add(components, mh_span_dup(mh_span_first(rest, end)));
        rest = mh_span_from(rest, end + 1);
    }
    add_folder(list, components, line, findings);
}

/* Takes the next line that is not empty, without its CR; one with a NUL in it is refused. */
static bool
take_name(MhSpan *text, MhSpan *out_line, MhFindings *findings)
{
    bool ended;
    size_t at;
    while (mh_span_take_line(text, out_line, &ended)) {
        if (out_line->len > 0 && out_line->data[out_line->len - 1] == '\r')
            out_line->len--;
        if (mh_span_find(*out_line, '\0', &at))
            refuse(findings, *out_line, "it holds a NUL");
        else if (out_line->len > 0)
            return true;
    }
    return false;
}

/* Takes the directory @prefix off @name, as whole components. */
static bool
take_prefix(MhSpan *name, const char *prefix)
{
    MhSpan want = mh_span_from_string(prefix);
    while (want.len > 0 && want.data[want.len - 1] == '/')
        want.len--;
    if (!mh_span_starts_with(*name, want))
        return false;
    MhSpan rest = mh_span_from(*name, want.len);
    if (want.len > 0 && (rest.len == 0 || rest.data[0] != '/'))
        return false;
    *name = want.len > 0 ? mh_span_from(rest, 1) : rest;
    return true;
}

static void
add_uw_name(MhSubscriptionList *list, MhSpan line, const char *home, const char *prefix,
            MhFindings *findings)
{
    MhSpan name = line;
    if (is_inbox(name)) {
        add_inbox(list);
        return;
    }
    if (name.data[0] == '{' || name.data[0] == '#') {
        refuse(findings, line, "it is not on this machine");
        return;
    }
    if (mh_span_starts_with(name, MH_SPAN_LITERAL("~/")))
        name = mh_span_from(name, 2);
    else if (name.data[0] == '/' && !(home != NULL && take_prefix(&name, home)))
        name.len = 0;
    while (mh_span_starts_with(name, MH_SPAN_LITERAL("./")))
        name = mh_span_from(name, 2);
    if (name.len == 0 || !take_prefix(&name, prefix)) {
        refuse(findings, line, "it is outside the folder directory");
        return;
    }
    if (name.len > 0) /* else the folder directory itself */
        add_path(list, name, line, findings);
}

void
mh_subscription_list_add_uw(MhSubscriptionList *list, MhSpan text, const char *home,
                            const char *prefix, MhFindings *findings)
{
    MhSpan line;
    while (take_name(&text, &line, findings))
        add_uw_name(list, line, home, prefix, findings);
}

/* Takes the escapes out of a level of version 2. NULL when it holds a NUL. */
static char *
unescape(MhSpan level)
{
    static const char letters[] = "01trn", bytes[] = "\0\1\t\r\n";
    GString *plain = g_string_sized_new(level.len);
    for (size_t i = 0; i < level.len; i++) {
        char byte = (char)level.data[i];
        const char *letter = NULL;
        if (byte == '\1' && i + 1 < level.len && level.data[i + 1] != '\0')
            letter = strchr(letters, (char)level.data[i + 1]);
        if (letter != NULL) {
            byte = bytes[letter - letters];
            i++;
        }
        if (byte == '\0') {
            g_string_free(plain, TRUE);
            return NULL;
        }
        g_string_append_c(plain, byte);
    }
    return g_string_free(plain, FALSE);
}

static void
add_levels(MhSubscriptionList *list, MhSpan line, MhFindings *findings)
{
    g_autoptr(GPtrArray) components = g_ptr_array_new_with_free_func(g_free);
    MhSpan rest = line;
    for (;;) {
        size_t end = rest.len;
        bool more = mh_span_find(rest, '\t', &end);
        char *level = unescape(mh_span_first(rest, end));
        if (level == NULL) {
            refuse(findings, line, "it holds a NUL");
            return;
        }
        g_ptr_array_add(components, level);
        if (!more)
            break;
        rest = mh_span_from(rest, end + 1);
    }
    add_folder(list, components, line, findings);
}

static bool
take_version_2(MhSpan *text)
{
    static const char *const headers[] = {"V\t2\n\n", "V\t2\r\n\r\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        MhSpan header = mh_span_from_string(headers[i]);
        if (mh_span_starts_with(*text, header)) {
            *text = mh_span_from(*text, header.len);
            return true;
        }
    }
    return false;
}

void
mh_subscription_list_add_dovecot(MhSubscriptionList *list, MhSpan text, MhFindings *findings)
{
    bool version_2 = take_version_2(&text);
    MhSpan line;
    while (take_name(&text, &line, findings)) {
        if (is_inbox(line))
            add_inbox(list);
        else if (version_2)
            add_levels(list, line, findings);
        else
            add_path(list, line, line, findings);
    }
}

bool
mh_subscription_list_has(const MhSubscriptionList *list, const char *path)
{
    return *path != '/' && g_hash_table_contains(list->known, path);
}
