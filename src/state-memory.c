#include "state-private.h"

#include <string.h>

static void
bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

static void
bind_bytes(sqlite3_stmt *statement, int at, const char *bytes)
{
    sqlite3_bind_blob64(statement, at, bytes, strlen(bytes), SQLITE_TRANSIENT);
}

/* @variant, which may be NULL, in the byte order of this machine; a floating one is taken. */
static void
bind_variant(sqlite3_stmt *statement, int at, GVariant *variant)
{
    if (variant == NULL)
        return;
    g_autoptr(GVariant) owned = g_variant_ref_sink(variant);
    sqlite3_bind_blob64(statement, at, g_variant_get_data(owned), g_variant_get_size(owned),
                        SQLITE_TRANSIENT);
}

/* A column as @type, whose reader checks each part of it; NULL when it holds nothing. */
static GVariant *
column_unchecked(sqlite3_stmt *statement, int at, const char *type)
{
    const void *data = sqlite3_column_blob(statement, at);
    int size = sqlite3_column_bytes(statement, at);
    if (data == NULL)
        return NULL;
    g_autoptr(GBytes) bytes = g_bytes_new(data, (gsize)size);
    return g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(type), bytes, FALSE));
}

/* A column as @type; NULL when it holds nothing of the kind. */
static GVariant *
column_variant(sqlite3_stmt *statement, int at, const char *type)
{
    g_autoptr(GVariant) variant = column_unchecked(statement, at, type);
    /* which looks at each byte of an array on its own */
    return variant != NULL && g_variant_is_normal_form(variant) ? g_steal_pointer(&variant) : NULL;
}

static bool
for_user(MhState *state, const char *sql, const char *user)
{
    sqlite3_stmt *statement = mh_state_prepare(state, sql);
    if (statement != NULL)
        bind_text(statement, 1, user);
    return mh_state_finish(statement);
}

/* ---- writing ------------------------------------------------------------------------------ */

static bool
write_mailbox(MhState *state, const char *user, const char *settings,
              const MhMailboxMemory *mailbox)
{
    sqlite3_stmt *statement =
        mailbox->same
            ? mh_state_prepare(state, "UPDATE memory_mailbox SET run = ?3 WHERE user = ?1 AND"
                                      " key = ?2")
            : mh_state_prepare(state, "INSERT OR REPLACE INTO memory_mailbox (user, key, run,"
                                      " settings, content, outcome, carried)"
                                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    if (statement == NULL)
        return false;
    bind_text(statement, 1, user);
    bind_bytes(statement, 2, mailbox->key);
    sqlite3_bind_int64(statement, 3, state->run);
    if (!mailbox->same) {
        bind_text(statement, 4, settings);
        bind_variant(statement, 5, mh_mailbox_memory_to_variant(mailbox));
        bind_variant(statement, 6, mailbox->outcome);
        bind_variant(statement, 7, mailbox->carried);
    }
    return mh_state_finish(statement);
}

/* Mailboxes that were not told of have gone. */
static bool
drop_others(MhState *state, const char *user)
{
    sqlite3_stmt *statement =
        mh_state_prepare(state, "DELETE FROM memory_mailbox WHERE user = ?1 AND run <> ?2");
    if (statement == NULL)
        return false;
    bind_text(statement, 1, user);
    sqlite3_bind_int64(statement, 2, state->run);
    return mh_state_finish(statement);
}

static bool
write_account(MhState *state, const MhAccountOutcome *outcome, const char *settings)
{
    MhMemory *memory = outcome->memory;
    sqlite3_stmt *statement =
        mh_state_prepare(state, "INSERT OR REPLACE INTO memory (user, settings,"
                                " content) VALUES (?1, ?2, ?3)");
    if (statement == NULL)
        return false;
    g_clear_pointer(&memory->findings, g_variant_unref);
    memory->findings = g_variant_ref_sink(mh_findings_to_variant(outcome->findings));
    for (guint i = 0; i < outcome->not_mail->len; i++) {
        const MhNotMail *item = outcome->not_mail->pdata[i];
        g_ptr_array_add(memory->not_mail, mh_not_mail_new(item->path, item->reason));
    }
    bind_text(statement, 1, outcome->user);
    bind_text(statement, 2, settings);
    bind_variant(statement, 3, mh_memory_to_variant(memory));
    return mh_state_finish(statement);
}

bool
mh_state_write_memory(MhState *state, const MhAccountOutcome *outcome)
{
    MhMemory *memory = outcome->memory;
    if (memory == NULL)
        return true;
    const char *settings = memory->settings != NULL ? memory->settings : "";
    for (guint i = 0; i < memory->mailboxes->len; i++) {
        if (!write_mailbox(state, outcome->user, settings, memory->mailboxes->pdata[i]))
            return false;
    }
    if (memory->known && !write_account(state, outcome, settings))
        return false;
    return mh_account_outcome_failed(outcome) || drop_others(state, outcome->user);
}

bool
mh_state_forget(MhState *state, const char *user)
{
    static const char *const all[] = {
        "DELETE FROM memory WHERE user = ?",   "DELETE FROM memory_mailbox WHERE user = ?",
        "DELETE FROM mailbox WHERE user = ?",  "DELETE FROM finding WHERE user = ?",
        "DELETE FROM not_mail WHERE user = ?", "DELETE FROM account WHERE user = ?",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        if (!for_user(state, all[i], user))
            return false;
    }
    return true;
}

bool
mh_state_write_same(MhState *state)
{
    if (state->same->len == 0)
        return true;
    if (!mh_state_finish(mh_state_prepare(state, "BEGIN IMMEDIATE")))
        return false;
    bool good = true;
    for (guint i = 0; good && i < state->same->len; i++) {
        sqlite3_stmt *statement = mh_state_prepare(
            state, "UPDATE account SET run = ?2, synced = ?3, error = NULL, elapsed_us = 0"
                   " WHERE user = ?1");
        good = statement != NULL;
        if (!good)
            break;
        bind_text(statement, 1, state->same->pdata[i]);
        sqlite3_bind_int64(statement, 2, state->run);
        sqlite3_bind_int64(statement, 3, g_get_real_time() / G_USEC_PER_SEC);
        good = mh_state_finish(statement);
    }
    g_ptr_array_set_size(state->same, 0);
    return mh_state_finish(mh_state_prepare(state, good ? "COMMIT" : "ROLLBACK")) && good;
}

bool
mh_state_reopen(MhState *state, const char *user, GError **error)
{
    return for_user(state, "UPDATE account SET closed = NULL WHERE user = ?", user) ||
           mh_state_failed(state, "write", error);
}

/* ---- reading ------------------------------------------------------------------------------ */

static void
take_mailbox(MhMemory *memory, sqlite3_stmt *statement, bool carried)
{
    g_autoptr(GVariant) content = column_variant(statement, 1, MH_MAILBOX_MEMORY_TYPE);
    g_autoptr(MhMailboxMemory) mailbox =
        content != NULL ? mh_mailbox_memory_from_variant(content) : NULL;
    if (mailbox == NULL || mh_memory_find(memory, mailbox->key) != NULL)
        return;
    mailbox->settings = g_strdup((const char *)sqlite3_column_text(statement, 0));
    mailbox->outcome = column_unchecked(statement, 2, mh_mailbox_outcome_type());
    if (carried)
        mailbox->carried = column_variant(statement, 3, MH_CARRIED_TYPE);
    mh_memory_add(memory, g_steal_pointer(&mailbox));
}

/* Runs @sql for each row; false when the database cannot be read. */
static bool
each_row(MhState *state, const char *sql, const char *user, MhMemory *memory,
         void (*take)(MhMemory *memory, sqlite3_stmt *statement))
{
    int result;
    sqlite3_stmt *statement = mh_state_prepare(state, sql);
    if (statement == NULL)
        return false;
    bind_text(statement, 1, user);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        take(memory, statement);
    mh_state_rest(statement);
    return result == SQLITE_DONE;
}

static void
take_with_carried(MhMemory *memory, sqlite3_stmt *statement)
{
    take_mailbox(memory, statement, true);
}

static void
take_without_carried(MhMemory *memory, sqlite3_stmt *statement)
{
    take_mailbox(memory, statement, false);
}

static void
take_account(MhMemory *memory, sqlite3_stmt *statement)
{
    g_autoptr(GVariant) content = column_variant(statement, 1, mh_memory_type());
    memory->settings = g_strdup((const char *)sqlite3_column_text(statement, 0));
    if (content != NULL)
        mh_memory_from_variant(memory, content);
}

static void
take_closed(MhMemory *memory, sqlite3_stmt *statement)
{
    memory->closed = sqlite3_column_int64(statement, 0);
}

MhMemory *
mh_state_recall(MhState *state, const char *user, bool carried, GError **error)
{
    g_autoptr(MhMemory) memory = mh_memory_new();
    const char *mailboxes = carried ? "SELECT settings, content, outcome, carried"
                                      " FROM memory_mailbox WHERE user = ? ORDER BY key"
                                    : "SELECT settings, content, outcome"
                                      " FROM memory_mailbox WHERE user = ? ORDER BY key";
    if (each_row(state, "SELECT closed FROM account WHERE user = ?", user, memory, take_closed) &&
        each_row(state, "SELECT settings, content FROM memory WHERE user = ?", user, memory,
                 take_account) &&
        each_row(state, mailboxes, user, memory,
                 carried ? take_with_carried : take_without_carried))
        return g_steal_pointer(&memory);
    mh_state_failed(state, "read", error);
    return NULL;
}
