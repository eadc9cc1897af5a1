#include "account.h"

#include "config-error.h"
#include "printable.h"
#include "size-limits.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

/* getpwnam_r() and its kin say ERANGE until the block is large enough. */
#define BLOCK_FIRST 4096

MhAccount *
mh_account_new(const char *user)
{
    MhAccount *account = g_new0(MhAccount, 1);
    account->user = g_strdup(user);
    return account;
}

MhAccount *
mh_account_copy(const MhAccount *account)
{
    MhAccount *copy = mh_account_new(account->user);
    copy->home = g_strdup(account->home);
    copy->has_ids = account->has_ids;
    copy->uid = account->uid;
    copy->gid = account->gid;
    return copy;
}

void
mh_account_free(MhAccount *account)
{
    if (account == NULL)
        return;
    g_free(account->user);
    g_free(account->home);
    g_free(account);
}

/* Would a terminal obey it rather than show it? Control characters, those of eight bits too, and
 * what ends a line or turns its direction. */
static bool
is_obeyed(gunichar c)
{
    return c <= ' ' || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

static bool
has_obeyed(MhSpan user)
{
    for (size_t i = 0; i < user.len;) {
        const char *at = (const char *)user.data + i;
        gunichar c = g_utf8_get_char_validated(at, (gssize)(user.len - i));
        bool valid = c != (gunichar)-1 && c != (gunichar)-2;
        if (is_obeyed(valid ? c : user.data[i]))
            return true;
        i += valid ? (size_t)g_unichar_to_utf8(c, NULL) : 1;
    }
    return false;
}

/* The name that a target's root is made under. */
static bool
is_aside(MhSpan part)
{
    return mh_span_starts_with(part, MH_SPAN_LITERAL("mailhaul-tmp."));
}

/* Why @user is no user name; NULL when it is one. */
static const char *
user_fault(MhSpan user)
{
    size_t slash;
    if (user.len == 0)
        return "is empty";
    if (user.len > MH_LIMIT_NAME_BYTES)
        return "is too long";
    if (user.data[0] == '.' || user.data[0] == '-' || user.data[0] == '#')
        return "starts with '.', '-' or '#'";
    if (mh_span_equal(user, MH_SPAN_LITERAL("*")))
        return "is '*'";
    if (mh_span_find(user, '/', &slash))
        return "has a '/'";
    if (has_obeyed(user))
        return "has a blank or a control character";
    MhSpan local, domain = mh_span(NULL, 0);
    if (mh_span_split(user, '@', &local, &domain) &&
        mh_span_starts_with(domain, MH_SPAN_LITERAL(".")))
        return "has a '.' behind its '@'";
    return is_aside(user) || is_aside(domain) ? "starts with 'mailhaul-tmp.'" : NULL;
}

bool
mh_account_check_user(MhSpan user, GError **error)
{
    const char *fault = user_fault(user);
    if (fault == NULL)
        return true;
    g_autofree char *shown = mh_printable(mh_span_first(user, MH_LIMIT_NAME_BYTES));
    g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_REFUSED, "user name '%s' %s", shown, fault);
    return false;
}

static void
take_passwd(MhAccount *account, const struct passwd *entry)
{
    bool has_home = entry->pw_dir != NULL && entry->pw_dir[0] == '/';
    g_free(account->home);
    account->home = has_home ? g_strdup(entry->pw_dir) : NULL;
    account->has_ids = true;
    account->uid = entry->pw_uid;
    account->gid = entry->pw_gid;
}

/* By name, or by @uid when @name is NULL. What the entry points to is in @out_block. */
static MhLookup
find_passwd(const char *name, uid_t uid, struct passwd *out_entry, char **out_block, GError **error)
{
    g_autofree char *block = NULL;
    struct passwd *found = NULL;
    int errnum = ERANGE;
    for (size_t size = BLOCK_FIRST; errnum == ERANGE && size <= MH_LIMIT_USER_ENTRY_BYTES;
         size *= 2) {
        block = g_realloc(block, size);
        do
            errnum = name != NULL ? getpwnam_r(name, out_entry, block, size, &found)
                                  : getpwuid_r(uid, out_entry, block, size, &found);
        while (errnum == EINTR);
    }
    /* POSIX lets a database say these for "no such user". */
    if (errnum == ENOENT || errnum == ESRCH || (errnum == 0 && found == NULL))
        return MH_LOOKUP_UNKNOWN;
    if (errnum != 0) {
        g_autofree char *shown = mh_printable_string(name != NULL ? name : "");
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYSTEM, "cannot look up user '%s': %s",
                    shown, g_strerror(errnum));
        return MH_LOOKUP_FAILED;
    }
    *out_block = g_steal_pointer(&block);
    return MH_LOOKUP_FOUND;
}

static MhLookup
find_group(const char *name, gid_t *out_gid, GError **error)
{
    g_autofree char *block = NULL;
    struct group entry, *found = NULL;
    int errnum = ERANGE;
    for (size_t size = BLOCK_FIRST; errnum == ERANGE && size <= MH_LIMIT_USER_ENTRY_BYTES;
         size *= 2) {
        block = g_realloc(block, size);
        do
            errnum = getgrnam_r(name, &entry, block, size, &found);
        while (errnum == EINTR);
    }
    if (errnum == ENOENT || errnum == ESRCH || (errnum == 0 && found == NULL))
        return MH_LOOKUP_UNKNOWN;
    if (errnum != 0) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYSTEM, "cannot look up group '%s': %s",
                    name, g_strerror(errnum));
        return MH_LOOKUP_FAILED;
    }
    *out_gid = entry.gr_gid;
    return MH_LOOKUP_FOUND;
}

MhLookup
mh_account_lookup_system(MhAccount *account, void *data, GError **error)
{
    (void)data;
    g_autofree char *block = NULL;
    struct passwd entry;
    MhLookup result = find_passwd(account->user, 0, &entry, &block, error);
    if (result == MH_LOOKUP_FOUND)
        take_passwd(account, &entry);
    return result;
}

MhAccount *
mh_account_of_uid(uid_t uid, GError **error)
{
    g_autofree char *block = NULL;
    struct passwd entry;
    MhLookup result = find_passwd(NULL, uid, &entry, &block, error);
    if (result == MH_LOOKUP_UNKNOWN)
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_UNKNOWN,
                    "user number %u has no name in the user database", (unsigned)uid);
    if (result != MH_LOOKUP_FOUND ||
        !mh_account_check_user(mh_span_from_string(entry.pw_name), error))
        return NULL;
    MhAccount *account = mh_account_new(entry.pw_name);
    take_passwd(account, &entry);
    return account;
}

/* A name of the database goes before a number: some sites have users named "1001". */
static bool
parse_owner_user(const char *name, uid_t *out_uid, gid_t *out_gid, bool *out_has_gid,
                 GError **error)
{
    g_autofree char *block = NULL;
    struct passwd entry;
    uint32_t number;
    MhLookup result = find_passwd(name, 0, &entry, &block, error);
    if (result == MH_LOOKUP_UNKNOWN &&
        mh_span_to_u32(mh_span_from_string(name), MH_ACCOUNT_ID_MAX, &number)) {
        result = find_passwd(NULL, number, &entry, &block, error);
        if (result == MH_LOOKUP_UNKNOWN) {
            *out_uid = number;
            *out_has_gid = false;
            return true;
        }
    }
    if (result == MH_LOOKUP_UNKNOWN)
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_UNKNOWN, "there is no user '%s'", name);
    if (result != MH_LOOKUP_FOUND)
        return false;
    *out_uid = entry.pw_uid;
    *out_gid = entry.pw_gid;
    *out_has_gid = true;
    return true;
}

static bool
parse_owner_group(const char *name, gid_t *out_gid, GError **error)
{
    MhLookup result = find_group(name, out_gid, error);
    uint32_t number;
    if (result == MH_LOOKUP_UNKNOWN &&
        mh_span_to_u32(mh_span_from_string(name), MH_ACCOUNT_ID_MAX, &number)) {
        *out_gid = number;
        return true;
    }
    if (result == MH_LOOKUP_UNKNOWN)
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_UNKNOWN, "there is no group '%s'",
                    name);
    return result == MH_LOOKUP_FOUND;
}

bool
mh_account_parse_owner(const char *owner, uid_t *out_uid, gid_t *out_gid, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(owner, ":", 2);
    const char *group = parts[0] != NULL ? parts[1] : NULL;
    uid_t uid = 0;
    gid_t gid = 0;
    bool has_gid = false;
    if (parts[0] == NULL || parts[0][0] == '\0' || (group != NULL && group[0] == '\0')) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX,
                    "an owner is USER or USER:GROUP");
        return false;
    }
    if (!parse_owner_user(parts[0], &uid, &gid, &has_gid, error) ||
        (group != NULL && !parse_owner_group(group, &gid, error)))
        return false;
    if (uid == 0) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_REFUSED,
                    "mail cannot belong to uid 0 (Dovecot serves no mail as root)");
        return false;
    }
    if (group == NULL && !has_gid) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX,
                    "user %u is not in the user database: give its group too, as %u:GROUP",
                    (unsigned)uid, (unsigned)uid);
        return false;
    }
    *out_uid = uid;
    *out_gid = gid;
    return true;
}
