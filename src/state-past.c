#include "state-past.h"

#include "keyed-hash.h"
#include "state-private.h"

static uint64_t
count_of(sqlite3_stmt *row, int column)
{
    int64_t number = sqlite3_column_int64(row, column);
    return number > 0 ? (uint64_t)number : 0;
}

GHashTable *
mh_state_sizes(MhState *state)
{
    GHashTable *sizes = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, g_free);
    sqlite3_stmt *row = NULL;
    if (state == NULL ||
        sqlite3_prepare_v2(state->db, "SELECT user, sum(bytes) FROM mailbox GROUP BY user", -1,
                           &row, NULL) != SQLITE_OK)
        return sizes;
    while (sqlite3_step(row) == SQLITE_ROW) {
        const char *user = (const char *)sqlite3_column_text(row, 0);
        uint64_t bytes = count_of(row, 1);
        if (user != NULL)
            g_hash_table_insert(sizes, g_strdup(user), g_memdup2(&bytes, sizeof bytes));
    }
    sqlite3_finalize(row);
    return sizes;
}

bool
mh_state_past_run(MhState *state, MhPastRun *out_run)
{
    static const char sql[] =
        "SELECT run, max(ended_us), max(ended_us) - min(ended_us - elapsed_us), count(*),"
        " sum(messages), sum(bytes) FROM work WHERE messages > 0 GROUP BY run"
        " ORDER BY sum(bytes) DESC LIMIT 1";
    sqlite3_stmt *row = NULL;
    if (state == NULL || sqlite3_prepare_v2(state->db, sql, -1, &row, NULL) != SQLITE_OK)
        return false;
    bool found = sqlite3_step(row) == SQLITE_ROW;
    if (found)
        *out_run = (MhPastRun){.run = sqlite3_column_int64(row, 0),
                               .ended = sqlite3_column_int64(row, 1) / G_USEC_PER_SEC,
                               .took_us = MAX(count_of(row, 2), 1),
                               .accounts = count_of(row, 3),
                               .messages = count_of(row, 4),
                               .bytes = count_of(row, 5)};
    sqlite3_finalize(row);
    return found && out_run->messages > 0 && out_run->bytes > 0;
}
