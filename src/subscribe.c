#include "subscribe.h"

#include "maildir/maildir-subscriptions.h"
#include "size-limits.h"

#define SUBSCRIPTIONS_FILE "subscriptions"

bool
mh_subscribe(MaildirTree *tree, const MhAccountSurvey *survey, MhFindings *findings, GError **error)
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
        const char *name = survey->subscriptions->pdata[i];
        if (maildir_subscriptions_add(list, name))
            changed = true;
        else if (!maildir_subscriptions_has(list, name))
            mh_findings_add(findings, MH_FINDING_SUBSCRIPTION_LOST, "'%s'", name);
    }
    if (!changed)
        return true;
    g_autoptr(GString) text = maildir_subscriptions_format(list);
    return mh_replace_file(tree->fd, SUBSCRIPTIONS_FILE, mh_span(text->str, text->len),
                           tree->options.file_mode, (uid_t)-1, (gid_t)-1, error);
}
