#include "saved-uidls.h"

#include "path-pattern.h"
#include "place.h"
#include "safe-file.h"
#include "size-limits.h"
#include "target-root.h"
#include "uidl-listing.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* Root reads what is root's place, and what is the account's own: anybody can link another's file
 * into a directory of theirs. */
static bool
may_be_read(int dirfd, const struct stat *st, const char *path, const MhAccount *account)
{
    return geteuid() != 0 || (mh_is_roots_place(dirfd) && mh_is_out_of_reach(path, account)) ||
           (account->has_ids && st->st_uid == account->uid);
}

static GBytes *
read_listing(int dirfd, const char *name, const char *path, const MhAccount *account,
             GError **error)
{
    struct stat st;
    g_autoptr(GBytes) text = mh_read_file(dirfd, name, MH_LIMIT_STATE_FILE_BYTES, &st, error);
    if (text == NULL || may_be_read(dirfd, &st, path, account))
        return g_steal_pointer(&text);
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_PERM, "it belongs to another user");
    return NULL;
}

GBytes *
mh_saved_uidls_load(const MhJob *job, const MhAccount *account, GError **error)
{
    if (job->settings->pop3_uidl != MH_UIDL_FILE)
        return NULL;
    g_autofree char *path = mh_path_pattern_expand(job->settings->pop3_uidl_file, account, error);
    if (path == NULL)
        return NULL;
    g_autofree char *name = NULL;
    GBytes *text = NULL;
    int dirfd = mh_place_open_parent(job->settings->pop3_uidl_file, account, &name, error);
    if (dirfd >= 0)
        text = read_listing(dirfd, name, path, account, error);
    if (dirfd >= 0)
        close(dirfd);
    if (text == NULL)
        g_prefix_error(error, "cannot use the saved UIDLs in '%s': ", path);
    return text;
}

GPtrArray *
mh_saved_uidls_parse(GBytes *text, GError **error)
{
    GPtrArray *uidls = mh_uidl_listing_parse(mh_span_from_bytes(text), error);
    if (uidls == NULL)
        g_prefix_error(error, "cannot use the saved UIDLs: ");
    return uidls;
}
