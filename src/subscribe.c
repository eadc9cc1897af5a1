#include "subscribe.h"

#include "maildir/maildir-folder-name.h"
#include "maildir/maildir-subscriptions.h"
#include "printable.h"
#include "size-limits.h"

#define SUBSCRIPTIONS_FILE "subscriptions"

/* The directory of the survey's mailbox that has these components; NULL: there is none. */
static const char *
known_target(const MhAccountSurvey *survey, char *const *components)
{
    for (guint i = 0; i < survey->mailboxes->len; i++) {
        const MhSurveyMailbox *mailbox = survey->mailboxes->pdata[i];
        if (g_strv_equal((const char *const *)mailbox->components,
                         (const char *const *)components))
            return mailbox->target;
    }
    return NULL;
}

/* What the list says for a folder: its directory without the first dot. g_free(). */
static char *
list_name(const MhAccountSurvey *survey, char *const *components, MhFindings *findings)
{
    g_autofree char *shown = g_strjoinv("/", (char **)(uintptr_t)components);
    g_autofree char *printable = mh_printable_string(shown);
    if (g_ascii_strcasecmp(shown, "INBOX") == 0)
        return g_strdup("INBOX");
    const char *target = known_target(survey, components);
    if (target != NULL)
        return g_strdup(target + 1);
    mh_findings_add(findings, MH_FINDING_SUBSCRIBED_MISSING, "'%s'", printable);
    g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(MhSpan));
    for (char *const *part = components; *part != NULL; part++) {
        MhSpan span = mh_span_from_string(*part);
        g_array_append_val(parts, span);
    }
    g_autofree char *directory =
        maildir_folder_name_from_path((const MhSpan *)(void *)parts->data, parts->len,
                                      MAILDIR_ESCAPE_DEFAULT, NULL, NULL);
    if (directory == NULL)
        mh_findings_add(findings, MH_FINDING_SUBSCRIPTION_LOST, "'%s'", printable);
    return directory != NULL ? g_strdup(directory + 1) : NULL;
}

bool
mh_subscribe(MaildirTree *tree, const MhAccountSurvey *survey, MhFindings *findings,
             GError **error)
{
    g_autoptr(GError) missing = NULL;
    g_autoptr(GBytes) before = NULL;
    if (!survey->has_subscriptions)
        return true;
    before = mh_read_file(tree->fd, SUBSCRIPTIONS_FILE, MH_LIMIT_STATE_FILE_BYTES, NULL, &missing);
    if (before == NULL && !g_error_matches(missing, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_propagate_error(error, g_steal_pointer(&missing));
        return false;
    }
    g_autoptr(MaildirSubscriptions) list =
        before != NULL ? maildir_subscriptions_parse(mh_span_from_bytes(before), findings)
                       : maildir_subscriptions_new(2);
    bool changed = before == NULL;
    for (guint i = 0; i < survey->subscriptions->len; i++) {
        g_autofree char *name = list_name(survey, survey->subscriptions->pdata[i], findings);
        changed |= name != NULL && maildir_subscriptions_add(list, name);
    }
    if (!changed)
        return true;
    g_autoptr(GString) text = maildir_subscriptions_format(list);
    return mh_replace_file(tree->fd, SUBSCRIPTIONS_FILE, mh_span(text->str, text->len),
                           tree->options.file_mode, (uid_t)-1, (gid_t)-1, error);
}
