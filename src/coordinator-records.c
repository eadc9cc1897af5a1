#include "coordinator-private.h"

#include "late-keywords.h"
#include "name-map.h"
#include "printable.h"
#include "remember.h"
#include "size-limits.h"

static bool
take_progress(MhRun *run, MhSeat *seat, GVariant *content)
{
    guint64 messages, bytes;
    (void)seat;
    g_variant_get(content, "(tt)", &messages, &bytes);
    run->messages += messages;
    run->bytes += bytes;
    return true;
}

/* What an admin may paste into the map of names is about this account. */
static bool
take_mailbox(MhRun *run, MhSeat *seat, GVariant *content)
{
    MhAccountOutcome *outcome = seat->outcome;
    g_autoptr(MhMailboxOutcome) mailbox = mh_mailbox_outcome_from_variant(content);
    (void)run;
    if (mailbox == NULL ||
        (mailbox->name_map != NULL && !mh_name_map_is_line_of(outcome->user, mailbox->name_map)))
        return false;
    if (seat->division != NULL && !seat->is_part)
        mh_division_add_to(seat->division, mailbox);
    g_ptr_array_add(outcome->mailboxes, g_steal_pointer(&mailbox));
    return true;
}

static bool
take_not_mail(MhRun *run, MhSeat *seat, GVariant *content)
{
    const char *path, *reason;
    (void)run;
    g_variant_get(content, "(&s&s)", &path, &reason);
    g_ptr_array_add(seat->outcome->not_mail, mh_not_mail_new(path, reason));
    return true;
}

static bool
take_findings(MhRun *run, MhSeat *seat, GVariant *content)
{
    g_autoptr(MhFindings) findings = mh_findings_from_variant(content);
    (void)run;
    mh_findings_merge(seat->outcome->findings, findings);
    return findings != NULL;
}

static bool
take_error(MhRun *run, MhSeat *seat, GVariant *content)
{
    (void)run;
    g_free(seat->outcome->error);
    g_variant_get(content, "(s)", &seat->outcome->error);
    return true;
}

static bool
does(const MhRun *run, MhTask task)
{
    return run->job->task == task && !run->job->settings->dry_run;
}

/* Hands a keyword without a letter on as a command. False when it is not what one can be. */
static bool
take_keyword(MhRun *run, MhSeat *seat, GVariant *content)
{
    const char *mailbox, *guid, *keyword, *uids;
    if (!does(run, MH_TASK_MIGRATE))
        return false;
    g_variant_get(content, "(&s&s&s&s)", &mailbox, &guid, &keyword, &uids);
    g_autofree char *command =
        mh_late_keyword_command(seat->outcome->user, mailbox, guid, keyword, uids);
    if (command != NULL && run->events->late_keyword != NULL)
        run->events->late_keyword(command, run->events->user);
    return command != NULL;
}

static bool
take_mailbox_memory(MhRun *run, MhSeat *seat, GVariant *content)
{
    (void)run;
    return mh_remember_take_mailbox(seat->outcome, content);
}

/* Only what this run is for can have come about. */
static bool
take_account_memory(MhRun *run, MhSeat *seat, GVariant *content)
{
    MhAccountOutcome *outcome = seat->outcome;
    bool may_close = does(run, MH_TASK_MIGRATE) && run->job->settings->final;
    bool good = mh_remember_take_account(outcome, content) && (may_close || !outcome->closed) &&
                (does(run, MH_TASK_UNDO) || !(outcome->undone || outcome->root_left));
    if (!good)
        outcome->closed = outcome->undone = outcome->root_left = false;
    return good;
}

static bool
take_difference(MhRun *run, MhSeat *seat, GVariant *content)
{
    MhDifference *difference = mh_difference_from_variant(content);
    (void)run;
    if (difference != NULL)
        mh_differences_take(seat->outcome->differences, difference);
    return difference != NULL;
}

static bool
take_end(MhRun *run, MhSeat *seat, GVariant *content)
{
    gboolean stopped;
    (void)run;
    g_variant_get(content, "(b)", &stopped);
    seat->ended = true;
    seat->stopped = stopped;
    return true;
}

static bool
take_part(MhRun *run, MhSeat *seat, GVariant *content)
{
    guint64 not_linked;
    (void)run;
    g_variant_get(content, "(t)", &not_linked);
    if (seat->is_part)
        mh_division_enter(seat->division, not_linked);
    return seat->is_part;
}

static bool
take_last_batch(MhRun *run, MhSeat *seat, GVariant *content)
{
    (void)run;
    (void)content;
    seat->in_last_batch = true;
    return true;
}

/* What is done with a record of each kind, and what it must be; NULL: who takes it looks. */
static const struct {
    const char *type;
    bool (*take)(MhRun *run, MhSeat *seat, GVariant *content);
} handlers[] = {
    [MH_RECORD_PROGRESS] = {"(tt)", take_progress},
    [MH_RECORD_MAILBOX] = {NULL, take_mailbox},
    [MH_RECORD_NOT_MAIL] = {"(ss)", take_not_mail},
    [MH_RECORD_FINDINGS] = {NULL, take_findings},
    [MH_RECORD_ERROR] = {"(s)", take_error},
    [MH_RECORD_KEYWORD] = {"(ssss)", take_keyword},
    [MH_RECORD_REMEMBER] = {NULL, take_mailbox_memory},
    [MH_RECORD_ACCOUNT] = {NULL, take_account_memory},
    [MH_RECORD_DIFFERENCE] = {NULL, take_difference},
    [MH_RECORD_END] = {"(b)", take_end},
    [MH_RECORD_PART] = {"(t)", take_part},
    [MH_RECORD_LAST_BATCH] = {"()", take_last_batch},
};

/* Takes in one record. False when it is not one that a worker sends. */
static bool
take_record(MhRun *run, MhSeat *seat, MhRecordKind kind, GVariant *content)
{
    if (kind >= G_N_ELEMENTS(handlers) || handlers[kind].take == NULL)
        return false;
    const char *type = handlers[kind].type;
    return (type == NULL || g_variant_is_of_type(content, G_VARIANT_TYPE(type))) &&
           handlers[kind].take(run, seat, content);
}

/* What a worker says is kept until its account is done, so it does not speak without end. */
static bool
has_room(MhSeat *seat, MhRecordKind kind, GVariant *content)
{
    if (kind == MH_RECORD_PROGRESS)
        return true;
    seat->said_bytes += g_variant_get_size(content) + MH_RECORD_KEPT_BYTES;
    if (seat->said_bytes <= MH_LIMIT_RECORDS_BYTES)
        return true;
    g_free(seat->outcome->error);
    seat->outcome->error =
        g_strdup("its worker said more than is kept of an account; it was ended");
    return false;
}

/* Whatever a worker says is for people, but the name of a mailbox in a command: that is checked
 * where the command is made. */
bool
mh_coordinator_take(MhRun *run, MhSeat *seat, MhRecordKind kind, GVariant *content)
{
    if (!has_room(seat, kind, content))
        return false;
    g_autoptr(GVariant) printable =
        kind == MH_RECORD_KEYWORD ? g_variant_ref(content) : mh_printable_variant(content);
    return take_record(run, seat, kind, printable);
}
