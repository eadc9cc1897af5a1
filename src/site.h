/* site: the accounts and folders of a run, from the lists and arguments that an admin gave. */
#pragma once

#include "folder-list.h"
#include "settings.h"
#include "user-list.h"

typedef struct {
    GPtrArray *accounts;   /* of MhAccount, in order */
    MhFolderList *folders; /* NULL: every folder that is found */
    MhLineErrors *user_errors, *folder_errors;
} MhSite;

/* @users are the USER arguments; with none, everybody on the list, or without a list whoever we
 * are (unless we are root: then that is an error). NULL with @error when a list cannot be read;
 * single lines that are wrong stand in the two lists of errors. */
MhSite *mh_site_load(const MhSettings *settings, const char *const *users, size_t user_count,
                     GError **error);
void mh_site_free(MhSite *site); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhSite, mh_site_free)

size_t mh_site_error_count(const MhSite *site);
