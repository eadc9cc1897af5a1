#include "account-format.h"

#include "courier-account.h"
#include "mbox-account.h"
#include "place.h"

#include <unistd.h>

bool
mh_account_format(const MhJob *job, const MhAccount *account, MhSourceFormat *out_format,
                  GError **error)
{
    const MhSettings *settings = job->settings;
    g_autoptr(GError) failure = NULL;
    struct stat st;
    *out_format =
        settings->source_format != MH_FORMAT_AUTO ? settings->source_format : MH_FORMAT_MBOX;
    if (settings->source_format != MH_FORMAT_AUTO || settings->inbox == NULL)
        return true;
    int fd = mh_place_open(settings->inbox, account, &failure);
    if (fd >= 0) {
        bool there;
        bool known = mh_stat_if_there(fd, "cur", MH_LINKS_BENEATH, &st, &there, &failure);
        close(fd);
        if (known && there && S_ISDIR(st.st_mode))
            *out_format = MH_FORMAT_COURIER;
        if (known)
            return true;
    }
    if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT) ||
        g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOTDIR))
        return true;
    g_propagate_prefixed_error(error, g_steal_pointer(&failure), "cannot look for the INBOX: ");
    return false;
}

MhAccountSurvey *
mh_account_survey(const MhJob *job, const MhAccount *account, const MaildirTree *target,
                  MhFindings *findings, GError **error)
{
    MhSourceFormat format;
    if (!mh_account_format(job, account, &format, error))
        return NULL;
    return format == MH_FORMAT_COURIER
               ? mh_courier_account_survey(job, account, target, findings, error)
               : mh_mbox_account_survey(job, account, target, findings, error);
}
