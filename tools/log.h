/* log: what a run did, for later: a file, or the system's log.
 *
 * One event an account, one each mailbox that failed, one each finding of weight repaired or loss,
 * and one each for the beginning and the end of a run. As text
 *
 *     2026-11-22T02:40:12+0100 error fred: Sent/2004: no room
 *
 * or as one JSON object a line. Names are printable (see printable.h), so an event is one line
 * whatever a folder is called. Messages' content is never part of it, nor is any secret.
 *
 * The file is appended to, mode 0600, a line a write(); when it has been moved away (logrotate) it
 * is opened anew before the next account.
 */
#pragma once

#include "outcome.h"
#include "settings.h"

typedef struct MhLog MhLog;

/* The log that @settings ask for. NULL without @error when they ask for none; NULL with @error
 * when it cannot be opened or is no regular file. */
MhLog *mh_log_open(const MhSettings *settings, GError **error);
void mh_log_free(MhLog *log); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhLog, mh_log_free)

/* All take NULL @log and then do nothing. A line that cannot be written is said once, by
 * mh_log_failed(). */
void mh_log_begin(MhLog *log, const char *task, size_t accounts);
void mh_log_account(MhLog *log, const MhAccountOutcome *outcome);
void mh_log_end(MhLog *log, const char *task, size_t done, size_t failed, int exit_status);

/* Why a line could not be written; NULL when all were. Borrowed. */
const char *mh_log_failed(const MhLog *log);
