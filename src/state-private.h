/* state-private: what the parts of state share. */
#pragma once

#include "state.h"

#include <sqlite3.h>

struct MhState {
    sqlite3 *db;
    int lock_fd;      /* -1: opened to look only */
    int64_t run;
    GPtrArray *same;  /* of char *: users to whom nothing happened, not yet written */
};

/* Writes what an account's run left for the next: part of the account's transaction. */
bool mh_state_write_memory(MhState *state, const MhAccountOutcome *outcome);
/* Forgets the account's mail, which has been taken out of the target. */
bool mh_state_forget(MhState *state, const char *user);
/* Writes down the accounts of @same, in one transaction. */
bool mh_state_write_same(MhState *state);

/* Says in @error what the database does. Always false. */
bool mh_state_failed(MhState *state, const char *what, GError **error);
