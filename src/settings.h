/* settings: everything an admin can ask for, and the one table that describes it.
 *
 * The table gives each option its long name (which is also its key in the configuration file), its
 * type, its default, its sentence and the commands that take it. The command line's parser, the
 * reader of the configuration file, --help, shell completion and the check of the manual page all
 * go by it; a new option is one field and one row.
 */
#pragma once

#include "bytes.h"

typedef enum {
    MH_COMMAND_CHECK,
    MH_COMMAND_MIGRATE,
    MH_COMMAND_VERIFY,
    MH_COMMAND_STATUS,
    MH_COMMAND_REPORT,
    MH_COMMAND_UNDO,
    MH_COMMAND_CONVERT,
    MH_COMMAND_INSPECT,
    MH_COMMAND_WARM,
    MH_COMMAND_SERVER_CONFIG,
    MH_COMMAND_COMPLETION,
} MhCommandId;

typedef enum { MH_FORMAT_AUTO, MH_FORMAT_MBOX, MH_FORMAT_COURIER } MhSourceFormat;
typedef enum { MH_SERVER_DOVECOT, MH_SERVER_COURIER } MhServer;
typedef enum { MH_TRANSFER_AUTO, MH_TRANSFER_LINK, MH_TRANSFER_COPY } MhTransfer;

typedef enum {
    MH_UIDL_AUTO,     /* what the source's own files say */
    MH_UIDL_IMAP,     /* 8+8 hex digits: UID, UIDVALIDITY (Dovecot) */
    MH_UIDL_UW,       /* 8+8 hex digits: UIDVALIDITY, UID (UW ipop3d) */
    MH_UIDL_X_UIDL,   /* the X-UIDL header of each message (qpopper) */
    MH_UIDL_FILENAME, /* the Maildir base name */
    MH_UIDL_NONE,     /* nobody used POP3 */
    MH_UIDL_FILE,     /* a listing for each user, at pop3_uidl_file */
} MhPop3Uidl;

/* Which bodies are taken back to what was sent. */
typedef enum {
    MH_UNQUOTE_NONE,   /* as the old server showed them */
    MH_UNQUOTE_MBOXO,  /* ">From " loses its '>' */
    MH_UNQUOTE_MBOXRD, /* ">From ", ">>From " and so on lose one '>' */
} MhUnquote;

typedef enum { MH_SYNC_NONE, MH_SYNC_BATCH, MH_SYNC_MESSAGE } MhSync;
typedef enum {
    MH_COURIER_NAMES_AUTO,
    MH_COURIER_NAMES_MUTF7,
    MH_COURIER_NAMES_UTF8
} MhCourierNames;
typedef enum { MH_COURIER_SIZES_READ, MH_COURIER_SIZES_LIST } MhCourierSizes;
typedef enum { MH_SHARED_SKIP, MH_SHARED_COPY } MhShared;
typedef enum { MH_PROGRESS_AUTO, MH_PROGRESS_ALWAYS, MH_PROGRESS_NEVER } MhProgress;
typedef enum { MH_LOG_TEXT, MH_LOG_JSON } MhLogFormat;
typedef enum { MH_REPORT_TEXT, MH_REPORT_JSON, MH_REPORT_HTML } MhReportFormat;
typedef enum { MH_DOVECOT_2_3, MH_DOVECOT_2_4 } MhDovecotSeries;

/* Strings are NULL unless told or a default is named; none is ever empty. Paths and patterns are
 * bytes. */
typedef struct {
    /* whose mail */
    char *users;       /* path, or "-" */
    char *folder_list; /* path */
    uint32_t sample;   /* 0: everybody */
    char *name_map;    /* path */

    /* where it comes from */
    MhSourceFormat source_format;
    char *inbox;   /* pattern */
    char *folders; /* pattern */
    char *dialect; /* "auto" */
    MhPop3Uidl pop3_uidl;
    char *pop3_uidl_file; /* pattern; with MH_UIDL_FILE only */
    MhUnquote unquote;
    char *timezone; /* NULL: the system's */
    char *locks;    /* "dotlock,fcntl,flock": a list of these, or "none" */
    uint32_t lock_timeout_s;
    MhCourierNames courier_names;
    MhCourierSizes courier_sizes;
    MhShared shared;
    char *shared_root; /* absolute; NULL: none */

    /* where it goes */
    char *maildir; /* pattern */
    MhServer server;
    char *owner;   /* see mh_account_parse_owner() */
    uint32_t mode; /* of message files; directories add x where there is r */
    MhTransfer transfer;
    MhSync sync;

    /* how it is done */
    bool dry_run;
    bool final;
    bool late;
    bool mirror;
    bool keep_expunged;
    bool reopen;
    uint32_t jobs;         /* 0: the processors */
    uint32_t divide_above; /* MB: a larger account may be done by several workers */
    uint32_t max_rate;     /* MB (10^6 bytes) a second; 0: no limit */
    bool nice;
    uint32_t answer_timeout_s; /* 0: for ever */
    char *state;               /* NULL: the built-in place */

    /* which accounts are shown */
    bool failed;
    bool with_loss;
    uint32_t stale_s; /* 0: all */

    /* what is said */
    bool json;
    bool boundaries;
    bool quiet;
    bool verbose;
    MhProgress progress;
    char *log; /* path, or "syslog" */
    MhLogFormat log_format;
    MhReportFormat format;
    MhDovecotSeries dovecot;

    /* the new server at work */
    char *doveadm;        /* "doveadm": a path, or a name in PATH */
    char *dovecot_config; /* path; NULL: its own */
    bool bodystructure;
} MhSettings;

typedef enum {
    MH_OPTION_FLAG,    /* bool */
    MH_OPTION_TEXT,    /* char *: not empty */
    MH_OPTION_PATTERN, /* char *: see path-pattern */
    MH_OPTION_NUMBER,  /* uint32_t, up to max */
    MH_OPTION_MODE,    /* uint32_t: octal, the owner may read and write */
    MH_OPTION_AGE,     /* uint32_t: seconds, from a number with s, m, h, d or w behind it */
    MH_OPTION_CHOICE,  /* an enum: the index into choices */
    MH_OPTION_WORDS,   /* char *: some of choices with commas between, or the last one alone */
    MH_OPTION_UIDL,    /* the pair pop3_uidl, pop3_uidl_file */
} MhOptionType;

/* Under which heading an option is shown. */
typedef enum {
    MH_OPTIONS_WHOSE,
    MH_OPTIONS_SOURCE,
    MH_OPTIONS_TARGET,
    MH_OPTIONS_RUN,
    MH_OPTIONS_OUTPUT,
    MH_OPTIONS_SECTION_COUNT
} MhOptionSection;

typedef struct {
    const char *name;           /* "source-format" */
    char short_name;            /* 0: none */
    const char *arg;            /* "FORMAT", or the choices; NULL for a flag */
    const char *help;           /* a sentence without its dot */
    const char *preset;         /* the default, as text; NULL: none */
    const char *const *choices; /* NULL-terminated */
    size_t offset;              /* of its field in MhSettings */
    uint32_t max;               /* of a number */
    uint32_t commands;          /* bits 1 << MhCommandId */
    MhOptionType type;
    MhOptionSection section;
    bool no_key; /* only on the command line */
} MhOption;

/* The table, in the order that help shows. */
const MhOption *mh_options(size_t *out_count);
const MhOption *mh_option_find(const char *name); /* NULL: there is none */
bool mh_option_for(const MhOption *option, MhCommandId command);
const char *mh_option_section_title(MhOptionSection section);
/* "source-format=auto|mbox|courier" without the name: what follows its '='; NULL for a flag.
 * g_free(). */
char *mh_option_arg(const MhOption *option);

/* All defaults. */
MhSettings *mh_settings_new(void);
void mh_settings_free(MhSettings *settings); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhSettings, mh_settings_free)

/* Sets one option from text. A flag takes yes, no, true, false, 1, 0, on, off. Error:
 * MH_CONFIG_ERROR_SYNTAX, UNKNOWN (a choice that there is not) or REFUSED; the message does not
 * name the option. */
bool mh_settings_set(MhSettings *settings, const MhOption *option, const char *value,
                     GError **error);
/* The value as text that mh_settings_set() takes; NULL when it is not set. g_free(). */
char *mh_settings_get(const MhSettings *settings, const MhOption *option);

/* What cannot be asked for together: MH_CONFIG_ERROR_REFUSED. */
bool mh_settings_check(const MhSettings *settings, GError **error);
