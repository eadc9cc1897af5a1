#include "courier-access.h"

#include "courier/courier-acl.h"
#include "maildir/maildir-acl.h"
#include "printable.h"
#include "safe-file.h"

#include <string.h>

static const struct {
    MhRights right;
    uint32_t ours;
} rights_table[] = {
    {MH_RIGHT_LOOKUP, MAILDIR_RIGHT_LOOKUP},
    {MH_RIGHT_READ, MAILDIR_RIGHT_READ},
    {MH_RIGHT_SEEN, MAILDIR_RIGHT_WRITE_SEEN},
    {MH_RIGHT_WRITE, MAILDIR_RIGHT_WRITE},
    {MH_RIGHT_INSERT, MAILDIR_RIGHT_INSERT},
    {MH_RIGHT_POST, MAILDIR_RIGHT_POST},
    {MH_RIGHT_CREATE, MAILDIR_RIGHT_CREATE},
    {MH_RIGHT_DELETE_FOLDER, MAILDIR_RIGHT_DELETE},
    {MH_RIGHT_DELETE_MESSAGE, MAILDIR_RIGHT_WRITE_DELETED},
    {MH_RIGHT_EXPUNGE, MAILDIR_RIGHT_EXPUNGE},
    {MH_RIGHT_ADMINISTER, MAILDIR_RIGHT_ADMIN},
};

static uint32_t
translate(MhRights rights)
{
    uint32_t ours = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rights_table); i++)
        ours |= (rights & rights_table[i].right) != 0 ? rights_table[i].ours : 0;
    return ours;
}

static char *
identifier_of(const MhAccessEntry *entry)
{
    switch (entry->kind) {
    case MH_ACCESS_OWNER:
        return g_strdup("owner");
    case MH_ACCESS_ANYONE:
        return g_strdup("anyone");
    case MH_ACCESS_USER:
        return g_strconcat("user=", entry->name, NULL);
    case MH_ACCESS_GROUP:
        return g_strconcat("group=", entry->name, NULL);
    case MH_ACCESS_OTHER:
        break;
    }
    return g_strdup(entry->name);
}

/* NULL when there is no such list, or, with @out_unread, when it cannot be read. */
static GBytes *
read_list(int root_fd, const char *path, size_t room_bytes, bool *out_unread, MhFindings *findings)
{
    g_autoptr(GError) failure = NULL;
    GBytes *text = mh_read_file_if_there(root_fd, path, room_bytes, NULL, &failure);
    if (failure != NULL && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOTDIR)) {
        mh_findings_add(findings, MH_FINDING_ACCESS_UNREADABLE, "%s", failure->message);
        *out_unread = true;
    }
    return text;
}

/* The text of dovecot-acl. g_free(). */
static char *
translate_list(const GArray *list, MhFindings *findings)
{
    g_autoptr(MaildirAcl) acl = maildir_acl_new();
    bool has_owner = false;
    for (guint i = 0; i < list->len; i++) {
        const MhAccessEntry *entry = mh_access_list_get(list, i);
        g_autofree char *identifier = identifier_of(entry);
        bool is_owner = entry->kind == MH_ACCESS_OWNER && !entry->negative;
        uint32_t more = is_owner ? MAILDIR_RIGHT_ADMIN : 0; /* which is never taken from him */
        has_owner |= is_owner;
        if (maildir_acl_add(acl, entry->negative, mh_span_from_string(identifier),
                            translate(entry->rights) | more, NULL))
            continue;
        g_autofree char *shown = mh_printable_string(identifier);
        mh_findings_add(findings, MH_FINDING_ACCESS_LOST, "'%s'", shown);
    }
    if (!has_owner) /* who would have all rights otherwise */
        maildir_acl_add(acl, false, MH_SPAN_LITERAL("owner"), MAILDIR_RIGHT_ADMIN, NULL);
    return g_string_free(maildir_acl_format(acl), FALSE);
}

char *
mh_courier_access(int root_fd, const char *dir, const char *path, size_t *room_bytes,
                  bool *out_unread, MhFindings *findings)
{
    g_autofree char *own = g_strdup_printf("%s/courierimapacl", dir);
    g_autofree char *of_name = g_strdup_printf("courierimaphieracl/%s", path);
    g_autoptr(GBytes) text = read_list(root_fd, own, *room_bytes, out_unread, findings);
    if (text == NULL && *path != '\0')
        text = read_list(root_fd, of_name, *room_bytes, out_unread, findings);
    if (text == NULL)
        return NULL;
    g_autoptr(GArray) list = courier_acl_parse(mh_span_from_bytes(text), findings);
    if (courier_acl_is_default(list))
        return NULL;
    char *translated = translate_list(list, findings);
    *room_bytes -= MIN(*room_bytes, strlen(translated));
    return translated;
}
