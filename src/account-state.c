#include "account-state.h"

#include "maildir/maildir-quota.h"
#include "printable.h"
#include "size-limits.h"

#include <string.h>
#include <unistd.h>

#define ACL_FILE   "dovecot-acl"
#define QUOTA_FILE "maildirsize"

/* Writes @text unless it is there already. */
static bool
write_state(const MaildirTree *tree, int dirfd, const char *name, const char *text, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(GBytes) there = mh_read_file(dirfd, name, MH_LIMIT_STATE_FILE_BYTES, NULL, &failure);
    MhSpan bytes = mh_span_from_string(text);
    if (there != NULL && mh_span_equal(mh_span_from_bytes(there), bytes))
        return true;
    return mh_replace_file(dirfd, name, bytes, tree->options.file_mode, (uid_t)-1, (gid_t)-1,
                           error);
}

static bool
write_acl(const MaildirTree *tree, const MhSurveyMailbox *mailbox, GError **error)
{
    g_autoptr(GError) failure = NULL;
    int fd = mh_open_dir_links(tree->fd, mailbox->target, MH_LINKS_REFUSE, &failure);
    if (fd < 0 && g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true; /* the folder failed, and has said so */
    if (fd < 0) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    bool good = write_state(tree, fd, ACL_FILE, mailbox->acl, error);
    close(fd);
    return good;
}

void
mh_account_state_tell_access(const MaildirTree *tree, const MhAccountSurvey *survey,
                             const char *root, const char *path, MhFindings *findings)
{
    for (guint i = 0; i < survey->mailboxes->len; i++) {
        const MhSurveyMailbox *mailbox = survey->mailboxes->pdata[i];
        bool is_known = mailbox->acl != NULL || mailbox->acl_unread || mailbox->error != NULL;
        g_autofree char *file = g_build_filename(mailbox->target, ACL_FILE, NULL);
        struct stat st;
        if (is_known || tree->fd < 0 || !mh_stat(tree->fd, file, MH_LINKS_REFUSE, &st, NULL))
            continue;
        g_autofree char *shown = mh_printable_string(mailbox->target);
        g_autofree char *place = g_build_filename(path, file, NULL);
        mh_findings_add(findings, MH_FINDING_ACCESS_STAYS, "'%s'", shown);
        if (survey->watch != NULL)
            mh_watch_look(survey->watch, root, place);
    }
}

static bool
write_quota(const MaildirTree *tree, const MhAccountSurvey *survey, uint64_t bytes,
            uint64_t messages, GError **error)
{
    MaildirQuota quota = {.bytes = survey->quota_bytes, .messages = survey->quota_messages};
    g_autofree char *limits = maildir_quota_format(&quota);
    g_autofree char *text = g_strdup_printf("%s%12" G_GUINT64_FORMAT " %12" G_GUINT64_FORMAT "\n",
                                            limits, bytes, messages);
    return write_state(tree, tree->fd, QUOTA_FILE, text, error);
}

/* Courier serves nobody without an INBOX, and does not make one. */
static bool
make_inbox(const MaildirTree *tree, GError **error)
{
    static const char *const parts[] = {"tmp", "new", "cur"};
    bool any = false;
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        bool made = false;
        int fd = mh_make_dir(tree->fd, parts[i], tree->options.dir_mode, &made, error);
        if (fd < 0)
            return false;
        close(fd);
        any |= made;
    }
    return !any || mh_sync_dir(tree->fd, error);
}

bool
mh_account_state_write(const MaildirTree *tree, const MhAccountSurvey *survey, uint64_t bytes,
                       uint64_t messages, GError **error)
{
    for (guint i = 0; i < survey->mailboxes->len; i++) {
        const MhSurveyMailbox *mailbox = survey->mailboxes->pdata[i];
        if (!survey->utf8 && mailbox->acl != NULL && mailbox->error == NULL &&
            !write_acl(tree, mailbox, error))
            return false;
    }
    if (survey->utf8 && !make_inbox(tree, error))
        return false;
    if (survey->in_place || (survey->quota_bytes == 0 && survey->quota_messages == 0))
        return true;
    return write_quota(tree, survey, bytes, messages, error);
}

bool
mh_account_state_counts(const MhSurveyMailbox *mailbox)
{
    return strcmp(mailbox->target, ".Trash") != 0;
}
