#include "state-private.h"

#include "keyed-hash.h"
#include "safe-file.h"
#include "state-cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* What a run did to each account is kept for this many runs. */
#define WORK_RUNS_KEPT 60

/* The one place that says what the database holds. Times are seconds since 1970, names printable
 * text. */
static const char schema[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA temp_store = MEMORY;" /* nothing of it in a directory that is everybody's */
    "PRAGMA foreign_keys = ON;"
    "BEGIN;" /* a new one waits for the disk once, and not for each table */
    "CREATE TABLE IF NOT EXISTS run ("
    " id INTEGER PRIMARY KEY, task TEXT NOT NULL, pid INTEGER NOT NULL,"
    " started INTEGER NOT NULL, ended INTEGER, exit_status INTEGER);"
    "CREATE TABLE IF NOT EXISTS account ("
    " user TEXT PRIMARY KEY, run INTEGER NOT NULL REFERENCES run(id),"
    " synced INTEGER, error TEXT, elapsed_us INTEGER NOT NULL, closed INTEGER);"
    "CREATE TABLE IF NOT EXISTS mailbox ("
    " user TEXT NOT NULL, source TEXT NOT NULL, path TEXT NOT NULL, target TEXT NOT NULL,"
    " format TEXT NOT NULL, error TEXT, uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL,"
    " messages INTEGER NOT NULL, bytes INTEGER NOT NULL, delivered INTEGER NOT NULL,"
    " retagged INTEGER NOT NULL, expunged INTEGER NOT NULL, foreign_mail INTEGER NOT NULL,"
    " PRIMARY KEY (user, source));"
    "CREATE TABLE IF NOT EXISTS finding ("
    " user TEXT NOT NULL, source TEXT NOT NULL, code TEXT NOT NULL, weight TEXT NOT NULL,"
    " times INTEGER NOT NULL, detail TEXT);"
    "CREATE INDEX IF NOT EXISTS finding_user ON finding (user);"
    "CREATE TABLE IF NOT EXISTS not_mail ("
    " user TEXT NOT NULL, path TEXT NOT NULL, reason TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS not_mail_user ON not_mail (user);"
    /* for the next run alone, see memory.h: stored forms and digests */
    "CREATE TABLE IF NOT EXISTS memory ("
    " user TEXT PRIMARY KEY, settings TEXT NOT NULL, content BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS memory_mailbox ("
    " user TEXT NOT NULL, key BLOB NOT NULL, run INTEGER NOT NULL, settings TEXT NOT NULL,"
    " content BLOB NOT NULL, outcome BLOB NOT NULL, carried BLOB, PRIMARY KEY (user, key));"
    /* What each of the latest runs did to each account. */
    "CREATE TABLE IF NOT EXISTS work ("
    " run INTEGER NOT NULL, user TEXT NOT NULL, ended_us INTEGER NOT NULL,"
    " elapsed_us INTEGER NOT NULL, failed INTEGER NOT NULL, messages INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS work_run ON work (run);"
    /* what the new server has built, see warm-mark.h */
    "CREATE TABLE IF NOT EXISTS warm (user TEXT PRIMARY KEY, mark BLOB NOT NULL);"
    "COMMIT;";

/* The system's own word for it stands in the connection, but not for a file that could not be
 * opened: there it is what came of a second try. */
bool
mh_state_failed(MhState *state, const char *what, GError **error)
{
    const char *path = sqlite3_db_filename(state->db, "main");
    int errnum = sqlite3_system_errno(state->db);
    g_autoptr(GString) cause = g_string_new(sqlite3_errmsg(state->db));
    if (sqlite3_errcode(state->db) == SQLITE_IOERR && errnum != 0)
        g_string_append_printf(cause, ": %s", g_strerror(errnum));
    else if (sqlite3_errcode(state->db) == SQLITE_CANTOPEN)
        g_string_append(cause, "; is there room, and may it be written?");
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "cannot %s the state database '%s': %s",
                what, path != NULL ? path : "mailhaul.db", cause->str);
    return false;
}

static bool
take_lock(MhState *state, int dirfd, const char *directory, GError **error)
{
    char holder[32] = "";
    state->lock_fd = openat(dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (state->lock_fd < 0)
        return mh_set_errno(error, errno, "cannot open the lock of state directory '%s'",
                            directory);
    bool locked = flock(state->lock_fd, LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK)
        return mh_set_errno(error, errno, "cannot lock state directory '%s'", directory);
    if (!locked) {
        ssize_t len = pread(state->lock_fd, holder, sizeof holder - 1, 0);
        holder[len > 0 ? len : 0] = '\0';
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                    "state directory '%s' is held by another run, process %s; "
                    "wait for it, or use another --state",
                    directory, g_strstrip(holder));
        return false;
    }
    g_autofree char *text = g_strdup_printf("%ld\n", (long)getpid());
    if (ftruncate(state->lock_fd, 0) != 0 ||
        pwrite(state->lock_fd, text, strlen(text), 0) != (ssize_t)strlen(text))
        return mh_set_errno(error, errno, "cannot write the lock of state directory '%s'",
                            directory);
    return true;
}

static bool
make_directory(const char *directory, GError **error)
{
    if (g_mkdir_with_parents(directory, 0700) == 0)
        return true;
    return mh_set_errno(error, errno, "cannot make state directory '%s'; name another with --state",
                        directory);
}

static void
finalize_statement(gpointer statement)
{
    sqlite3_finalize(statement);
}

sqlite3_stmt *
mh_state_prepare(MhState *state, const char *sql)
{
    sqlite3_stmt *statement = g_hash_table_lookup(state->statements, sql);
    if (statement == NULL && sqlite3_prepare_v2(state->db, sql, -1, &statement, NULL) == SQLITE_OK)
        g_hash_table_insert(state->statements, g_strdup(sql), statement);
    return statement;
}

void
mh_state_rest(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

bool
mh_state_finish(sqlite3_stmt *statement)
{
    if (statement == NULL)
        return false;
    int result = sqlite3_step(statement);
    mh_state_rest(statement);
    return result == SQLITE_DONE || result == SQLITE_ROW;
}

static MhState *
state_new(void)
{
    MhState *state = g_new0(MhState, 1);
    state->lock_fd = -1;
    state->same = g_ptr_array_new_with_free_func(g_free);
    state->statements =
        g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, finalize_statement);
    return state;
}

bool
mh_state_open_to_look(const char *directory, MhState **out_state, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "mailhaul.db", NULL);
    g_autofree char *log = g_strconcat(path, "-wal", NULL);
    g_autofree char *quoted = g_uri_escape_string(path, "/", FALSE);
    *out_state = NULL;
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return true;
    /* Without a log nobody is at work there, and SQLite need not make its files to see so. */
    bool plain = !g_file_test(log, G_FILE_TEST_EXISTS);
    g_autofree char *uri =
        g_strdup_printf("file:%s?mode=ro%s", quoted, plain ? "&immutable=1" : "");
    g_autoptr(MhState) state = state_new();
    if (sqlite3_open_v2(uri, &state->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) !=
            SQLITE_OK ||
        sqlite3_busy_timeout(state->db, 10000) != SQLITE_OK)
        return mh_state_failed(state, "open", error);
    *out_state = g_steal_pointer(&state);
    return true;
}

MhState *
mh_state_open(const char *directory, GError **error)
{
    g_autoptr(MhState) state = state_new();
    if (!make_directory(directory, error))
        return NULL;
    int dirfd = mh_open_root(directory, error);
    if (dirfd < 0)
        return NULL;
    bool locked = take_lock(state, dirfd, directory, error);
    close(dirfd);
    if (!locked)
        return NULL;
    g_autofree char *path = g_build_filename(directory, "mailhaul.db", NULL);
    mode_t old_umask = umask(0077);
    mh_state_cache_prepare();
    int result = sqlite3_open(path, &state->db);
    umask(old_umask);
    if (result == SQLITE_OK)
        mh_state_cache_use(state->db);
    if (result != SQLITE_OK || sqlite3_exec(state->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        mh_state_failed(state, "open", error);
        return NULL;
    }
    return g_steal_pointer(&state);
}

void
mh_state_free(MhState *state)
{
    if (state == NULL)
        return;
    if (state->db != NULL)
        mh_state_settle(state, true, NULL);
    g_hash_table_unref(state->statements);
    sqlite3_close(state->db);
    g_ptr_array_unref(state->same);
    if (state->lock_fd >= 0)
        close(state->lock_fd);
    g_free(state);
}

char *
mh_state_default_directory(void)
{
    if (geteuid() == 0)
        return g_strdup("/var/lib/mailhaul");
    return g_build_filename(g_get_user_state_dir(), "mailhaul", NULL);
}

/* Runs one statement with its arguments: 's' text (NULL is NULL), 'i' int64_t. */
static bool
run_sql(MhState *state, const char *sql, const char *types, ...)
{
    sqlite3_stmt *statement = mh_state_prepare(state, sql);
    va_list args;
    if (statement == NULL)
        return false;
    va_start(args, types);
    for (int i = 0; types[i] != '\0'; i++) {
        if (types[i] == 's')
            sqlite3_bind_text(statement, i + 1, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
        else
            sqlite3_bind_int64(statement, i + 1, va_arg(args, int64_t));
    }
    va_end(args);
    return mh_state_finish(statement);
}

static int64_t
now_s(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

bool
mh_state_begin_run(MhState *state, const char *task, GError **error)
{
    if (!run_sql(state, "INSERT INTO run (task, pid, started) VALUES (?, ?, ?)", "sii", task,
                 (int64_t)getpid(), now_s()))
        return mh_state_failed(state, "write", error);
    state->run = sqlite3_last_insert_rowid(state->db);
    if (!run_sql(state, "DELETE FROM work WHERE run <= ?", "i", state->run - WORK_RUNS_KEPT))
        return mh_state_failed(state, "write", error);
    return true;
}

bool
mh_state_end_run(MhState *state, int exit_status, GError **error)
{
    if (!mh_state_settle(state, true, error))
        return false;
    if (!mh_state_write_same(state))
        return mh_state_failed(state, "write", error);
    return run_sql(state, "UPDATE run SET ended = ?, exit_status = ? WHERE id = ?", "iii", now_s(),
                   (int64_t)exit_status, state->run) ||
           mh_state_failed(state, "write", error);
}

static bool
record_findings(MhState *state, const char *user, const char *source, const MhFindings *findings)
{
    bool told[MH_FINDING_COUNT] = {false};
    for (size_t i = 0; i < mh_findings_kept(findings); i++) {
        const MhFinding *finding = mh_findings_get(findings, i);
        MhFindingCode code = finding->code;
        int64_t times = told[code] ? 0 : (int64_t)mh_findings_count(findings, code);
        told[code] = true;
        if (!run_sql(state,
                     "INSERT INTO finding (user, source, code, weight, times, detail)"
                     " VALUES (?, ?, ?, ?, ?, ?)",
                     "ssssis", user, source, mh_finding_name(code),
                     mh_weight_name(mh_finding_weight(code)), times, finding->detail))
            return false;
    }
    return true;
}

static bool
record_mailbox(MhState *state, const char *user, const MhMailboxOutcome *mailbox)
{
    return run_sql(state,
                   "INSERT OR REPLACE INTO mailbox (user, source, path, target, format, error,"
                   " uidvalidity, uidnext, messages, bytes, delivered, retagged, expunged,"
                   " foreign_mail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   "ssssssiiiiiiii", user, mailbox->source, mailbox->path, mailbox->target,
                   mailbox->format, mailbox->error, (int64_t)mailbox->uidvalidity,
                   (int64_t)mailbox->uidnext, (int64_t)mailbox->messages, (int64_t)mailbox->bytes,
                   (int64_t)mailbox->delivered, (int64_t)mailbox->retagged,
                   (int64_t)mailbox->expunged, (int64_t)mailbox->foreign) &&
           record_findings(state, user, mailbox->source, mailbox->findings);
}

static bool
record_work(MhState *state, const MhAccountOutcome *outcome)
{
    uint64_t messages = 0, bytes = 0;
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        messages += mailbox->delivered;
        bytes += mailbox->delivered_bytes;
    }
    return run_sql(state,
                   "INSERT INTO work (run, user, ended_us, elapsed_us, failed, messages, bytes)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?)",
                   "isiiiii", state->run, outcome->user, g_get_real_time(),
                   (int64_t)outcome->elapsed_us, (int64_t)mh_account_outcome_failed(outcome),
                   (int64_t)messages, (int64_t)bytes);
}

static bool
record(MhState *state, const MhAccountOutcome *outcome)
{
    const char *user = outcome->user;
    if (outcome->undone)
        return mh_state_forget(state, user);
    int64_t closed = outcome->closed ? now_s() : 0;
    int64_t synced = mh_account_outcome_failed(outcome) ? 0 : now_s();
    if (!run_sql(state,
                 "INSERT INTO account (user, run, synced, error, elapsed_us, closed) VALUES"
                 " (?1, ?2, nullif(?3, 0), ?4, ?5, nullif(?6, 0)) ON CONFLICT (user) DO UPDATE SET"
                 " run = ?2, synced = coalesce(nullif(?3, 0), synced), error = ?4,"
                 " elapsed_us = ?5, closed = coalesce(nullif(?6, 0), closed)",
                 "siisii", user, state->run, synced, outcome->error, (int64_t)outcome->elapsed_us,
                 closed) ||
        !run_sql(state, "DELETE FROM mailbox WHERE user = ?", "s", user) ||
        !run_sql(state, "DELETE FROM finding WHERE user = ?", "s", user) ||
        !run_sql(state, "DELETE FROM not_mail WHERE user = ?", "s", user) ||
        !record_findings(state, user, "", outcome->findings) || !record_work(state, outcome))
        return false;
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        if (!record_mailbox(state, user, outcome->mailboxes->pdata[i]))
            return false;
    }
    for (guint i = 0; i < outcome->not_mail->len; i++) {
        const MhNotMail *item = outcome->not_mail->pdata[i];
        if (!run_sql(state, "INSERT INTO not_mail (user, path, reason) VALUES (?, ?, ?)", "sss",
                     user, item->path, item->reason))
            return false;
    }
    return mh_state_write_memory(state, outcome);
}

/* Accounts that end within this time are written down together, since each commit waits for the
 * disk: so much work is done again when the machine fails. */
#define BATCH_US (G_USEC_PER_SEC / 2)

bool
mh_state_settle(MhState *state, bool now, GError **error)
{
    if (sqlite3_get_autocommit(state->db)) /* nothing has been begun */
        return true;
    if (!now && g_get_monotonic_time() - state->batch_us < BATCH_US)
        return true;
    if (run_sql(state, "COMMIT", ""))
        return true;
    mh_state_failed(state, "write", error);
    run_sql(state, "ROLLBACK", "");
    return false;
}

/* Begins a batch, unless one has been. */
static bool
begin_batch(MhState *state)
{
    if (!sqlite3_get_autocommit(state->db))
        return true;
    state->batch_us = g_get_monotonic_time();
    return run_sql(state, "BEGIN IMMEDIATE", "");
}

bool
mh_state_record_account(MhState *state, const MhAccountOutcome *outcome, GError **error)
{
    if (outcome->same) {
        g_ptr_array_add(state->same, g_strdup(outcome->user));
        return true;
    }
    if (!begin_batch(state))
        return mh_state_failed(state, "write", error);
    if (run_sql(state, "SAVEPOINT account", "") && record(state, outcome) &&
        run_sql(state, "RELEASE account", ""))
        return mh_state_settle(state, outcome->closed || outcome->undone, error);
    mh_state_failed(state, "write", error);
    if (sqlite3_get_autocommit(state->db)) { /* it has given up all of the batch */
        g_prefix_error(error, "this account and those of the last moment are not recorded: ");
        return false;
    }
    run_sql(state, "ROLLBACK TO account", "");
    run_sql(state, "RELEASE account", "");
    return false;
}
