/* state-past: what earlier runs tell about a coming one: how large accounts are, how fast it went.
 */
#pragma once

#include "state.h"

/* A table of user (char *) -> uint64_t *, the bytes of mail that the account had when it was last
 * done. Empty when @state is NULL or cannot be read: then one guesses. g_hash_table_unref(). */
GHashTable *mh_state_sizes(MhState *state);

/* A run of the past. */
typedef struct {
    int64_t run, ended; /* number; seconds since 1970 */
    uint64_t accounts, messages, bytes, took_us;
} MhPastRun;

/* Of the runs that are remembered, the one that carried most. False when none carried anything. */
bool mh_state_past_run(MhState *state, MhPastRun *out_run);
