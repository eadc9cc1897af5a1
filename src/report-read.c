/* report-read: from the database to MhSiteReport. See state.c for what the tables hold. */
#include "report.h"

#include "keyed-hash.h"
#include "safe-file.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

/* Runs older than these are not listed. */
#define RUNS_SHOWN 60
/* How long to wait while a run starts or ends, which is when readers are kept out. */
#define BUSY_MS 10000

typedef struct {
    sqlite3 *db;
    MhSiteReport *report;
    GHashTable *by_user; /* char * -> MhReportAccount, both the report's */
} Reader;

/* Takes one row; false stops. */
typedef void (*TakeRow)(Reader *reader, sqlite3_stmt *row);

static void
mailbox_free(gpointer item)
{
    MhReportMailbox *mailbox = item;
    g_free(mailbox->source);
    g_free(mailbox->path);
    g_free(mailbox->target);
    g_free(mailbox->format);
    g_free(mailbox->error);
    g_free(mailbox);
}

static void
finding_free(gpointer item)
{
    MhReportFinding *finding = item;
    g_free(finding->source);
    g_free(finding->code);
    g_free(finding->detail);
    g_free(finding);
}

static void
account_free(gpointer item)
{
    MhReportAccount *account = item;
    g_free(account->user);
    g_free(account->error);
    g_ptr_array_unref(account->mailboxes);
    g_ptr_array_unref(account->findings);
    g_free(account);
}

static void
run_free(gpointer item)
{
    MhReportRun *run = item;
    g_free(run->task);
    g_free(run);
}

void
mh_site_report_free(MhSiteReport *report)
{
    if (report == NULL)
        return;
    g_free(report->directory);
    g_ptr_array_unref(report->accounts);
    g_ptr_array_unref(report->runs);
    g_array_unref(report->work);
    g_free(report);
}

/* A copy; NULL for NULL. What is not UTF-8 was not written by us, and is made so. */
static char *
take_text(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text != NULL ? g_utf8_make_valid(text, -1) : NULL;
}

static char *
take_some_text(sqlite3_stmt *row, int column)
{
    char *text = take_text(row, column);
    return text != NULL ? text : g_strdup("");
}

static uint64_t
take_count(sqlite3_stmt *row, int column)
{
    int64_t number = sqlite3_column_int64(row, column);
    return number > 0 ? (uint64_t)number : 0;
}

static MhReportAccount *
find_account(const Reader *reader, sqlite3_stmt *row, int column)
{
    const char *user = (const char *)sqlite3_column_text(row, column);
    return user != NULL ? g_hash_table_lookup(reader->by_user, user) : NULL;
}

static void
take_account(Reader *reader, sqlite3_stmt *row)
{
    const char *user = (const char *)sqlite3_column_text(row, 0);
    MhReportAccount *account = g_new0(MhReportAccount, 1);
    account->user = g_strdup(user != NULL ? user : ""); /* the bytes by which it is found */
    account->run = sqlite3_column_int64(row, 1);
    account->synced = sqlite3_column_int64(row, 2);
    account->error = take_text(row, 3);
    account->elapsed_us = take_count(row, 4);
    account->closed = sqlite3_column_int64(row, 5);
    account->mailboxes = g_ptr_array_new_with_free_func(mailbox_free);
    account->findings = g_ptr_array_new_with_free_func(finding_free);
    g_ptr_array_add(reader->report->accounts, account);
    g_hash_table_insert(reader->by_user, account->user, account);
}

static void
take_mailbox(Reader *reader, sqlite3_stmt *row)
{
    MhReportAccount *account = find_account(reader, row, 0);
    if (account == NULL)
        return;
    MhReportMailbox *mailbox = g_new0(MhReportMailbox, 1);
    mailbox->source = take_some_text(row, 1);
    mailbox->path = take_some_text(row, 2);
    mailbox->target = take_some_text(row, 3);
    mailbox->format = take_some_text(row, 4);
    mailbox->error = take_text(row, 5);
    mailbox->uidvalidity = (uint32_t)take_count(row, 6);
    mailbox->uidnext = (uint32_t)take_count(row, 7);
    mailbox->messages = take_count(row, 8);
    mailbox->bytes = take_count(row, 9);
    mailbox->delivered = take_count(row, 10);
    mailbox->retagged = take_count(row, 11);
    mailbox->expunged = take_count(row, 12);
    mailbox->foreign = take_count(row, 13);
    account->messages += mailbox->messages;
    account->bytes += mailbox->bytes;
    account->delivered += mailbox->delivered;
    account->foreign += mailbox->foreign;
    account->failed_mailboxes += mailbox->error != NULL;
    g_ptr_array_add(account->mailboxes, mailbox);
}

static MhWeight
weight_of(const char *name)
{
    for (int weight = MH_WEIGHT_NOTE; weight < MH_WEIGHT_LOSS; weight++) {
        if (g_strcmp0(name, mh_weight_name((MhWeight)weight)) == 0)
            return (MhWeight)weight;
    }
    return MH_WEIGHT_LOSS; /* what we do not know should be looked at */
}

static void
take_finding(Reader *reader, sqlite3_stmt *row)
{
    MhReportAccount *account = find_account(reader, row, 0);
    if (account == NULL)
        return;
    MhReportFinding *finding = g_new0(MhReportFinding, 1);
    finding->source = take_some_text(row, 1);
    finding->code = take_some_text(row, 2);
    finding->weight = weight_of((const char *)sqlite3_column_text(row, 3));
    finding->times = take_count(row, 4);
    finding->detail = take_text(row, 5);
    account->found[finding->weight] += finding->times;
    g_ptr_array_add(account->findings, finding);
}

static void
take_run(Reader *reader, sqlite3_stmt *row)
{
    MhReportRun *run = g_new0(MhReportRun, 1);
    run->id = sqlite3_column_int64(row, 0);
    run->task = take_some_text(row, 1);
    run->started = sqlite3_column_int64(row, 2);
    run->ended = sqlite3_column_int64(row, 3);
    run->exit_status = sqlite3_column_type(row, 4) == SQLITE_NULL ? -1 : sqlite3_column_int(row, 4);
    run->accounts = take_count(row, 5);
    run->failed = take_count(row, 6);
    run->messages = take_count(row, 7);
    run->bytes = take_count(row, 8);
    g_ptr_array_add(reader->report->runs, run);
    if (reader->report->work_run == 0 && run->messages > 0)
        reader->report->work_run = run->id;
}

static void
take_work(Reader *reader, sqlite3_stmt *row)
{
    if (sqlite3_column_int64(row, 0) != reader->report->work_run)
        return;
    MhReportWork work = {.ended_us = sqlite3_column_int64(row, 1),
                         .elapsed_us = take_count(row, 2),
                         .messages = take_count(row, 3),
                         .bytes = take_count(row, 4)};
    g_array_append_val(reader->report->work, work);
}

static bool
read_rows(Reader *reader, const char *sql, TakeRow take, GError **error)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(reader->db, sql, -1, &statement, NULL);
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        result = sqlite3_step(statement);
        if (result == SQLITE_ROW)
            take(reader, statement);
        else if (result == SQLITE_OK)
            result = SQLITE_ERROR;
    }
    sqlite3_finalize(statement);
    if (result == SQLITE_DONE)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                "cannot read the state database in '%s': %s", reader->report->directory,
                sqlite3_errmsg(reader->db));
    return false;
}

static const struct {
    const char *sql;
    TakeRow take;
} tables[] = {
    {"SELECT user, run, synced, error, elapsed_us, closed FROM account ORDER BY user",
     take_account},
    {"SELECT user, source, path, target, format, error, uidvalidity, uidnext, messages, bytes,"
     " delivered, retagged, expunged, foreign_mail FROM mailbox ORDER BY user, source",
     take_mailbox},
    {"SELECT user, source, code, weight, times, detail FROM finding ORDER BY rowid", take_finding},
    {"SELECT id, task, started, ended, exit_status, count(work.user), total(failed),"
     " total(messages), total(bytes) FROM run LEFT JOIN work ON work.run = run.id"
     " GROUP BY id ORDER BY id DESC LIMIT " G_STRINGIFY(RUNS_SHOWN),
     take_run},
    {"SELECT run, ended_us, elapsed_us, messages, bytes FROM work ORDER BY rowid", take_work},
};

static MhAccountState
judge(const MhReportAccount *account)
{
    if (account->synced == 0)
        return MH_ACCOUNT_NOT_DONE;
    return account->error != NULL || account->failed_mailboxes > 0 ? MH_ACCOUNT_BEHIND
                                                                   : MH_ACCOUNT_IN_STEP;
}

/* All tables as they were at one moment. */
static bool
read_all(Reader *reader, GError **error)
{
    sqlite3_busy_timeout(reader->db, BUSY_MS);
    sqlite3_exec(reader->db, "BEGIN", NULL, NULL, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        if (!read_rows(reader, tables[i].sql, tables[i].take, error))
            return false;
    }
    for (guint i = 0; i < reader->report->accounts->len; i++) {
        MhReportAccount *account = reader->report->accounts->pdata[i];
        account->state = judge(account);
    }
    return true;
}

/* Read-only. Without a write-ahead log nobody is at work there, and with @plain SQLite then makes
 * no files of its own to see so. */
static bool
open_database(Reader *reader, const char *path, bool plain, GError **error)
{
    g_autofree char *quoted = g_uri_escape_string(path, "/", FALSE);
    g_autofree char *uri =
        g_strdup_printf("file:%s?mode=ro%s", quoted, plain ? "&immutable=1" : "");
    if (sqlite3_open_v2(uri, &reader->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) ==
        SQLITE_OK)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                "cannot open the state database in '%s': %s", reader->report->directory,
                sqlite3_errmsg(reader->db));
    return false;
}

static MhSiteReport *
load_once(const char *directory, const char *path, bool plain, GError **error)
{
    g_autoptr(MhSiteReport) report = g_new0(MhSiteReport, 1);
    g_autoptr(GHashTable) by_user = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    Reader reader = {.report = report, .by_user = by_user};
    report->directory = g_strdup(directory);
    report->now = g_get_real_time() / G_USEC_PER_SEC;
    report->accounts = g_ptr_array_new_with_free_func(account_free);
    report->runs = g_ptr_array_new_with_free_func(run_free);
    report->work = g_array_new(FALSE, FALSE, sizeof(MhReportWork));
    bool good = open_database(&reader, path, plain, error) && read_all(&reader, error);
    sqlite3_close(reader.db);
    return good ? g_steal_pointer(&report) : NULL;
}

static bool
find_database(const char *directory, const char *path, struct stat *out_stat, GError **error)
{
    if (access(path, R_OK) == 0 && stat(path, out_stat) == 0)
        return true;
    if (errno != ENOENT)
        return mh_set_errno(error, errno, "cannot read the state in '%s'", directory);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                "there is no state in '%s' yet; is it another --state?", directory);
    return false;
}

MhSiteReport *
mh_site_report_load(const char *directory, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "mailhaul.db", NULL);
    g_autofree char *log = g_strconcat(path, "-wal", NULL);
    struct stat before, after;
    if (!find_database(directory, path, &before, error))
        return NULL;
    if (access(log, F_OK) != 0) {
        g_autoptr(MhSiteReport) report = load_once(directory, path, true, NULL);
        MhStamp then = mh_stamp_of(&before);
        /* A run that began meanwhile may have changed what was being read: then once more. */
        if (report != NULL && access(log, F_OK) != 0 && stat(path, &after) == 0) {
            MhStamp now = mh_stamp_of(&after);
            if (mh_stamp_equal(&then, &now))
                return g_steal_pointer(&report);
        }
    }
    return load_once(directory, path, false, error);
}
