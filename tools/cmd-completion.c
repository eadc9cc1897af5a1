/* cmd-completion: scripts that complete our command line in bash and zsh, from the same tables as
 * the parser and --help. */
#include "command.h"

#include <stdio.h>
#include <string.h>

/* What follows "--name=": words to choose from, or what kind of file. */
static const char *
value_kind(const MhOption *option)
{
    if (option->choices != NULL)
        return "words";
    if (option->arg != NULL && strcmp(option->arg, "FILE") == 0)
        return "file";
    if (option->arg != NULL && strcmp(option->arg, "DIR") == 0)
        return "dir";
    return "none";
}

/* The choices with @between between them; "file:PATTERN" only as far as it is fixed. */
static char *
value_words(const MhOption *option, const char *between)
{
    g_autoptr(GString) words = g_string_new(NULL);
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        const char *word = option->choices[i];
        g_string_append(words, i > 0 ? between : "");
        g_string_append_len(words, word,
                            g_str_has_suffix(word, ":PATTERN") ? (gssize)strcspn(word, ":") + 1
                                                               : (gssize)strlen(word));
    }
    return g_string_free(g_steal_pointer(&words), FALSE);
}

/* What the arguments of a command are. */
static const char *
argument_kind(const MhCommand *command)
{
    if (command->args[0] == '\0')
        return "none";
    return g_str_has_prefix(command->args, "USER") || g_str_has_prefix(command->args, "[USER")
               ? "user"
               : "file";
}

static char *
command_names(void)
{
    g_autoptr(GString) names = g_string_new(NULL);
    size_t count;
    const MhCommand *commands = mh_commands(&count);
    for (size_t i = 0; i < count; i++) {
        if (!commands[i].hidden)
            g_string_append_printf(names, "%s%s", names->len > 0 ? " " : "", commands[i].name);
    }
    return g_string_free(g_steal_pointer(&names), FALSE);
}

static void
bash_command(GString *out, const MhCommand *command)
{
    size_t count;
    const MhOption *options = mh_options(&count);
    g_string_append_printf(out, "    %s) options='--help --config=", command->name);
    for (size_t i = 0; i < count; i++) {
        if (mh_option_for(&options[i], command->id))
            g_string_append_printf(out, " --%s%s", options[i].name,
                                   options[i].type == MH_OPTION_FLAG ? "" : "=");
    }
    const char *kind = argument_kind(command);
    g_string_append_printf(out, "' arguments='%s' ;;\n",
                           strcmp(kind, "user") == 0   ? "-u"
                           : strcmp(kind, "file") == 0 ? "-f"
                                                       : "-W \"\"");
}

static void
bash_value(GString *out, const MhOption *option)
{
    const char *kind = value_kind(option);
    if (strcmp(kind, "words") == 0) {
        g_autofree char *words = value_words(option, " ");
        g_string_append_printf(out,
                               "    --%s) mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\")\n"
                               "        return ;;\n",
                               option->name, words);
    } else if (option->type != MH_OPTION_FLAG) {
        const char *action = strcmp(kind, "file") == 0  ? "-f"
                             : strcmp(kind, "dir") == 0 ? "-d"
                                                        : "-W ''";
        g_string_append_printf(out,
                               "    --%s) mapfile -t COMPREPLY < <(compgen %s -- \"$cur\")\n"
                               "        return ;;\n",
                               option->name, action);
    }
}

static void
bash_script(GString *out)
{
    g_autofree char *names = command_names();
    size_t count;
    const MhOption *options = mh_options(&count);
    g_string_append_printf(
        out,
        "# bash completion for mailhaul\n"
        "_mailhaul() {\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
        "    local options arguments\n"
        "    COMPREPLY=()\n"
        "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "        mapfile -t COMPREPLY < <(compgen -W '%s --help --version' -- \"$cur\")\n"
        "        return\n"
        "    fi\n"
        "    # bash splits at '=': the option is one or two words back\n"
        "    if [ \"$cur\" = = ]; then\n"
        "        cur=\n"
        "    elif [ \"$prev\" = = ]; then\n"
        "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
        "    fi\n"
        "    case $prev in\n"
        "    --config) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n",
        names);
    for (size_t i = 0; i < count; i++)
        bash_value(out, &options[i]);
    g_string_append(out, "    esac\n    case ${COMP_WORDS[1]} in\n");
    const MhCommand *commands = mh_commands(&count);
    for (size_t i = 0; i < count; i++) {
        if (!commands[i].hidden)
            bash_command(out, &commands[i]);
    }
    g_string_append(
        out, "    *) return ;;\n"
             "    esac\n"
             "    case $cur in\n"
             "    -*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
             "        case ${COMPREPLY[0]} in *=) compopt -o nospace ;; esac ;;\n"
             "    *) eval \"mapfile -t COMPREPLY < <(compgen $arguments -- \\\"\\$cur\\\")\" ;;\n"
             "    esac\n"
             "}\n"
             "complete -o filenames -F _mailhaul mailhaul\n");
}

/* Text between '[' and ']' of a zsh option within single quotes. */
static void
zsh_escaped(GString *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            g_string_append(out, "'\\''");
        else if (strchr("[]:\\", *text) != NULL)
            g_string_append_printf(out, "\\%c", *text);
        else
            g_string_append_c(out, *text);
    }
}

static void
zsh_option(GString *out, const MhOption *option)
{
    const char *kind = value_kind(option);
    g_string_append_printf(out, "            '--%s%s[", option->name,
                           option->type == MH_OPTION_FLAG ? "" : "=");
    zsh_escaped(out, option->help);
    g_string_append_c(out, ']');
    if (strcmp(kind, "words") == 0) {
        g_autofree char *words = value_words(option, " ");
        g_autoptr(GString) escaped = g_string_new(NULL);
        zsh_escaped(escaped, words);
        g_string_append_printf(out, ":%s:(%s)", option->name, escaped->str);
    } else if (option->type != MH_OPTION_FLAG) {
        g_string_append_printf(out, ":%s:%s", option->name,
                               strcmp(kind, "file") == 0  ? "_files"
                               : strcmp(kind, "dir") == 0 ? "_files -/"
                                                          : "");
    }
    g_string_append(out, "' \\\n");
}

static void
zsh_command(GString *out, const MhCommand *command)
{
    size_t count;
    const MhOption *options = mh_options(&count);
    g_string_append_printf(out,
                           "    %s)\n"
                           "        _arguments -s \\\n",
                           command->name);
    for (size_t i = 0; i < count; i++) {
        if (mh_option_for(&options[i], command->id))
            zsh_option(out, &options[i]);
    }
    const char *kind = argument_kind(command);
    g_string_append(out, "            '--config=[read settings from this file]:config:_files' \\\n"
                         "            '--help[print help and exit]'");
    if (strcmp(kind, "none") != 0)
        g_string_append_printf(out, " \\\n            '*:%s:%s'", kind,
                               strcmp(kind, "user") == 0 ? "_users" : "_files");
    g_string_append(out, " ;;\n");
}

static void
zsh_script(GString *out)
{
    size_t count;
    const MhCommand *commands = mh_commands(&count);
    g_string_append(out, "#compdef mailhaul\n"
                         "_mailhaul() {\n"
                         "    if (( CURRENT == 2 )); then\n"
                         "        local -a commands=(\n");
    for (size_t i = 0; i < count; i++) {
        if (!commands[i].hidden)
            g_string_append_printf(out, "            '%s:%s'\n", commands[i].name,
                                   commands[i].summary);
    }
    g_string_append(out, "        )\n"
                         "        _describe command commands\n"
                         "        return\n"
                         "    fi\n"
                         "    local command=$words[2]\n"
                         "    shift words\n"
                         "    (( CURRENT-- ))\n"
                         "    case $command in\n");
    for (size_t i = 0; i < count; i++) {
        if (!commands[i].hidden)
            zsh_command(out, &commands[i]);
    }
    g_string_append(out, "    esac\n"
                         "}\n"
                         "_mailhaul \"$@\"\n");
}

int
mh_cmd_completion(const MhCommandContext *context, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    if (strcmp(context->args[0], "bash") == 0) {
        bash_script(out);
    } else if (strcmp(context->args[0], "zsh") == 0) {
        zsh_script(out);
    } else {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "completion is for bash or zsh");
        return MH_EXIT_USAGE;
    }
    fputs(out->str, stdout);
    return MH_EXIT_DONE;
}
