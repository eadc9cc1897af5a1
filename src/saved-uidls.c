#include "saved-uidls.h"

#include "look-as.h"
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

static GBytes *
load(const char *pattern, const char *path, const MhAccount *account, GError **error)
{
    g_autofree char *name = NULL;
    int dirfd = mh_place_open_parent(pattern, account, &name, error);
    if (dirfd < 0)
        return NULL;
    GBytes *text = read_listing(dirfd, name, path, account, error);
    close(dirfd);
    return text;
}

GBytes *
mh_saved_uidls_load(const MhJob *job, const MhAccount *account, GError **error)
{
    const char *pattern = job->settings->pop3_uidl_file;
    g_autoptr(GError) failure = NULL;
    if (job->settings->pop3_uidl != MH_UIDL_FILE)
        return NULL;
    g_autofree char *path = mh_path_pattern_expand(pattern, account, error);
    if (path == NULL)
        return NULL;
    GBytes *text = load(pattern, path, account, &failure);
    if (account->has_ids && g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_ACCES)) {
        g_clear_error(&failure);
        mh_look_as(account->uid, account->gid);
        text = load(pattern, path, account, &failure);
        mh_look_as_before();
    }
    if (text == NULL)
        g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                                   "cannot use the saved UIDLs in '%s': ", path);
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
