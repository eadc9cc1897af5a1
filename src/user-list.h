/* user-list: whose mail moves, from a file that an admin wrote.
 *
 * Format: one user a line, LF or CRLF; blanks around it do not count; empty lines and lines that
 * start with '#' are skipped. A line is
 * - a name ("fred", "fred@example.org"), to be looked up; behind a blank and '#' anything; or
 * - seven fields with ':' between, as in passwd(5): name:password:uid:gid:gecos:home:shell.
 *   They say all there is, nothing is looked up. An empty home is a home that is not known.
 *
 * Refused, line by line, while the rest goes on: lines over MH_LIMIT_USER_LINE_BYTES bytes, a user
 * who was there already, names that mh_account_check_user() refuses, numbers that are none, users
 * that nobody knows (unless @virtual_users), and uid 0 (unless @virtual_users): root's mail belongs
 * to a person, and Dovecot serves no mail as uid 0. --owner says who that person is.
 */
#pragma once

#include "account.h"
#include "line-errors.h"

typedef struct {
    MhAccountLookup lookup; /* mh_account_lookup_system, or a test's */
    void *lookup_data;
    bool virtual_users; /* --owner was given: its uid and gid serve those that have none */
} MhUserPolicy;

typedef struct MhUserList MhUserList;

/* Never fails: what is wrong with a line is in @errors. */
MhUserList *mh_user_list_parse(MhSpan text, const MhUserPolicy *policy, MhLineErrors *errors);
void mh_user_list_free(MhUserList *list); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhUserList, mh_user_list_free)

/* In the order of lines. Borrowed. */
size_t mh_user_list_length(const MhUserList *list);
const MhAccount *mh_user_list_get(const MhUserList *list, size_t index);
/* NULL when there is none. */
const MhAccount *mh_user_list_find(const MhUserList *list, const char *user);

/* The accounts of USER arguments, each once, in the order given: those of @list, or looked up by
 * @policy when @list is NULL. Who is not there is an error in @errors. An array of MhAccount that
 * owns its members; g_ptr_array_unref(). */
GPtrArray *mh_user_list_select(const MhUserList *list, const char *const *users,
                               const MhUserPolicy *policy, MhLineErrors *errors);
