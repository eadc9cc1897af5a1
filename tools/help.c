#include "help.h"

#include <string.h>

#define COLUMNS     79
#define HELP_COLUMN 28

/* Appends @text with a line break where the next word would pass the last column; @column is where
 * the text stands already, further lines start at @indent. All of our text is ASCII. */
static void
append_wrapped(GString *out, const char *text, size_t column, size_t indent)
{
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (column > indent && column + 1 + word > COLUMNS) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append_len(out, text, (gssize)word);
        column += word;
        text += word;
        while (*text == ' ')
            text++;
    }
    g_string_append_c(out, '\n');
}

static void
append_row(GString *out, const char *left, const char *text)
{
    g_string_append(out, left);
    size_t len = strlen(left);
    if (len + 2 > HELP_COLUMN)
        g_string_append_printf(out, "\n%*s", HELP_COLUMN, "");
    else
        g_string_append_printf(out, "%*s", (int)(HELP_COLUMN - len), "");
    append_wrapped(out, text, HELP_COLUMN, HELP_COLUMN);
}

static void
append_option(GString *out, const MhOption *option)
{
    g_autofree char *arg = mh_option_arg(option);
    g_autoptr(GString) left = g_string_new(NULL);
    if (option->short_name != 0)
        g_string_append_printf(left, "  -%c, ", option->short_name);
    else
        g_string_append(left, "      ");
    g_string_append_printf(left, "--%s", option->name);
    if (arg != NULL)
        g_string_append_printf(left, "=%s", arg);
    g_autoptr(GString) text = g_string_new(option->help);
    if (option->preset != NULL)
        g_string_append_printf(text, " (default: %s)", option->preset);
    append_row(out, left->str, text->str);
}

static void
append_section(GString *out, const MhCommand *command, MhOptionSection section)
{
    size_t count;
    const MhOption *options = mh_options(&count);
    bool begun = false;
    for (size_t i = 0; i < count; i++) {
        if (options[i].section != section || !mh_option_for(&options[i], command->id))
            continue;
        if (!begun)
            g_string_append_printf(out, "\n%s:\n", mh_option_section_title(section));
        begun = true;
        append_option(out, &options[i]);
    }
}

char *
mh_help_command(const MhCommand *command)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "Usage: mailhaul %s [OPTION...]%s%s\n\n", command->name,
                           command->args[0] != '\0' ? " " : "", command->args);
    append_wrapped(out, command->about, 0, 0);
    for (size_t section = 0; section < MH_OPTIONS_SECTION_COUNT; section++)
        append_section(out, command, (MhOptionSection)section);
    g_string_append(out, "\nAlways:\n");
    append_row(out, "      --config=FILE",
               "read settings from this file (default: /etc/mailhaul.conf)");
    append_row(out, "  -h, --help", "print this and exit");
    return g_string_free(out, FALSE);
}

static void
append_commands(GString *out)
{
    size_t count;
    const MhCommand *commands = mh_commands(&count);
    for (size_t i = 0; i < count; i++) {
        if (commands[i].hidden)
            continue;
        g_autofree char *left = g_strdup_printf("  %s", commands[i].name);
        g_string_append_printf(out, "%-18s", left);
        append_wrapped(out, commands[i].summary, 18, 18);
    }
}

char *
mh_help_program(void)
{
    GString *out = g_string_new("Usage: mailhaul COMMAND [OPTION...] [ARGUMENT...]\n\n");
    append_wrapped(out,
                   "Moves sites of mail from mbox files and Courier Maildirs to Maildir++ with all "
                   "of their state, so that no mail client downloads a message twice.",
                   0, 0);
    g_string_append(out, "\nCommands:\n");
    append_commands(out);
    g_string_append(out, "\nOptions:\n");
    append_row(out, "  -h, --help", "print this and exit; mailhaul COMMAND --help tells more");
    append_row(out, "      --version", "print the version and exit");
    return g_string_free(out, FALSE);
}
