/* account: one user whose mail moves.
 *
 * Who a user is comes from the line of a user list in passwd(5) form, or from the system's user
 * database. A user that neither knows (a virtual one) has a name only: then --owner says whose
 * the mail is, and patterns cannot use %h.
 */
#pragma once

#include "bytes.h"

#include <sys/types.h>

typedef struct {
    char *user;   /* never empty, checked by mh_account_check_user() */
    char *home;   /* absolute; NULL: not known */
    bool has_ids; /* uid and gid are known */
    uid_t uid;
    gid_t gid;
} MhAccount;

/* The largest user or group number: 4294967295 means "leave alone" to the system. */
#define MH_ACCOUNT_ID_MAX UINT32_C(4294967294)

MhAccount *mh_account_new(const char *user);
MhAccount *mh_account_copy(const MhAccount *account);
void mh_account_free(MhAccount *account); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhAccount, mh_account_free)

/* May @user stand in a path and in a line of a report? Not empty, at most MH_LIMIT_NAME_BYTES, no
 * NUL, no '/', no blank or control character, no '.', '-' or '#' at its start, not "*". Nor may its
 * part behind the first '@' start with '.': it becomes a path component as %d. */
bool mh_account_check_user(MhSpan user, GError **error);

typedef enum {
    MH_LOOKUP_FOUND,
    MH_LOOKUP_UNKNOWN, /* there is no such user; no error is set */
    MH_LOOKUP_FAILED,  /* the database could not be asked: MH_CONFIG_ERROR_SYSTEM */
} MhLookup;

/* Where accounts are looked up; fills home, uid and gid of @account by its user. */
typedef MhLookup (*MhAccountLookup)(MhAccount *account, void *data, GError **error);

/* The system's user database (getpwnam_r); @data is not used. */
MhLookup mh_account_lookup_system(MhAccount *account, void *data, GError **error);

/* The user we run as. NULL with @error when the database does not know. */
MhAccount *mh_account_of_uid(uid_t uid, GError **error);

/* USER[:GROUP], names or numbers; without GROUP the user's own group, which a number that the
 * database does not know has not. uid 0 is refused: MH_CONFIG_ERROR_REFUSED. */
bool mh_account_parse_owner(const char *owner, uid_t *out_uid, gid_t *out_gid, GError **error);
