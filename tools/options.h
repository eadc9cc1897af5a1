/* options: the command line and the configuration file, made into settings.
 *
 * The parser's entries are made from the table in settings.h. A flag also has a form that takes it
 * back ("--no-mirror"), for what the configuration file says and this run must not do.
 */
#pragma once

#include "command.h"

#define MH_CONFIG_FILE   "/etc/mailhaul.conf"
#define MH_STATE_DEFAULT "/var/lib/mailhaul"

typedef struct {
    MhSettings *settings;
    GPtrArray *args; /* of char *, NULL-terminated; bytes as given */
    bool help;       /* --help was there: nothing else was looked at */
} MhCommandLine;

void mh_command_line_free(MhCommandLine *line); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhCommandLine, mh_command_line_free)

/* Reads what stands behind the command's name (@argv[0] is the name and is skipped), then the
 * configuration file, which gives way. NULL with @error and @out_exit: MH_EXIT_USAGE or
 * MH_EXIT_CONFIG. */
MhCommandLine *mh_options_read(const MhCommand *command, int argc, char **argv, int *out_exit,
                               GError **error);
