#include "accounts.h"

#include "account-size.h"
#include "apart.h"
#include "config-error.h"
#include "keyed-hash.h"
#include "path-pattern.h"
#include "printable.h"
#include "safe-file.h"
#include "size-limits.h"
#include "target-place.h"
#include "user-list.h"
#include "user-sample.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
mh_accounts_free(MhAccounts *accounts)
{
    if (accounts == NULL)
        return;
    if (accounts->accounts != NULL)
        g_ptr_array_unref(accounts->accounts);
    mh_folder_list_free(accounts->folders);
    mh_name_map_free(accounts->names);
    g_clear_pointer(&accounts->folders_text, g_bytes_unref);
    g_clear_pointer(&accounts->names_text, g_bytes_unref);
    g_free(accounts);
}

static bool
cannot_read(GError **error, const char *what, const char *path, const char *why)
{
    g_autofree char *shown = mh_printable_string(path);
    g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYSTEM, "cannot read %s '%s': %s", what,
                shown, why);
    return false;
}

static GBytes *
read_list(const char *what, const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;
    GBytes *text = mh_read_trusted(path, MH_LIMIT_LIST_BYTES, &why);
    if (text == NULL)
        cannot_read(error, what, path, why->message);
    return text;
}

/* Says what was wrong, and counts it. */
static void
report(MhAccounts *accounts, const MhLineErrors *errors)
{
    for (size_t i = 0; i < mh_line_errors_count(errors); i++)
        fprintf(stderr, "mailhaul: %s\n", mh_line_errors_get(errors, i));
    accounts->refused += mh_line_errors_count(errors);
}

static GPtrArray *
everybody(const MhUserList *list)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)mh_account_free);
    for (size_t i = 0; i < mh_user_list_length(list); i++)
        g_ptr_array_add(all, mh_account_copy(mh_user_list_get(list, i)));
    return all;
}

static GPtrArray *
oneself(const MhCommandContext *context, int *out_exit, GError **error)
{
    if (geteuid() == 0) {
        *out_exit = MH_EXIT_USAGE;
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_UNKNOWN,
                    "whose mail? '%s' needs --users or a USER", context->command->name);
        return NULL;
    }
    MhAccount *self = mh_account_of_uid(geteuid(), error);
    if (self == NULL)
        return NULL;
    GPtrArray *accounts = g_ptr_array_new_with_free_func((GDestroyNotify)mh_account_free);
    g_ptr_array_add(accounts, self);
    return accounts;
}

/* @list is NULL without --users. */
static GPtrArray *
choose(MhAccounts *accounts, const MhCommandContext *context, const MhUserList *list,
       const MhUserPolicy *policy, int *out_exit, GError **error)
{
    if (context->arg_count > 0) {
        g_autoptr(MhLineErrors) errors = mh_line_errors_new("USER");
        GPtrArray *chosen = mh_user_list_select(list, context->args, policy, errors);
        report(accounts, errors);
        return chosen;
    }
    return list != NULL ? everybody(list) : oneself(context, out_exit, error);
}

/* Accounts whose path cannot be made are left out. Of the others, @out_paths has it. */
static void
expand_targets(MhAccounts *accounts, const char *pattern, GPtrArray *out_paths)
{
    g_autoptr(MhLineErrors) errors = mh_line_errors_new("--maildir");
    for (unsigned i = 0; i < accounts->accounts->len;) {
        const MhAccount *account = g_ptr_array_index(accounts->accounts, i);
        g_autoptr(GError) why = NULL;
        g_autofree char *path = mh_path_pattern_expand(pattern, account, &why);
        if (path == NULL) {
            mh_line_errors_add_error(errors, 0, why);
            g_ptr_array_remove_index(accounts->accounts, i);
            continue;
        }
        g_ptr_array_add(out_paths, g_canonicalize_filename(path, "/"));
        i++;
    }
    report(accounts, errors);
}

/* How long a look at one target may take, and at all of them. Those that are not known in time are
 * told apart by their paths. */
#define PLACE_S  5
#define PLACES_S 30

typedef struct {
    const GPtrArray *accounts;
    const char *pattern;
} Targets;

static uint64_t
place_of(size_t item, void *data)
{
    const Targets *targets = data;
    return mh_target_place(targets->pattern, targets->accounts->pdata[item]);
}

/* Those of one path are a mistake in the settings. */
static bool
check_paths(const GPtrArray *accounts, const GPtrArray *paths, GError **error)
{
    g_autoptr(GHashTable) owners = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    for (guint i = 0; i < paths->len; i++) {
        const MhAccount *account = accounts->pdata[i];
        const MhAccount *other = g_hash_table_lookup(owners, paths->pdata[i]);
        if (other != NULL) {
            g_autofree char *shown = mh_printable_string(paths->pdata[i]);
            g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_REFUSED,
                        "users '%s' and '%s' would share the target '%s'", other->user,
                        account->user, shown);
            return false;
        }
        g_hash_table_insert(owners, paths->pdata[i], accounts->pdata[i]);
    }
    return true;
}

/* Those of one place are left out, and nobody else for their sake: a link may be a user's. */
static void
leave_out_shared(MhAccounts *accounts, const GPtrArray *paths, const uint64_t *places)
{
    g_autoptr(GHashTable) first = g_hash_table_new(mh_keyed_hash_number, g_int64_equal);
    g_autoptr(MhLineErrors) errors = mh_line_errors_new("--maildir");
    g_autoptr(GPtrArray) shared = g_ptr_array_new();
    for (guint i = 0; i < paths->len; i++) {
        MhAccount *account = accounts->accounts->pdata[i];
        MhAccount *other = places[i] != 0 ? g_hash_table_lookup(first, &places[i]) : NULL;
        if (places[i] != 0 && other == NULL)
            g_hash_table_insert(first, (void *)(uintptr_t)&places[i], account);
        if (other == NULL)
            continue;
        g_autofree char *shown = mh_printable_string(paths->pdata[i]);
        mh_line_errors_add(errors, 0, "users '%s' and '%s' would share the target '%s'",
                           other->user, account->user, shown);
        g_ptr_array_add(shared, account);
        if (!g_ptr_array_find(shared, other, NULL))
            g_ptr_array_add(shared, other);
    }
    for (guint i = 0; i < shared->len; i++)
        g_ptr_array_remove(accounts->accounts, shared->pdata[i]);
    report(accounts, errors);
}

/* Two accounts in one Maildir would be mixed for good. */
static bool
check_targets(MhAccounts *accounts, const char *pattern, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    if (pattern == NULL)
        return true;
    expand_targets(accounts, pattern, paths);
    if (!check_paths(accounts->accounts, paths, error))
        return false;
    if (paths->len <= 1)
        return true;
    g_autofree uint64_t *places = g_new0(uint64_t, paths->len);
    Targets targets = {accounts->accounts, pattern};
    mh_apart(paths->len, PLACE_S, PLACES_S, place_of, &targets, places);
    leave_out_shared(accounts, paths, places);
    return true;
}

typedef struct {
    const MhUserList *list;
    const MhAccounts *accounts;
} Known;

static bool
is_known(const char *user, void *data)
{
    const Known *known = data;
    if (known->list != NULL)
        return mh_user_list_find(known->list, user) != NULL;
    for (unsigned i = 0; i < known->accounts->accounts->len; i++) {
        const MhAccount *account = g_ptr_array_index(known->accounts->accounts, i);
        if (strcmp(account->user, user) == 0)
            return true;
    }
    g_autoptr(MhAccount) asked = mh_account_new(user);
    return mh_account_lookup_system(asked, NULL, NULL) == MH_LOOKUP_FOUND;
}

static bool
load_folders(MhAccounts *accounts, const MhUserList *list, const char *path, GError **error)
{
    if (path == NULL)
        return true;
    g_autoptr(GBytes) text = read_list("folder list", path, error);
    if (text == NULL)
        return false;
    Known known = {list, accounts};
    g_autoptr(MhLineErrors) errors = mh_line_errors_new(path);
    accounts->folders = mh_folder_list_parse(mh_span_from_bytes(text), is_known, &known, errors);
    accounts->folders_text = g_bytes_ref(text);
    report(accounts, errors);
    return true;
}

static bool
load_names(MhAccounts *accounts, const char *path, GError **error)
{
    if (path == NULL) {
        accounts->names = mh_name_map_new();
        return true;
    }
    g_autoptr(GBytes) text = read_list("name map", path, error);
    if (text == NULL)
        return false;
    g_autoptr(MhLineErrors) errors = mh_line_errors_new(path);
    accounts->names = mh_name_map_parse(mh_span_from_bytes(text), errors);
    accounts->names_text = g_bytes_ref(text);
    report(accounts, errors);
    return true;
}

/* *@out_list stays NULL without --users. */
static bool
load_users(MhAccounts *accounts, const char *path, const MhUserPolicy *policy,
           MhUserList **out_list, GError **error)
{
    if (path == NULL)
        return true;
    g_autoptr(GBytes) text = read_list("user list", path, error);
    if (text == NULL)
        return false;
    g_autoptr(MhLineErrors) errors = mh_line_errors_new(path);
    *out_list = mh_user_list_parse(mh_span_from_bytes(text), policy, errors);
    report(accounts, errors);
    return true;
}

/* How long a look at one account may take. */
#define SIZE_S 30

typedef struct {
    const GPtrArray *accounts;
    const MhSettings *settings;
} Sizes;

static uint64_t
size_of(size_t item, void *data)
{
    const Sizes *sizes = data;
    return mh_account_size(sizes->settings, sizes->accounts->pdata[item]);
}

/* --sample: keeps those who stand for all. */
static void
keep_sample(MhAccounts *accounts, const MhSettings *settings)
{
    guint count = accounts->accounts->len;
    g_autofree MhSampleRow *rows = g_new0(MhSampleRow, count + 1);
    if (settings->sample == 0 || settings->sample >= count)
        return;
    g_autofree uint64_t *bytes = g_new0(uint64_t, count);
    Sizes sizes = {accounts->accounts, settings};
    mh_apart(count, SIZE_S, UINT32_MAX, size_of, &sizes, bytes);
    for (guint i = 0; i < count; i++) {
        const MhAccount *account = accounts->accounts->pdata[i];
        rows[i].user = account->user;
        rows[i].size_bytes = bytes[i];
        rows[i].oddness = (g_str_is_ascii(account->user) ? 0u : MH_ODD_USER_NAME) |
                          (rows[i].size_bytes == 0 ? MH_ODD_EMPTY : 0u);
    }
    g_autoptr(GArray) chosen = mh_user_sample(rows, count, settings->sample);
    GPtrArray *kept = g_ptr_array_new_with_free_func((GDestroyNotify)mh_account_free);
    for (guint i = 0; i < chosen->len; i++) {
        size_t at = g_array_index(chosen, size_t, i);
        g_ptr_array_add(kept, mh_account_copy(accounts->accounts->pdata[at]));
    }
    g_ptr_array_unref(accounts->accounts);
    accounts->accounts = kept;
}

MhAccounts *
mh_accounts_load(const MhCommandContext *context, int *out_exit, GError **error)
{
    const MhSettings *settings = context->settings;
    MhUserPolicy policy = {mh_account_lookup_system, NULL, settings->owner != NULL};
    g_autoptr(MhAccounts) accounts = g_new0(MhAccounts, 1);
    g_autoptr(MhUserList) list = NULL;
    *out_exit = MH_EXIT_CONFIG;
    if (!load_users(accounts, settings->users, &policy, &list, error))
        return NULL;
    accounts->accounts = choose(accounts, context, list, &policy, out_exit, error);
    if (accounts->accounts == NULL || !check_targets(accounts, settings->maildir, error) ||
        !load_folders(accounts, list, settings->folder_list, error) ||
        !load_names(accounts, settings->name_map, error))
        return NULL;
    keep_sample(accounts, settings);
    return g_steal_pointer(&accounts);
}
