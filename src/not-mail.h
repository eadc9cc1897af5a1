/* not-mail: something among the folders that is no mailbox, and why. */
#pragma once

#include <glib.h>

typedef struct {
    char *path;   /* below the account's folders */
    char *reason; /* why it is no mailbox */
} MhNotMail;

MhNotMail *mh_not_mail_new(const char *path, const char *reason);
void mh_not_mail_free(MhNotMail *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhNotMail, mh_not_mail_free)
