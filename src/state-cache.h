/* state-cache: SQLite's memory, kept out of the workers.
 *
 * After a fork the first write to each page of memory is a fault and a copy, for the process that
 * forked as well: with a worker an account that is most of what it costs to write the account down.
 * What SQLite keeps of the database is therefore in memory that is not there in a forked process
 * (MADV_DONTFORK), which has no business with it either.
 */
#pragma once

#include <sqlite3.h>

/* Before the first database is opened; later, or where there is no such memory, nothing happens. */
void mh_state_cache_prepare(void);
/* For a database that has just been opened. */
void mh_state_cache_use(sqlite3 *db);
