#include "late-keywords.h"

#include "maildir/maildir-uidlist.h"
#include "printable.h"

#include <string.h>

/* Bytes of UIDs in one command: a shell takes far more. */
#define UIDS_MAX 4000

/* UIDs in the making: runs of neighbours are written as "first:last". */
typedef struct {
    const char *keyword;
    GString *text;
    uint32_t first, last; /* of the run that is open; 0: none */
    MhLateKeyword told;
    void *user;
} Uids;

static void
close_run(Uids *uids)
{
    if (uids->first == 0)
        return;
    if (uids->text->len > 0)
        g_string_append_c(uids->text, ',');
    g_string_append_printf(uids->text, "%u", uids->first);
    if (uids->last != uids->first)
        g_string_append_printf(uids->text, ":%u", uids->last);
    uids->first = 0;
}

static void
tell(Uids *uids)
{
    close_run(uids);
    if (uids->text->len > 0)
        uids->told(uids->keyword, uids->text->str, uids->user);
    g_string_truncate(uids->text, 0);
}

static void
add_uid(Uids *uids, uint32_t uid)
{
    if (uids->first != 0 && uid == uids->last + 1) {
        uids->last = uid;
        return;
    }
    close_run(uids);
    if (uids->text->len > UIDS_MAX)
        tell(uids);
    uids->first = uids->last = uid;
}

static bool
has_keyword(const MhMailbox *mailbox, uint32_t set, uint16_t number)
{
    size_t count;
    const uint16_t *members = mh_mailbox_keyword_members(mailbox, set, &count);
    for (size_t i = 0; i < count; i++) {
        if (members[i] == number)
            return true;
    }
    return false;
}

static void
collect(const MhMailbox *mailbox, const MhSyncPlan *plan, uint16_t number, Uids *uids)
{
    size_t sets = mh_mailbox_keyword_sets(mailbox);
    g_autofree bool *wanted = g_new0(bool, sets);
    for (uint32_t set = 0; set < sets; set++)
        wanted[set] = has_keyword(mailbox, set, number);
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (line->source != 0 && wanted[mh_mailbox_get(mailbox, line->source - 1)->keywords])
            add_uid(uids, line->uid);
    }
    tell(uids);
}

void
mh_late_keywords(const MhMailbox *mailbox, const MhSyncPlan *plan, const MaildirKeywords *table,
                 MhLateKeyword told, void *user)
{
    size_t count = mh_mailbox_keyword_count(mailbox);
    if (count <= MAILDIR_KEYWORD_LETTERS)
        return;
    for (size_t i = 0; i < count; i++) {
        const char *name = mh_mailbox_keyword_name(mailbox, (uint16_t)i);
        g_autofree char *atom = maildir_keyword_sanitise(mh_span_from_string(name), NULL);
        if (atom == NULL || maildir_keywords_find(table, atom) != MAILDIR_KEYWORD_NONE)
            continue;
        Uids uids = {.keyword = atom, .text = g_string_new(NULL), .told = told, .user = user};
        collect(mailbox, plan, (uint16_t)i, &uids);
        g_string_free(uids.text, TRUE);
    }
}

static bool
is_atom(const char *keyword)
{
    g_autofree char *atom = NULL;
    bool changed = true;
    atom = maildir_keyword_sanitise(mh_span_from_string(keyword), &changed);
    return atom != NULL && !changed;
}

bool
mh_late_keyword_by_name(const char *mailbox)
{
    g_autofree char *printable = mh_printable_again(mailbox);
    return *mailbox != '\0' && strpbrk(mailbox, "*%") == NULL && strcmp(printable, mailbox) == 0;
}

static bool
is_guid(const char *text)
{
    return strlen(text) == MAILDIR_GUID_DIGITS &&
           strspn(text, "0123456789abcdefABCDEF") == MAILDIR_GUID_DIGITS;
}

char *
mh_late_keyword_command(const char *user, const char *mailbox, const char *guid,
                        const char *keyword, const char *uids)
{
    bool by_name = mh_late_keyword_by_name(mailbox);
    if (!is_atom(keyword) || *uids == '\0' || strspn(uids, "0123456789:,") != strlen(uids) ||
        (!by_name && !is_guid(guid)))
        return NULL;
    g_autofree char *user_word = g_shell_quote(user), *keyword_word = g_shell_quote(keyword),
                    *mailbox_word = g_shell_quote(by_name ? mailbox : guid);
    return g_strdup_printf("doveadm flags add -u %s -- %s %s %s uid %s\n", user_word, keyword_word,
                           by_name ? "mailbox" : "mailbox-guid", mailbox_word, uids);
}
