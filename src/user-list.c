#include "user-list.h"

#include "config-error.h"
#include "keyed-hash.h"
#include "printable.h"
#include "size-limits.h"

#define PASSWD_FIELDS 7

struct MhUserList {
    GPtrArray *accounts; /* of MhAccount, owned */
    GHashTable *by_user; /* user -> MhAccount, borrowed */
    GHashTable *line_of; /* user -> line number, of good and bad lines that named a user */
};

static MhUserList *
user_list_new(void)
{
    MhUserList *list = g_new0(MhUserList, 1);
    list->accounts = g_ptr_array_new_with_free_func((GDestroyNotify)mh_account_free);
    list->by_user = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    list->line_of = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    return list;
}

void
mh_user_list_free(MhUserList *list)
{
    if (list == NULL)
        return;
    g_hash_table_unref(list->by_user);
    g_hash_table_unref(list->line_of);
    g_ptr_array_unref(list->accounts);
    g_free(list);
}

static bool
refuse(GError **error, int code, MhSpan what, const char *why)
{
    g_autofree char *shown = mh_printable(what);
    g_set_error(error, MH_CONFIG_ERROR, code, "'%s' %s", shown, why);
    return false;
}

static bool
take_passwd_fields(MhAccount *account, const MhSpan *fields, GError **error)
{
    MhSpan home = fields[5];
    uint32_t uid, gid;
    size_t nul;
    if (!mh_span_to_u32(fields[2], MH_ACCOUNT_ID_MAX, &uid))
        return refuse(error, MH_CONFIG_ERROR_SYNTAX, fields[2], "is not a user number");
    if (!mh_span_to_u32(fields[3], MH_ACCOUNT_ID_MAX, &gid))
        return refuse(error, MH_CONFIG_ERROR_SYNTAX, fields[3], "is not a group number");
    if (mh_span_find(home, '\0', &nul) || (home.len > 0 && home.data[0] != '/'))
        return refuse(error, MH_CONFIG_ERROR_SYNTAX, home, "is not an absolute home directory");
    account->has_ids = true;
    account->uid = uid;
    account->gid = gid;
    account->home = home.len > 0 ? mh_span_dup(home) : NULL;
    return true;
}

/* Splits at every ':'; the number of fields, of which at most PASSWD_FIELDS are in @out_fields. */
static size_t
split_fields(MhSpan line, MhSpan out_fields[PASSWD_FIELDS])
{
    size_t count = 0;
    MhSpan before, rest = line;
    while (mh_span_split(rest, ':', &before, &rest)) {
        if (count < PASSWD_FIELDS)
            out_fields[count] = before;
        count++;
    }
    if (count < PASSWD_FIELDS)
        out_fields[count] = rest;
    return count + 1;
}

/* Asks the policy's database, unless the line has said it all, and judges the answer. */
static bool
settle(MhAccount *account, const MhUserPolicy *policy, GError **error)
{
    MhLookup found = MH_LOOKUP_FOUND;
    if (!account->has_ids)
        found = policy->lookup(account, policy->lookup_data, error);
    if (found == MH_LOOKUP_FAILED)
        return false;
    if (found == MH_LOOKUP_UNKNOWN && !policy->virtual_users)
        return refuse(error, MH_CONFIG_ERROR_UNKNOWN, mh_span_from_string(account->user),
                      "is no user that the system knows (a virtual one needs --owner)");
    if (account->has_ids && account->uid == 0 && !policy->virtual_users)
        return refuse(error, MH_CONFIG_ERROR_REFUSED, mh_span_from_string(account->user),
                      "has uid 0; --owner says who is to own that mail");
    return true;
}

/* "fred  # the boss" */
static MhSpan
without_remark(MhSpan line)
{
    for (size_t i = 1; i < line.len; i++) {
        if (line.data[i] == '#' && mh_is_blank(line.data[i - 1]))
            return mh_span_trim_blanks(mh_span_first(line, i));
    }
    return line;
}

/* NULL with @error. @line is trimmed and not empty. */
static MhAccount *
parse_line(MhSpan line, GError **error)
{
    MhSpan fields[PASSWD_FIELDS];
    if (line.len > MH_LIMIT_USER_LINE_BYTES) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX,
                    "the line is longer than %d bytes", MH_LIMIT_USER_LINE_BYTES);
        return NULL;
    }
    MhSpan plain = without_remark(line);
    size_t colon;
    bool is_plain = !mh_span_find(plain, ':', &colon);
    size_t count = split_fields(line, fields);
    MhSpan user = is_plain ? plain : fields[0];
    if (!is_plain && count != PASSWD_FIELDS) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX,
                    "a line with ':' has the 7 fields of passwd(5), this one has %zu", count);
        return NULL;
    }
    if (!mh_account_check_user(user, error))
        return NULL;
    g_autofree char *name = mh_span_dup(user);
    g_autoptr(MhAccount) account = mh_account_new(name);
    if (!is_plain && !take_passwd_fields(account, fields, error))
        return NULL;
    return g_steal_pointer(&account);
}

static void
take_line(MhUserList *list, MhSpan line, size_t number, const MhUserPolicy *policy,
          MhLineErrors *errors)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MhAccount) account = parse_line(line, &error);
    if (account != NULL) {
        size_t earlier = GPOINTER_TO_SIZE(g_hash_table_lookup(list->line_of, account->user));
        if (earlier != 0) {
            g_autofree char *shown = mh_printable_string(account->user);
            mh_line_errors_add(errors, number, "user '%s' was already on line %zu", shown, earlier);
            return;
        }
        g_hash_table_insert(list->line_of, g_strdup(account->user), GSIZE_TO_POINTER(number));
    }
    if (account == NULL || !settle(account, policy, &error)) {
        mh_line_errors_add_error(errors, number, error);
        return;
    }
    g_hash_table_insert(list->by_user, account->user, account);
    g_ptr_array_add(list->accounts, g_steal_pointer(&account));
}

MhUserList *
mh_user_list_parse(MhSpan text, const MhUserPolicy *policy, MhLineErrors *errors)
{
    MhUserList *list = user_list_new();
    MhSpan line;
    size_t number = 0;
    while (mh_list_take_line(&text, &number, &line)) {
        line = mh_span_trim_blanks(line);
        if (line.len > 0 && line.data[0] != '#')
            take_line(list, line, number, policy, errors);
    }
    return list;
}

size_t
mh_user_list_length(const MhUserList *list)
{
    return list->accounts->len;
}

const MhAccount *
mh_user_list_get(const MhUserList *list, size_t index)
{
    return g_ptr_array_index(list->accounts, index);
}

const MhAccount *
mh_user_list_find(const MhUserList *list, const char *user)
{
    return g_hash_table_lookup(list->by_user, user);
}

/* NULL with @error. */
static MhAccount *
select_one(const MhUserList *list, const char *user, const MhUserPolicy *policy, GError **error)
{
    if (!mh_account_check_user(mh_span_from_string(user), error))
        return NULL;
    if (list != NULL) {
        const MhAccount *account = mh_user_list_find(list, user);
        if (account == NULL)
            refuse(error, MH_CONFIG_ERROR_UNKNOWN, mh_span_from_string(user),
                   "is not among the users of the list");
        return account != NULL ? mh_account_copy(account) : NULL;
    }
    g_autoptr(MhAccount) account = mh_account_new(user);
    if (!settle(account, policy, error))
        return NULL;
    return g_steal_pointer(&account);
}

GPtrArray *
mh_user_list_select(const MhUserList *list, const char *const *users, const MhUserPolicy *policy,
                    MhLineErrors *errors)
{
    GPtrArray *accounts = g_ptr_array_new_with_free_func((GDestroyNotify)mh_account_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    for (size_t i = 0; users[i] != NULL; i++) {
        g_autoptr(GError) error = NULL;
        if (!g_hash_table_add(seen, (void *)(uintptr_t)users[i]))
            continue;
        MhAccount *account = select_one(list, users[i], policy, &error);
        if (account != NULL)
            g_ptr_array_add(accounts, account);
        else
            mh_line_errors_add_error(errors, 0, error);
    }
    return accounts;
}
