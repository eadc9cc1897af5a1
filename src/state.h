/* state: what runs have done so far, in the state directory.
 *
 * An SQLite database "mailhaul.db", mode 0600 in a directory of mode 0700, and a file "lock" whose
 * lock (flock) says that a run is at work and whose content is its process number. Losing the
 * directory costs time, never mail: what was carried is known to the target itself.
 */
#pragma once

#include "digest.h"
#include "memory.h"
#include "outcome.h"

typedef struct MhState MhState;

/* Opens the state for a run: makes the directory and the database when they are not there, and
 * takes the lock. G_FILE_ERROR_AGAIN: another run has it; the message says which process. */
MhState *mh_state_open(const char *directory, GError **error);
void mh_state_free(MhState *state); /* NULL is fine; gives up the lock */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhState, mh_state_free)

/* Where the state is when the admin does not say: /var/lib/mailhaul for root, a directory of the
 * user's own (XDG_STATE_HOME) otherwise. g_free(). */
char *mh_state_default_directory(void);

/* Begins and ends a run. @task is the command's name. */
bool mh_state_begin_run(MhState *state, const char *task, GError **error);
bool mh_state_end_run(MhState *state, int exit_status, GError **error);

/* Opens what is there to be looked at: nothing is made, locked or written. @out_state is NULL when
 * there is no state yet. */
bool mh_state_open_to_look(const char *directory, MhState **out_state, GError **error);

/* What the last runs left about an account; never NULL without @error. @carried: what had been
 * carried, too, which can be large. A closed account says so in it. */
MhMemory *mh_state_recall(MhState *state, const char *user, bool carried, GError **error);
/* A closed account is one no longer. */
bool mh_state_reopen(MhState *state, const char *user, GError **error);

/* Records what was done to an account. It is durable when mh_state_settle() has written it down;
 * that an account was closed or undone, at once; that nothing happened to one, when the run ends.
 * What is lost with the machine before is looked at again by the next run. */
bool mh_state_record_account(MhState *state, const MhAccountOutcome *outcome, GError **error);
/* To be called now and then: makes durable what has waited for some time, or, with @now, all. When
 * that fails nothing of it is recorded. */
bool mh_state_settle(MhState *state, bool now, GError **error);

/* The caches of an account's target were built when it bore @mark (warm-mark.h). What is set is
 * durable after mh_state_keep_warm(): many accounts cost one wait for the disk. */
bool mh_state_is_warm(MhState *state, const char *user, const MhDigest *mark);
bool mh_state_set_warm(MhState *state, const char *user, const MhDigest *mark, GError **error);
bool mh_state_keep_warm(MhState *state, GError **error);
