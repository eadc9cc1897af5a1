/* state-private: what the parts of state share. */
#pragma once

#include "state.h"

#include <sqlite3.h>

struct MhState {
    sqlite3 *db;
    int lock_fd; /* -1: opened to look only */
    int64_t run;
    int64_t batch_us;       /* when the transaction was begun that is under way, if one is */
    GPtrArray *same;        /* of char *: users to whom nothing happened, not yet written */
    GHashTable *statements; /* SQL -> sqlite3_stmt *, at rest */
};

/* The statement @sql, made once and kept; NULL when it cannot be. Hand it to
 * mh_state_finish(), or step through it and then hand it to mh_state_rest(). */
sqlite3_stmt *mh_state_prepare(MhState *state, const char *sql);
/* Runs it to its first row or its end, and lets it rest; NULL has failed. */
bool mh_state_finish(sqlite3_stmt *statement);
void mh_state_rest(sqlite3_stmt *statement);

/* Writes what an account's run left for the next: part of the account's transaction. */
bool mh_state_write_memory(MhState *state, const MhAccountOutcome *outcome);
/* Forgets the account's mail, which has been taken out of the target. */
bool mh_state_forget(MhState *state, const char *user);
/* Writes down the accounts of @same, in one transaction. */
bool mh_state_write_same(MhState *state);

/* Says in @error what the database does. Always false. */
bool mh_state_failed(MhState *state, const char *what, GError **error);
