/* command: the sub-commands, and what each of them is given.
 *
 * A command is one file, cmd-NAME.c, with one function of this shape:
 *
 *     int mh_cmd_NAME(const MhCommandContext *context, GError **error);
 *
 * It prints its results on standard output and its diagnostics on standard error, and returns an
 * MhExit. When it could not do what was asked it sets @error and returns MH_EXIT_FAILED (or 64,
 * 75, 78): main() alone prints the error, as "mailhaul: MESSAGE", and with MH_EXIT_USAGE a hint.
 * It need not check what the table below already promises: the number of arguments, the settings
 * it needs, and that settings do not contradict each other.
 *
 * A new command: declare it here, give it a row in command.c, add its file to CMakeLists.txt.
 */
#pragma once

#include "settings.h"

typedef enum {
    MH_EXIT_DONE = 0,    /* all done, nothing lost */
    MH_EXIT_LOSS = 1,    /* done, with findings that a person should read */
    MH_EXIT_FAILED = 2,  /* at least one account was not done */
    MH_EXIT_USAGE = 64,  /* wrong usage */
    MH_EXIT_BUSY = 75,   /* another run holds the state directory */
    MH_EXIT_CONFIG = 78, /* bad configuration */
} MhExit;

typedef struct MhCommand MhCommand;

typedef struct {
    const MhCommand *command;
    const MhSettings *settings; /* configuration file and command line together */
    const char *const *args;    /* USER..., PATH...: bytes as given; NULL-terminated */
    size_t arg_count;
} MhCommandContext;

/* Settings without which a command is wrong usage. */
enum {
    MH_NEEDS_SOURCE = 1 << 0,  /* --inbox or --folders */
    MH_NEEDS_MAILDIR = 1 << 1, /* --maildir */
    MH_NEEDS_CARE = 1 << 2,    /* no setting: nobody else looks whether a file system holds it */
};

struct MhCommand {
    MhCommandId id;
    const char *name;
    int (*run)(const MhCommandContext *context, GError **error);
    const char *args;    /* as usage shows them: "[USER...]" */
    size_t args_min;     /* how many there must be, */
    size_t args_max;     /* and may be; SIZE_MAX: any number */
    const char *summary; /* for the list of commands */
    const char *about;   /* a paragraph for its own --help */
    unsigned needs;      /* MH_NEEDS_... */
    bool hidden;         /* not for people: neither listed nor completed */
};

const MhCommand *mh_commands(size_t *out_count);
const MhCommand *mh_command_find(const char *name); /* NULL: there is none */
/* The visible command that @name was probably meant to be; NULL when nothing is near. */
const char *mh_command_nearest(const char *name);

int mh_cmd_check(const MhCommandContext *context, GError **error);
int mh_cmd_migrate(const MhCommandContext *context, GError **error);
int mh_cmd_undo(const MhCommandContext *context, GError **error);
int mh_cmd_verify(const MhCommandContext *context, GError **error);
int mh_cmd_convert(const MhCommandContext *context, GError **error);
int mh_cmd_status(const MhCommandContext *context, GError **error);
int mh_cmd_report(const MhCommandContext *context, GError **error);
int mh_cmd_inspect(const MhCommandContext *context, GError **error);
int mh_cmd_warm(const MhCommandContext *context, GError **error);
int mh_cmd_completion(const MhCommandContext *context, GError **error);
int mh_cmd_server_config(const MhCommandContext *context, GError **error);
