#include "site.h"

#include "config-error.h"
#include "safe-file.h"
#include "size-limits.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Reads a list that the admin named; "-" is standard input. */
static GBytes *
read_list(const char *path, GError **error)
{
    gchar *text = NULL;
    gsize len = 0;
    if (strcmp(path, "-") != 0) {
        if (!g_file_get_contents(path, &text, &len, error))
            return NULL;
        return g_bytes_new_take(text, len);
    }
    GByteArray *bytes = g_byte_array_new();
    guint8 buffer[65536];
    ssize_t n;
    while ((n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0 &&
           bytes->len < MH_LIMIT_STATE_FILE_BYTES)
        g_byte_array_append(bytes, buffer, (guint)n);
    if (n < 0) {
        g_byte_array_unref(bytes);
        mh_set_errno(error, errno, "cannot read the list on standard input");
        return NULL;
    }
    return g_byte_array_free_to_bytes(bytes);
}

static GPtrArray *
all_of(const MhUserList *list)
{
    GPtrArray *accounts = g_ptr_array_new_with_free_func((GDestroyNotify)mh_account_free);
    for (size_t i = 0; i < mh_user_list_length(list); i++)
        g_ptr_array_add(accounts, mh_account_copy(mh_user_list_get(list, i)));
    return accounts;
}

static GPtrArray *
only_ourselves(GError **error)
{
    if (geteuid() == 0) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_UNKNOWN,
                    "whose mail? Name users, or a list of them with --users");
        return NULL;
    }
    MhAccount *account = mh_account_of_uid(geteuid(), error);
    if (account == NULL)
        return NULL;
    GPtrArray *accounts = g_ptr_array_new_with_free_func((GDestroyNotify)mh_account_free);
    g_ptr_array_add(accounts, account);
    return accounts;
}

static bool
load_accounts(MhSite *site, MhUserList **out_list, const MhSettings *settings,
              const char *const *users, size_t user_count, GError **error)
{
    MhUserPolicy policy = {.lookup = mh_account_lookup_system,
                           .virtual_users = settings->owner != NULL};
    if (settings->users != NULL) {
        g_autoptr(GBytes) text = read_list(settings->users, error);
        if (text == NULL)
            return false;
        *out_list = mh_user_list_parse(mh_span_from_bytes(text), &policy, site->user_errors);
    }
    if (user_count > 0)
        site->accounts = mh_user_list_select(*out_list, users, &policy, site->user_errors);
    else if (*out_list != NULL)
        site->accounts = all_of(*out_list);
    else
        site->accounts = only_ourselves(error);
    return site->accounts != NULL;
}

typedef struct {
    const MhSite *site;
    const MhUserList *list;
} Known;

static bool
is_known(const char *user, void *data)
{
    const Known *known = data;
    if (known->list != NULL)
        return mh_user_list_find(known->list, user) != NULL;
    for (guint i = 0; i < known->site->accounts->len; i++) {
        const MhAccount *account = known->site->accounts->pdata[i];
        if (strcmp(account->user, user) == 0)
            return true;
    }
    return false;
}

MhSite *
mh_site_load(const MhSettings *settings, const char *const *users, size_t user_count,
             GError **error)
{
    g_autoptr(MhSite) site = g_new0(MhSite, 1);
    g_autoptr(MhUserList) list = NULL;
    site->user_errors = mh_line_errors_new(settings->users != NULL ? settings->users : "users");
    site->folder_errors =
        mh_line_errors_new(settings->folder_list != NULL ? settings->folder_list : "folders");
    if (!load_accounts(site, &list, settings, users, user_count, error))
        return NULL;
    if (settings->folder_list != NULL) {
        Known known = {site, list};
        g_autoptr(GBytes) text = read_list(settings->folder_list, error);
        if (text == NULL)
            return NULL;
        site->folders = mh_folder_list_parse(mh_span_from_bytes(text), is_known, &known,
                                             site->folder_errors);
    }
    return g_steal_pointer(&site);
}

void
mh_site_free(MhSite *site)
{
    if (site == NULL)
        return;
    if (site->accounts != NULL)
        g_ptr_array_unref(site->accounts);
    mh_folder_list_free(site->folders);
    mh_line_errors_free(site->user_errors);
    mh_line_errors_free(site->folder_errors);
    g_free(site);
}

size_t
mh_site_error_count(const MhSite *site)
{
    return mh_line_errors_count(site->user_errors) + mh_line_errors_count(site->folder_errors);
}
