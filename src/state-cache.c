#include "state-cache.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/mman.h>

/* As much as SQLite keeps of a database unless told otherwise: 2 MB. */
#define PAGE_BYTES 4096
#define PAGES      512
/* Small pieces for statements, as many and as large as SQLite's own. */
#define PIECE_BYTES 1200
#define PIECES      100

/* Memory that is not there in a forked process; NULL when there is none. A sanitizer that looks for
 * leaks there would not see what is reached from it. */
static void *
own_memory(size_t bytes)
{
#ifdef __SANITIZE_ADDRESS__
    (void)bytes;
    return NULL;
#else
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (madvise(memory, bytes, MADV_DONTFORK) == 0)
        return memory;
    munmap(memory, bytes);
    return NULL;
#endif
}

void
mh_state_cache_prepare(void)
{
    static bool prepared;
    int header = 0;
    if (prepared)
        return;
    prepared = true;
    if (sqlite3_config(SQLITE_CONFIG_PCACHE_HDRSZ, &header) != SQLITE_OK || header < 0)
        return;
    int slot = PAGE_BYTES + ((header + 7) & ~7);
    void *memory = own_memory((size_t)slot * PAGES);
    if (memory != NULL && sqlite3_config(SQLITE_CONFIG_PAGECACHE, memory, slot, PAGES) != SQLITE_OK)
        munmap(memory, (size_t)slot * PAGES);
}

void
mh_state_cache_use(sqlite3 *db)
{
    static bool used; /* by one database: there is one for a run */
    if (used)
        return;
    void *memory = own_memory((size_t)PIECE_BYTES * PIECES);
    used = memory != NULL && sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, memory, PIECE_BYTES,
                                               PIECES) == SQLITE_OK;
    if (memory != NULL && !used)
        munmap(memory, (size_t)PIECE_BYTES * PIECES);
}
