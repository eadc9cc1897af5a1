#include "state-private.h"

#include <string.h>

static sqlite3_stmt *
prepare(MhState *state, const char *sql, const char *user)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(state->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return NULL;
    sqlite3_bind_text(statement, 1, user, -1, SQLITE_TRANSIENT);
    return statement;
}

bool
mh_state_is_warm(MhState *state, const char *user, const MhDigest *mark)
{
    sqlite3_stmt *statement = prepare(state, "SELECT mark FROM warm WHERE user = ?", user);
    bool same = statement != NULL && sqlite3_step(statement) == SQLITE_ROW &&
                sqlite3_column_bytes(statement, 0) == MH_DIGEST_BYTES &&
                memcmp(sqlite3_column_blob(statement, 0), mark->bytes, MH_DIGEST_BYTES) == 0;
    sqlite3_finalize(statement);
    return same;
}

static bool
run_sql(MhState *state, const char *sql, GError **error)
{
    return sqlite3_exec(state->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
           mh_state_failed(state, "write", error);
}

bool
mh_state_set_warm(MhState *state, const char *user, const MhDigest *mark, GError **error)
{
    if (sqlite3_get_autocommit(state->db) && !run_sql(state, "BEGIN IMMEDIATE", error))
        return false;
    sqlite3_stmt *statement =
        prepare(state, "INSERT OR REPLACE INTO warm (user, mark) VALUES (?, ?)", user);
    if (statement == NULL)
        return mh_state_failed(state, "write", error);
    sqlite3_bind_blob(statement, 2, mark->bytes, MH_DIGEST_BYTES, SQLITE_TRANSIENT);
    int result = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return result == SQLITE_DONE || mh_state_failed(state, "write", error);
}

bool
mh_state_keep_warm(MhState *state, GError **error)
{
    return sqlite3_get_autocommit(state->db) || run_sql(state, "COMMIT", error);
}
