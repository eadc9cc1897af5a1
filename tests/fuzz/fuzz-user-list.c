/* The list of users; nobody in it has a name that may not stand in a path. */
#include "fuzz.h"

#include "user-list.h"

static MhLookup
nobody(MhAccount *account, void *data, GError **error)
{
    (void)data;
    (void)error;
    account->has_ids = true;
    account->uid = account->gid = 1000;
    return account->user[0] == 'x' ? MH_LOOKUP_UNKNOWN : MH_LOOKUP_FOUND;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    MhUserPolicy policy = {.lookup = nobody, .virtual_users = fuzz_take_byte(&input) & 1};
    g_autoptr(MhLineErrors) errors = mh_line_errors_new("users");
    g_autoptr(MhUserList) list = mh_user_list_parse(input, &policy, errors);
    for (size_t i = 0; i < mh_user_list_length(list); i++) {
        const MhAccount *account = mh_user_list_get(list, i);
        FUZZ_CHECK(strchr(account->user, '/') == NULL && account->user[0] != '.');
        FUZZ_CHECK(account->home == NULL || account->home[0] == '/');
        FUZZ_CHECK(policy.virtual_users || account->uid != 0);
        FUZZ_CHECK(mh_user_list_find(list, account->user) == account);
    }
    return 0;
}
