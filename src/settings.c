#include "settings.h"

#include "config-error.h"
#include "path-pattern.h"
#include "printable.h"
#include "time-text.h"

#include <string.h>

#define BIT(command) (1u << MH_COMMAND_##command)

/* Sets of commands. Mail is read by the first, written by the second. */
#define READS    (BIT(CHECK) | BIT(MIGRATE) | BIT(VERIFY) | BIT(CONVERT))
#define WRITES   (BIT(MIGRATE) | BIT(CONVERT))
#define ACCOUNTS (BIT(CHECK) | BIT(MIGRATE) | BIT(VERIFY))
#define STATEFUL (ACCOUNTS | BIT(STATUS) | BIT(REPORT) | BIT(UNDO) | BIT(WARM))
#define LISTED   (ACCOUNTS | BIT(STATUS) | BIT(UNDO) | BIT(WARM))
#define SAMPLED  (ACCOUNTS | BIT(UNDO) | BIT(WARM)) /* status does not know where the mail is */
#define WORKS    (READS | BIT(UNDO) | BIT(WARM))
#define SITE     (ACCOUNTS | BIT(UNDO) | BIT(WARM) | BIT(SERVER_CONFIG))
#define ALL      (STATEFUL | BIT(CONVERT) | BIT(INSPECT) | BIT(SERVER_CONFIG))

static const char *const formats[] = {"auto", "mbox", "courier", NULL};
static const char *const servers[] = {"dovecot", "courier", NULL};
static const char *const transfers[] = {"auto", "link", "copy", NULL};
static const char *const uidls[] = {"auto",     "imap", "uw",           "x-uidl",
                                    "filename", "none", "file:PATTERN", NULL};
static const char *const unquotes[] = {"none", "mboxo", "mboxrd", NULL};
static const char *const syncs[] = {"none", "batch", "message", NULL};
static const char *const courier_names[] = {"auto", "mutf7", "utf8", NULL};
static const char *const courier_sizes[] = {"read", "list", NULL};
static const char *const shares[] = {"skip", "copy", NULL};
static const char *const progresses[] = {"auto", "always", "never", NULL};
static const char *const report_formats[] = {"text", "json", "html", NULL};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const series[] = {"2.3", "2.4", NULL};
static const char *const lock_kinds[] = {"dotlock", "fcntl", "flock", "none", NULL};

/* Every enum of the settings is stored through an int. */
G_STATIC_ASSERT(sizeof(MhSourceFormat) == sizeof(int) && sizeof(MhDovecotSeries) == sizeof(int));

#define ROW(section_, name_, field, type_) /* what every row has */                                \
    .section = MH_OPTIONS_##section_, .name = name_, .offset = offsetof(MhSettings, field),        \
    .type = MH_OPTION_##type_

static const MhOption options[] = {
    {ROW(WHOSE, "users", users, TEXT), .arg = "FILE", .commands = LISTED,
     .help = "the users, one a line, names or passwd(5) lines; - is standard input"},
    {ROW(WHOSE, "folder-list", folder_list, TEXT), .arg = "FILE", .commands = ACCOUNTS,
     .help = "only these folders and the INBOXes, one a line as in fred/Sent"},
    {ROW(WHOSE, "sample", sample, NUMBER), .arg = "N", .commands = SAMPLED, .max = 1000000,
     .help = "N of the users, chosen to stand for all, the same ones each time"},
    {ROW(WHOSE, "name-map", name_map, TEXT), .arg = "FILE", .commands = ACCOUNTS,
     .help = "folder names at the target, one source = target a line; check writes a proposal"},

    {ROW(WHOSE, "failed", failed, FLAG), .commands = BIT(STATUS), .no_key = true,
     .help = "only accounts whose last try failed, in whole or in part"},
    {ROW(WHOSE, "with-loss", with_loss, FLAG), .commands = BIT(STATUS), .no_key = true,
     .help = "only accounts of which something could not be carried"},
    {ROW(WHOSE, "stale", stale_s, AGE), .arg = "AGE", .commands = BIT(STATUS), .no_key = true,
     .help = "only open accounts last done longer ago than this, as in 24h or 7d"},

    {ROW(SOURCE, "source-format", source_format, CHOICE), .choices = formats, .preset = "auto",
     .commands = READS | BIT(INSPECT) | BIT(SERVER_CONFIG), .help = "what the mail is kept in"},
    {ROW(SOURCE, "inbox", inbox, PATTERN), .arg = "PATTERN",
     .commands = LISTED | BIT(SERVER_CONFIG), /* a sample is chosen by what is there */
     .help = "the INBOX at the source: /var/spool/mail/%u (mbox), %h/Maildir (courier)"},
    {ROW(SOURCE, "folders", folders, PATTERN), .arg = "PATTERN",
     .commands = LISTED | BIT(SERVER_CONFIG),
     .help = "the directory of the other mbox folders: %h/mail"},
    {ROW(SOURCE, "dialect", dialect, TEXT), .arg = "NAME", .preset = "auto",
     .commands = READS | BIT(INSPECT),
     .help = "whose view of an mbox counts: auto, uw, dovecot, thunderbird or another"},
    {ROW(SOURCE, "pop3-uidl", pop3_uidl, UIDL), .arg = "WAY", .choices = uidls, .preset = "auto",
     .commands = READS | BIT(INSPECT) | BIT(SERVER_CONFIG),
     .help = "how the old POP3 server made its UIDLs: auto, imap, uw, x-uidl, filename, none or "
             "file:PATTERN"},
    {ROW(SOURCE, "unquote", unquote, CHOICE), .choices = unquotes, .preset = "none",
     .commands = READS, .help = "lines of mbox bodies that lose a > in front of From"},
    {ROW(SOURCE, "timezone", timezone, TEXT), .arg = "ZONE", .commands = READS | BIT(INSPECT),
     .help = "zone of mbox dates that name none, as in Europe/Berlin; default: the system's"},
    {ROW(SOURCE, "lock", locks, WORDS), .arg = "KINDS", .choices = lock_kinds,
     .preset = "dotlock,fcntl,flock", .commands = READS,
     .help = "locks taken on an mbox, in this order: dotlock, fcntl, flock, or none"},
    {ROW(SOURCE, "lock-timeout", lock_timeout_s, NUMBER), .arg = "SECONDS", .preset = "30",
     .max = 86400, .commands = READS, .help = "how long to wait for the lock of a mailbox"},
    {ROW(SOURCE, "courier-names", courier_names, CHOICE), .choices = courier_names,
     .preset = "auto", .commands = READS | BIT(INSPECT),
     .help = "how Courier wrote folder names: mutf7 before 5.0, utf8 since"},
    {ROW(SOURCE, "courier-sizes", courier_sizes, CHOICE), .choices = courier_sizes,
     .preset = "read", .commands = READS,
     .help = "read every message once for its size, or believe Courier's POP3 list after a sample"},
    {ROW(SOURCE, "shared", shared, CHOICE), .choices = shares, .preset = "skip", .commands = READS,
     .help = "Courier's folders that others share as files: leave them, or copy their mail"},
    {ROW(SOURCE, "shared-root", shared_root, TEXT), .arg = "DIR", .commands = READS,
     .help = "where the mail is that others share; nothing outside of it is copied"},

    {ROW(TARGET, "maildir", maildir, PATTERN), .arg = "PATTERN", .commands = SITE,
     .help = "the Maildir at the target: /data/mail2/%u"},
    {ROW(TARGET, "server", server, CHOICE), .choices = servers, .preset = "dovecot",
     .commands = READS | BIT(UNDO), .help = "whose state files to write"},
    {ROW(TARGET, "owner", owner, TEXT), .arg = "USER[:GROUP]",
     .commands = ACCOUNTS | BIT(CONVERT) | BIT(UNDO) | BIT(WARM),
     .help = "who owns the target; default: the account itself"},
    {ROW(TARGET, "mode", mode, MODE), .arg = "MODE", .preset = "0600",
     .commands = WRITES | BIT(VERIFY),
     .help = "mode of files at the target; directories may be searched by who may read"},
    {ROW(TARGET, "transfer", transfer, CHOICE), .choices = transfers, .preset = "auto",
     .commands = WRITES | BIT(CHECK),
     .help = "Courier message files: link or reflink where possible, or always copy"},
    {ROW(TARGET, "sync", sync, CHOICE), .choices = syncs, .preset = "batch", .commands = WRITES,
     .help = "when data is forced to disk: never, once a batch, or for each message"},

    {ROW(RUN, "dry-run", dry_run, FLAG), .short_name = 'n', .commands = BIT(MIGRATE) | BIT(UNDO),
     .help = "print the plan, write nothing"},
    {ROW(RUN, "final", final, FLAG), .commands = BIT(MIGRATE),
     .help = "last run before cutover: wait for locks, leave nothing behind, close the account"},
    {ROW(RUN, "late", late, FLAG), .commands = BIT(MIGRATE),
     .help = "after the cutover: add late mail, change and remove nothing"},
    {ROW(RUN, "mirror", mirror, FLAG), .commands = WRITES | BIT(CHECK),
     .help = "follow the source strictly, undoing testers' changes to carried mail"},
    {ROW(RUN, "keep-expunged", keep_expunged, FLAG), .commands = WRITES | BIT(CHECK) | BIT(VERIFY),
     .help = "do not remove at the target what has gone at the source"},
    {ROW(RUN, "reopen", reopen, FLAG), .commands = BIT(MIGRATE) | BIT(UNDO), .no_key = true,
     .help = "go on with accounts that a final run has closed"},
    {ROW(RUN, "jobs", jobs, NUMBER), .short_name = 'j', .arg = "N", .max = 1024,
     .commands = ACCOUNTS | BIT(UNDO) | BIT(WARM),
     .help = "accounts at once; default: as many as processors"},
    {ROW(RUN, "divide-above", divide_above, NUMBER), .arg = "MB", .preset = "256",
     .max = 1000000000, .commands = BIT(MIGRATE),
     .help = "carry mailboxes of a larger account side by side, where jobs would be idle"},
    {ROW(RUN, "max-rate", max_rate, NUMBER), .arg = "MB", .max = 1000000,
     .commands = WRITES | BIT(WARM),
     .help = "write no more than so many MB of mail a second, all jobs together"},
    {ROW(RUN, "nice", nice, FLAG), .commands = ACCOUNTS | BIT(CONVERT) | BIT(WARM),
     .help = "let every other program go first, at the processor and at the disk"},
    {ROW(RUN, "answer-timeout", answer_timeout_s, NUMBER), .arg = "SECONDS", .preset = "300",
     .max = 86400, .commands = ACCOUNTS | BIT(UNDO) | BIT(CONVERT) | BIT(INSPECT) | BIT(WARM),
     .help = "how long a file system may keep a process waiting; then its account fails"},
    {ROW(RUN, "state", state, TEXT), .arg = "DIR", .commands = STATEFUL,
     .help = "the state directory; default: /var/lib/mailhaul"},

    {ROW(RUN, "doveadm", doveadm, TEXT), .arg = "PROGRAM", .preset = "doveadm",
     .commands = BIT(WARM), .help = "the new server's doveadm: a path, or a name in PATH"},
    {ROW(RUN, "dovecot-config", dovecot_config, TEXT), .arg = "FILE", .commands = BIT(WARM),
     .help = "the new server's configuration; default: where its doveadm looks"},
    {ROW(RUN, "bodystructure", bodystructure, FLAG), .commands = BIT(WARM),
     .help = "build the structure of each message, too, which reads every byte of it"},

    {ROW(OUTPUT, "json", json, FLAG),
     .commands = ALL & ~(BIT(REPORT) | BIT(SERVER_CONFIG) | BIT(COMPLETION)),
     .help = "machine-readable results on standard output"},
    {ROW(OUTPUT, "format", format, CHOICE), .choices = report_formats, .preset = "text",
     .commands = BIT(REPORT), .no_key = true, .help = "what the page is written in"},
    {ROW(OUTPUT, "dovecot", dovecot, CHOICE), .choices = series, .preset = "2.4",
     .commands = BIT(SERVER_CONFIG), .help = "the series of the new server"},
    {ROW(OUTPUT, "quiet", quiet, FLAG), .short_name = 'q', .commands = WORKS,
     .help = "say only what needs a person"},
    {ROW(OUTPUT, "boundaries", boundaries, FLAG), .commands = BIT(INSPECT), .no_key = true,
     .help = "show each line From_ that could be read otherwise, and why it was not"},
    {ROW(OUTPUT, "verbose", verbose, FLAG), .short_name = 'v', .commands = WORKS | BIT(INSPECT),
     .help = "say what is being done"},
    {ROW(OUTPUT, "progress", progress, CHOICE), .choices = progresses, .preset = "auto",
     .commands = ACCOUNTS | BIT(UNDO) | BIT(WARM),
     .help = "show how far it is; auto: when standard error is a terminal"},
    {ROW(OUTPUT, "log", log, TEXT), .arg = "FILE", .commands = ACCOUNTS | BIT(UNDO) | BIT(WARM),
     .help = "append accounts, errors and findings to this file; syslog: the system's log"},
    {ROW(OUTPUT, "log-format", log_format, CHOICE), .choices = log_formats, .preset = "text",
     .commands = ACCOUNTS | BIT(UNDO) | BIT(WARM),
     .help = "what the log is written in: text, or one JSON object a line"},
};

const MhOption *
mh_options(size_t *out_count)
{
    *out_count = G_N_ELEMENTS(options);
    return options;
}

const MhOption *
mh_option_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    }
    return NULL;
}

bool
mh_option_for(const MhOption *option, MhCommandId command)
{
    return (option->commands & (1u << command)) != 0;
}

const char *
mh_option_section_title(MhOptionSection section)
{
    static const char *const titles[] = {"Whose mail", "Where it comes from", "Where it goes",
                                         "How it is done", "What is said"};
    G_STATIC_ASSERT(G_N_ELEMENTS(titles) == MH_OPTIONS_SECTION_COUNT);
    return titles[section];
}

char *
mh_option_arg(const MhOption *option)
{
    if (option->arg != NULL)
        return g_strdup(option->arg);
    if (option->choices == NULL)
        return NULL;
    return g_strjoinv("|", (char **)(uintptr_t)option->choices);
}

static void *
field(MhSettings *settings, const MhOption *option)
{
    return (char *)settings + option->offset;
}

static const void *
field_of(const MhSettings *settings, const MhOption *option)
{
    return (const char *)settings + option->offset;
}

MhSettings *
mh_settings_new(void)
{
    MhSettings *settings = g_new0(MhSettings, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        bool good = options[i].preset == NULL ||
                    mh_settings_set(settings, &options[i], options[i].preset, NULL);
        g_assert(good);
    }
    return settings;
}

static bool
is_string(MhOptionType type)
{
    return type == MH_OPTION_TEXT || type == MH_OPTION_PATTERN || type == MH_OPTION_WORDS;
}

void
mh_settings_free(MhSettings *settings)
{
    if (settings == NULL)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        if (is_string(options[i].type))
            g_free(*(char **)field(settings, &options[i]));
    }
    g_free(settings->pop3_uidl_file);
    g_free(settings);
}

static bool
bad_value(GError **error, int code, const char *value, const char *wanted)
{
    g_autofree char *shown = mh_printable_string(value);
    g_set_error(error, MH_CONFIG_ERROR, code, "'%s' is not %s", shown, wanted);
    return false;
}

static bool
find_choice(const MhOption *option, const char *value, int *out_index)
{
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], value) == 0) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

static bool
bad_choice(const MhOption *option, const char *value, GError **error)
{
    g_autofree char *list = g_strjoinv(", ", (char **)(uintptr_t)option->choices);
    g_autofree char *wanted = g_strdup_printf("one of %s", list);
    return bad_value(error, MH_CONFIG_ERROR_UNKNOWN, value, wanted);
}

static bool
parse_flag(const char *value, bool *out_flag)
{
    static const char *const words[] = {"no", "yes", "false", "true", "0", "1", "off", "on"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(words[i], value) == 0) {
            *out_flag = i % 2 == 1;
            return true;
        }
    }
    return false;
}

/* Octal, 1 to 4 digits; 0600 at least, and nothing but rw for anybody. */
static bool
parse_mode(const char *value, uint32_t *out_mode)
{
    uint32_t mode = 0;
    size_t len = strlen(value);
    if (len == 0 || len > 4)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '7')
            return false;
        mode = mode * 8 + (uint32_t)(value[i] - '0');
    }
    if ((mode & 0600) != 0600 || (mode & ~0666u) != 0)
        return false;
    *out_mode = mode;
    return true;
}

static bool
check_words(const MhOption *option, const char *value, GError **error)
{
    g_auto(GStrv) words = g_strsplit(value, ",", -1);
    int last = -1;
    while (option->choices[last + 1] != NULL)
        last++;
    uint32_t seen = 0;
    for (size_t i = 0; words[i] != NULL; i++) {
        int index;
        if (!find_choice(option, words[i], &index))
            return bad_choice(option, words[i], error);
        if ((seen & (1u << index)) != 0 || (index == last && words[1] != NULL)) {
            g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX,
                        index == last ? "'%s' stands alone" : "'%s' is named twice", words[i]);
            return false;
        }
        seen |= 1u << index;
    }
    return true;
}

static void
store_string(MhSettings *settings, const MhOption *option, const char *value)
{
    char **string = field(settings, option);
    g_free(*string);
    *string = g_strdup(value);
}

static bool
set_uidl(MhSettings *settings, const MhOption *option, const char *value, GError **error)
{
    const char *pattern = g_str_has_prefix(value, "file:") ? value + strlen("file:") : NULL;
    int way = MH_UIDL_FILE;
    if (pattern != NULL && !mh_path_pattern_check(pattern, error))
        return false;
    if (pattern == NULL && !find_choice(option, value, &way))
        return bad_choice(option, value, error);
    g_free(settings->pop3_uidl_file);
    settings->pop3_uidl_file = g_strdup(pattern);
    settings->pop3_uidl = (MhPop3Uidl)way;
    return true;
}

static bool
set_string(MhSettings *settings, const MhOption *option, const char *value, GError **error)
{
    if (option->type == MH_OPTION_PATTERN && !mh_path_pattern_check(value, error))
        return false;
    if (option->type == MH_OPTION_WORDS && !check_words(option, value, error))
        return false;
    store_string(settings, option, value);
    return true;
}

static bool
set_number(MhSettings *settings, const MhOption *option, const char *value, GError **error)
{
    if (mh_span_to_u32(mh_span_from_string(value), option->max, field(settings, option)))
        return true;
    g_autofree char *wanted = g_strdup_printf("a number from 0 to %u", option->max);
    return bad_value(error, MH_CONFIG_ERROR_SYNTAX, value, wanted);
}

bool
mh_settings_set(MhSettings *settings, const MhOption *option, const char *value, GError **error)
{
    int choice;
    if (value[0] == '\0') {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX, "the value is empty");
        return false;
    }
    switch (option->type) {
    case MH_OPTION_FLAG:
        return parse_flag(value, field(settings, option)) ||
               bad_value(error, MH_CONFIG_ERROR_SYNTAX, value, "yes or no");
    case MH_OPTION_NUMBER:
        return set_number(settings, option, value, error);
    case MH_OPTION_MODE:
        return parse_mode(value, field(settings, option)) ||
               bad_value(error, MH_CONFIG_ERROR_SYNTAX, value, "a mode from 0600 to 0666");
    case MH_OPTION_AGE:
        return mh_duration_parse(value, field(settings, option)) ||
               bad_value(error, MH_CONFIG_ERROR_SYNTAX, value, "an age as in 90s, 24h or 7d");
    case MH_OPTION_CHOICE:
        if (!find_choice(option, value, &choice))
            return bad_choice(option, value, error);
        *(int *)field(settings, option) = choice;
        return true;
    case MH_OPTION_UIDL:
        return set_uidl(settings, option, value, error);
    case MH_OPTION_TEXT:
    case MH_OPTION_PATTERN:
    case MH_OPTION_WORDS:
        break;
    }
    return set_string(settings, option, value, error);
}

char *
mh_settings_get(const MhSettings *settings, const MhOption *option)
{
    const void *at = field_of(settings, option);
    switch (option->type) {
    case MH_OPTION_FLAG:
        return g_strdup(*(const bool *)at ? "yes" : "no");
    case MH_OPTION_NUMBER:
        return g_strdup_printf("%u", *(const uint32_t *)at);
    case MH_OPTION_MODE:
        return g_strdup_printf("%04o", *(const uint32_t *)at);
    case MH_OPTION_AGE:
        return g_strdup_printf("%us", *(const uint32_t *)at);
    case MH_OPTION_CHOICE:
        return g_strdup(option->choices[*(const int *)at]);
    case MH_OPTION_UIDL:
        if (settings->pop3_uidl == MH_UIDL_FILE)
            return g_strconcat("file:", settings->pop3_uidl_file, NULL);
        return g_strdup(option->choices[settings->pop3_uidl]);
    case MH_OPTION_TEXT:
    case MH_OPTION_PATTERN:
    case MH_OPTION_WORDS:
        break;
    }
    return g_strdup(*(char *const *)at);
}

bool
mh_settings_check(const MhSettings *settings, GError **error)
{
    const struct {
        bool both;
        const char *why;
    } rows[] = {
        {settings->final && settings->late,
         "--final is the last run before the cutover, --late comes after it"},
        {settings->late && settings->mirror, "--late changes nothing, --mirror changes everything"},
        {settings->mirror && settings->keep_expunged,
         "--mirror removes what has gone at the source, --keep-expunged keeps it"},
        {settings->quiet && settings->verbose, "--quiet and --verbose exclude each other"},
        {settings->shared == MH_SHARED_COPY && settings->source_format == MH_FORMAT_MBOX,
         "--shared is about Courier, and the source format is mbox"},
        {settings->shared == MH_SHARED_COPY && settings->shared_root == NULL,
         "--shared=copy reads mail of others: say with --shared-root where that is"},
        {settings->shared_root != NULL && !g_path_is_absolute(settings->shared_root),
         "--shared-root must be an absolute path, as it stands in Courier's links"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].both) {
            g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_REFUSED, "%s", rows[i].why);
            return false;
        }
    }
    return true;
}
