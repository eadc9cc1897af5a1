#include "command.h"

#include "nearest.h"

#include <string.h>

/* The table of commands: what is not written yet has no row. */
static const MhCommand commands[] = {
    {MH_COMMAND_CHECK, "check", mh_cmd_check, "[USER...]", 0, SIZE_MAX,
     "survey and plan; says what would be done and what stands in the way; writes nothing",
     "Looks at the source and the target of every account and prints the plan that migrate would "
     "carry out.",
     MH_NEEDS_SOURCE | MH_NEEDS_MAILDIR, false},
    {MH_COMMAND_MIGRATE, "migrate", mh_cmd_migrate, "[USER...]", 0, SIZE_MAX,
     "carry the mail over; run again to bring the target up to date",
     "Carries the mail of every account over, with its UIDs, flags, keywords, dates and "
     "subscriptions. Run again it carries only what has changed.",
     MH_NEEDS_SOURCE | MH_NEEDS_MAILDIR, false},
    {MH_COMMAND_UNDO, "undo", mh_cmd_undo, "USER...", 1, SIZE_MAX,
     "take a test migration back out of the target",
     "Removes from the target what was carried into it, and nothing else: mail that came there "
     "since and folders made there stay. With --dry-run it only says what would go.",
     MH_NEEDS_MAILDIR, false},
    {MH_COMMAND_VERIFY, "verify", mh_cmd_verify, "[USER...]", 0, SIZE_MAX,
     "compare target with source, message by message",
     "Reads both sides afresh, every byte of them, and tells all in which they differ. Nothing is "
     "written. Damage is told apart from what the source has got since the last migrate.",
     MH_NEEDS_SOURCE | MH_NEEDS_MAILDIR, false},
    {MH_COMMAND_STATUS, "status", mh_cmd_status, "[USER...]", 0, SIZE_MAX,
     "what has been done so far, from the state directory",
     "Says of each account when it was last done, whether it is in step with what its source was "
     "then, and what was found. A run may be at work meanwhile.",
     0, false},
    {MH_COMMAND_REPORT, "report", mh_cmd_report, "", 0, 0, "the same as a page",
     "Shows the site at a glance: what is done, what failed and what was lost, how fast it went "
     "and what took longest. The HTML page needs nothing else and no network.",
     0, false},
    {MH_COMMAND_CONVERT, "convert", mh_cmd_convert, "SOURCE MAILDIR", 2, 2,
     "one mbox file or Courier Maildir, no lists, no state directory",
     "Brings one mbox file, or a Courier Maildir with all its folders, into one Maildir, or up to "
     "date there. As root it works as the owner of the Courier Maildir.",
     MH_NEEDS_CARE, false},
    {MH_COMMAND_INSPECT, "inspect", mh_cmd_inspect, "PATH...", 1, SIZE_MAX,
     "what is this: format, dialect, messages, UIDs, keywords, findings",
     "Says what a file or Courier Maildir is and what is in it; --verbose names every message. "
     "Nothing is locked or written.",
     MH_NEEDS_CARE, false},
    {MH_COMMAND_WARM, "warm", mh_cmd_warm, "[USER...]", 0, SIZE_MAX,
     "have the new server build its caches before the first client comes",
     "Runs the new server's doveadm over the headers of all mail, so that the first listing of an "
     "IMAP client opens no message file. The new server has to run. Run again it takes accounts "
     "to which mail has come since, and those that it has not come to.",
     MH_NEEDS_MAILDIR, false},
    {MH_COMMAND_SERVER_CONFIG, "server-config", mh_cmd_server_config, "", 0, 0,
     "settings under which the new server shows the same names and UIDLs",
     "Prints the part of a Dovecot configuration under which mail clients see the folder names, "
     "UIDs and POP3 UIDLs of the old server. Tell it about the old site as you tell migrate.",
     MH_NEEDS_MAILDIR, false},
    {MH_COMMAND_COMPLETION, "completion", mh_cmd_completion, "bash|zsh", 1, 1,
     "completion of this command line for a shell",
     "Prints a script that completes commands and options in bash or zsh.", 0, true},
};

const MhCommand *
mh_commands(size_t *out_count)
{
    *out_count = G_N_ELEMENTS(commands);
    return commands;
}

const MhCommand *
mh_command_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

const char *
mh_command_nearest(const char *name)
{
    const char *names[G_N_ELEMENTS(commands)] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (!commands[i].hidden)
            names[count++] = commands[i].name;
    }
    return mh_nearest_word(name, names, count);
}
