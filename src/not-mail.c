#include "not-mail.h"

MhNotMail *
mh_not_mail_new(const char *path, const char *reason)
{
    MhNotMail *item = g_new0(MhNotMail, 1);
    item->path = g_strdup(path);
    item->reason = g_strdup(reason);
    return item;
}

void
mh_not_mail_free(MhNotMail *item)
{
    if (item == NULL)
        return;
    g_free(item->path);
    g_free(item->reason);
    g_free(item);
}
