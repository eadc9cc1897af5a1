#include "log.h"

#include "json-text.h"
#include "outcome-text.h"
#include "printable.h"
#include "safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

/* Where syslog(3) sends to. */
#define SYSLOG_SOCKET "/dev/log"

struct MhLog {
    char *path; /* NULL: the system's log */
    int fd;
    bool json;
    char *failure;
};

/* What an event is made of; NULL where there is none. */
typedef struct {
    int level; /* LOG_INFO, LOG_WARNING, LOG_ERR */
    const char *event, *user, *folder, *code, *text, *detail;
    uint64_t times;
} Event;

static int
open_file(const char *path, GError **error)
{
    struct stat st;
    g_autofree char *shown = mh_printable_string(path);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) {
        mh_set_errno(error, errno, "cannot open the log '%s'", shown);
        return -1;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "cannot log to '%s': it is %s", shown,
                mh_file_kind(st.st_mode));
    close(fd);
    return -1;
}

/* syslog(3) drops what it cannot deliver, and says nothing. */
static bool
find_syslog(GError **error)
{
    struct stat st;
    if (stat(SYSLOG_SOCKET, &st) != 0)
        return mh_set_errno(error, errno,
                            "cannot log to syslog: no system log listens at '" SYSLOG_SOCKET
                            "'; start one, or name a file with --log");
    return true;
}

MhLog *
mh_log_open(const MhSettings *settings, GError **error)
{
    if (settings->log == NULL)
        return NULL;
    g_autoptr(MhLog) log = g_new0(MhLog, 1);
    log->fd = -1;
    log->json = settings->log_format == MH_LOG_JSON;
    if (strcmp(settings->log, "syslog") == 0) {
        if (!find_syslog(error))
            return NULL;
        openlog("mailhaul", LOG_PID, LOG_MAIL);
        return g_steal_pointer(&log);
    }
    log->path = g_strdup(settings->log);
    log->fd = open_file(log->path, error);
    return log->fd >= 0 ? g_steal_pointer(&log) : NULL;
}

void
mh_log_free(MhLog *log)
{
    if (log == NULL)
        return;
    if (log->fd >= 0)
        close(log->fd);
    if (log->path == NULL)
        closelog();
    g_free(log->path);
    g_free(log->failure);
    g_free(log);
}

const char *
mh_log_failed(const MhLog *log)
{
    return log != NULL ? log->failure : NULL;
}

/* Has the file been moved away? Then there is a new one to be begun. */
static void
follow(MhLog *log)
{
    struct stat there, ours;
    if (log->path == NULL)
        return;
    if (stat(log->path, &there) == 0 && fstat(log->fd, &ours) == 0 && there.st_ino == ours.st_ino &&
        there.st_dev == ours.st_dev)
        return;
    int fd = open_file(log->path, NULL);
    if (fd < 0)
        return;
    close(log->fd);
    log->fd = fd;
}

/* ---- one event ---------------------------------------------------------------------------- */

static const char *
level_name(int level)
{
    return level == LOG_ERR ? "error" : level == LOG_WARNING ? "warning" : "info";
}

static void
add_part(GString *line, const char *before, const char *part)
{
    if (part != NULL && part[0] != '\0')
        g_string_append_printf(line, "%s%s", before, part);
}

static void
format_text(GString *line, const Event *event)
{
    g_string_append(line, event->user != NULL ? event->user : event->event);
    add_part(line, ": ", event->folder);
    add_part(line, ": ", event->code);
    add_part(line, ": ", event->text);
    add_part(line, ": ", event->detail);
    if (event->times > 1)
        g_string_append_printf(line, " (%" G_GUINT64_FORMAT " times)", (guint64)event->times);
}

static void
format_json(GString *line, const char *when, const Event *event)
{
    MhJson json = {.out = line};
    mh_json_open(&json, NULL, '{');
    mh_json_string(&json, "time", when);
    mh_json_string(&json, "level", level_name(event->level));
    mh_json_string(&json, "event", event->event);
    const char *const members[][2] = {{"user", event->user},
                                      {"folder", event->folder},
                                      {"code", event->code},
                                      {"text", event->text},
                                      {"detail", event->detail}};
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        if (members[i][1] != NULL)
            mh_json_string(&json, members[i][0], members[i][1]);
    }
    if (event->times > 0)
        mh_json_number(&json, "times", event->times);
    mh_json_close(&json, '}');
}

/* A syslog line must not be cut or split by what a folder is called: names are one line. */
static void
write_line(MhLog *log, int level, GString *line)
{
    g_autoptr(GError) error = NULL;
    if (log->path == NULL) {
        syslog(level, "%s", line->str);
        return;
    }
    g_string_append_c(line, '\n');
    if (!mh_write_all(log->fd, mh_span(line->str, line->len), &error) && log->failure == NULL)
        log->failure = g_strdup(error->message);
}

static void
say(MhLog *log, const Event *event)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *when = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S%z");
    g_autoptr(GString) line = g_string_new(NULL);
    if (log->json) {
        format_json(line, when, event);
    } else {
        if (log->path != NULL)
            g_string_append_printf(line, "%s %s ", when, level_name(event->level));
        format_text(line, event);
    }
    write_line(log, event->level, line);
}

/* ---- what is told ------------------------------------------------------------------------- */

void
mh_log_begin(MhLog *log, const char *task, size_t accounts)
{
    if (log == NULL)
        return;
    g_autofree char *text = g_strdup_printf("%s of %zu accounts begins", task, accounts);
    say(log, &(Event){.level = LOG_INFO, .event = "begin", .text = text});
}

void
mh_log_end(MhLog *log, const char *task, size_t done, size_t failed, int exit_status)
{
    if (log == NULL)
        return;
    g_autofree char *text = g_strdup_printf(
        "%s ends with status %d: %zu accounts tried, %zu failed", task, exit_status, done, failed);
    say(log, &(Event){.level = failed > 0 ? LOG_ERR : LOG_INFO, .event = "end", .text = text});
}

static void
say_findings(MhLog *log, const char *user, const char *folder, const MhFindings *findings)
{
    bool told[MH_FINDING_COUNT] = {false};
    for (size_t i = 0; i < mh_findings_kept(findings); i++) {
        const MhFinding *finding = mh_findings_get(findings, i);
        MhWeight weight = mh_finding_weight(finding->code);
        if (weight == MH_WEIGHT_NOTE || told[finding->code])
            continue;
        told[finding->code] = true;
        say(log, &(Event){.level = weight == MH_WEIGHT_LOSS ? LOG_WARNING : LOG_INFO,
                          .event = mh_weight_name(weight),
                          .user = user,
                          .folder = folder,
                          .code = mh_finding_name(finding->code),
                          .text = mh_finding_text(finding->code),
                          .detail = finding->detail,
                          .times = mh_findings_count(findings, finding->code)});
    }
}

static void
say_account(MhLog *log, const MhAccountOutcome *outcome)
{
    uint64_t messages = 0, delivered = 0, bytes = 0;
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        messages += mailbox->messages;
        delivered += mailbox->delivered;
        bytes += mailbox->delivered_bytes;
    }
    bool failed = mh_account_outcome_failed(outcome);
    g_autofree char *mailboxes = mh_text_count(outcome->mailboxes->len, "mailbox");
    g_autofree char *mail = mh_text_count(messages, "message");
    g_autofree char *text = g_strdup_printf(
        "%s, %s, %s, %" G_GUINT64_FORMAT " new, %" G_GUINT64_FORMAT " bytes, %" G_GUINT64_FORMAT
        " ms",
        failed             ? "failed"
        : outcome->dry_run ? "checked"
                           : "done",
        mailboxes, mail, (guint64)delivered, (guint64)bytes, (guint64)outcome->elapsed_us / 1000);
    say(log, &(Event){.level = failed ? LOG_ERR : LOG_INFO,
                      .event = "account",
                      .user = outcome->user,
                      .text = text,
                      .detail = outcome->error});
}

void
mh_log_account(MhLog *log, const MhAccountOutcome *outcome)
{
    if (log == NULL)
        return;
    follow(log);
    say_account(log, outcome);
    say_findings(log, outcome->user, NULL, outcome->findings);
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        if (mailbox->done == MH_DONE_FAILED)
            say(log, &(Event){.level = LOG_ERR,
                              .event = "mailbox",
                              .user = outcome->user,
                              .folder = mailbox->source,
                              .text = mailbox->error});
        say_findings(log, outcome->user, mailbox->source, mailbox->findings);
    }
}
