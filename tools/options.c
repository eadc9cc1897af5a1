#include "options.h"

#include "config-error.h"
#include "nearest.h"
#include "printable.h"
#include "safe-file.h"
#include "settings-file.h"
#include "size-limits.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    const MhOption *option;
    char *value;
} Pair;

/* What the parser's callbacks fill. */
typedef struct {
    GArray *pairs; /* of Pair, in the order given */
    GPtrArray *args;
    char *config;
    bool help;
} Given;

static void
pair_clear(void *data)
{
    g_free(((Pair *)data)->value);
}

static void
given_clear(Given *given)
{
    g_array_unref(given->pairs);
    if (given->args != NULL)
        g_ptr_array_unref(given->args);
    g_free(given->config);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Given, given_clear)

void
mh_command_line_free(MhCommandLine *line)
{
    if (line == NULL)
        return;
    mh_settings_free(line->settings);
    if (line->args != NULL)
        g_ptr_array_unref(line->args);
    g_free(line);
}

/* @name as the parser hands it out: "--name", "--no-name" or "-n". */
static const MhOption *
find_given(const char *name, bool *out_negated)
{
    *out_negated = false;
    if (name[1] == '-') {
        const MhOption *option = mh_option_find(name + 2);
        *out_negated = option == NULL && g_str_has_prefix(name, "--no-");
        return *out_negated ? mh_option_find(name + strlen("--no-")) : option;
    }
    size_t count;
    const MhOption *options = mh_options(&count);
    for (size_t i = 0; i < count; i++) {
        if (options[i].short_name == name[1])
            return &options[i];
    }
    return NULL;
}

static gboolean
take_option(const char *name, const char *value, gpointer data, GError **error)
{
    (void)error;
    Given *given = data;
    bool negated;
    const MhOption *option = find_given(name, &negated);
    g_assert(option != NULL);
    bool flag = option->type == MH_OPTION_FLAG;
    Pair pair = {option, g_strdup(!flag ? value : negated ? "no" : "yes")};
    g_array_append_val(given->pairs, pair);
    return TRUE;
}

static gboolean
take_other(const char *name, const char *value, gpointer data, GError **error)
{
    (void)error;
    Given *given = data;
    if (strcmp(name, "--config") == 0) {
        g_free(given->config);
        given->config = g_strdup(value);
    } else if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        given->help = true;
    } else {
        g_ptr_array_add(given->args, g_strdup(value));
    }
    return TRUE;
}

static void
add_entry(GArray *entries, const char *name, char short_name, bool takes_value,
          GOptionArgFunc function)
{
    GOptionEntry entry = {
        .long_name = name,
        .short_name = short_name,
        .flags = takes_value ? G_OPTION_FLAG_FILENAME : G_OPTION_FLAG_NO_ARG,
        .arg = G_OPTION_ARG_CALLBACK,
        .arg_data = (gpointer)(uintptr_t)function,
    };
    g_array_append_val(entries, entry);
}

/* @names keeps the strings that the entries borrow. */
static GArray *
make_entries(const MhCommand *command, GStringChunk *names)
{
    GArray *entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
    size_t count;
    const MhOption *options = mh_options(&count);
    for (size_t i = 0; i < count; i++) {
        const MhOption *option = &options[i];
        if (!mh_option_for(option, command->id))
            continue;
        bool flag = option->type == MH_OPTION_FLAG;
        add_entry(entries, option->name, option->short_name, !flag, take_option);
        if (flag) {
            g_autofree char *negated = g_strconcat("no-", option->name, NULL);
            add_entry(entries, g_string_chunk_insert(names, negated), 0, false, take_option);
        }
    }
    add_entry(entries, "config", 0, true, take_other);
    add_entry(entries, "help", 'h', false, take_other);
    add_entry(entries, G_OPTION_REMAINING, 0, true, take_other);
    return entries;
}

static bool
has_entry(const GArray *entries, const char *name)
{
    for (size_t i = 0; i < entries->len; i++) {
        if (strcmp(g_array_index(entries, GOptionEntry, i).long_name, name) == 0)
            return true;
    }
    return false;
}

/* "option --foo is not known; ..." instead of the parser's own words. */
static void
explain_unknown(const MhCommand *command, const GArray *entries, const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (size_t i = 0; i < entries->len; i++) {
        const char *known = g_array_index(entries, GOptionEntry, i).long_name;
        if (known[0] != '\0' && !g_str_has_prefix(known, "no-"))
            g_ptr_array_add(names, (void *)(uintptr_t)known);
    }
    const char *near = mh_nearest_word(name, (const char *const *)names->pdata, names->len);
    g_autofree char *shown = mh_printable_string(name);
    g_clear_error(error);
    if (mh_option_find(name) != NULL)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                    "option --%s is not one of '%s'", shown, command->name);
    else if (near != NULL)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                    "there is no option --%s; is --%s meant?", shown, near);
    else
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION, "there is no option --%s",
                    shown);
}

static void
explain(const MhCommand *command, const GArray *entries, char **argv, GError **error)
{
    if (error == NULL || !g_error_matches(*error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
        return;
    for (size_t i = 1; argv[i] != NULL && strcmp(argv[i], "--") != 0; i++) {
        if (!g_str_has_prefix(argv[i], "--"))
            continue;
        g_autofree char *name = g_strndup(argv[i] + 2, strcspn(argv[i] + 2, "="));
        if (!has_entry(entries, name)) {
            explain_unknown(command, entries, name, error);
            return;
        }
    }
}

static bool
parse_argv(const MhCommand *command, int argc, char **argv, Given *given, GError **error)
{
    g_autoptr(GStringChunk) names = g_string_chunk_new(256);
    g_autoptr(GArray) entries = make_entries(command, names);
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    GOptionGroup *group = g_option_group_new("mailhaul", "", "", given, NULL);
    g_option_group_add_entries(group, (const GOptionEntry *)(const void *)entries->data);
    g_option_context_set_main_group(context, group);
    g_option_context_set_help_enabled(context, FALSE);
    g_autofree char **copy = g_new0(char *, (size_t)argc + 1);
    memcpy(copy, argv, (size_t)argc * sizeof(char *));
    if (g_option_context_parse(context, &argc, &copy, error))
        return true;
    explain(command, entries, argv, error);
    return false;
}

/* NULL @path: the usual place, where there need not be a file. */
static bool
read_config(const char *path, MhSettings *settings, GError **error)
{
    g_autofree char *shown = mh_printable_string(path != NULL ? path : MH_CONFIG_FILE);
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) text =
        mh_read_trusted(path != NULL ? path : MH_CONFIG_FILE, MH_LIMIT_CONFIG_BYTES, &why);
    if (text == NULL) {
        if (path == NULL && g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return true;
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYSTEM,
                    "cannot read configuration file '%s': %s", shown, why->message);
        return false;
    }
    return mh_settings_file_parse(mh_span_from_bytes(text), shown, settings, error);
}

/* The file is the whole site's: what is not for @command is checked and left out. */
static bool
apply_config(const MhCommand *command, const char *path, MhSettings *settings, GError **error)
{
    g_autoptr(MhSettings) in_file = mh_settings_new();
    if (!read_config(path, in_file, error))
        return false;
    size_t count;
    const MhOption *options = mh_options(&count);
    for (size_t i = 0; i < count; i++) {
        g_autofree char *value = mh_settings_get(in_file, &options[i]);
        if (value != NULL && mh_option_for(&options[i], command->id) &&
            !mh_settings_set(settings, &options[i], value, error))
            return false;
    }
    return true;
}

static bool
apply_given(const Given *given, MhSettings *settings, GError **error)
{
    for (size_t i = 0; i < given->pairs->len; i++) {
        const Pair *pair = &g_array_index(given->pairs, Pair, i);
        if (!mh_settings_set(settings, pair->option, pair->value, error)) {
            g_prefix_error(error, "--%s: ", pair->option->name);
            return false;
        }
    }
    return true;
}

static bool usage_error(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool
usage_error(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, message);
    return false;
}

static bool
check_needs(const MhCommand *command, const MhCommandLine *line, GError **error)
{
    size_t count = line->args->len - 1;
    const MhSettings *settings = line->settings;
    if (count < command->args_min)
        return usage_error(error, "'%s' needs %s", command->name, command->args);
    if (count > command->args_max) {
        g_autofree char *extra =
            mh_printable_string(g_ptr_array_index(line->args, command->args_max));
        return usage_error(error, "'%s' takes no argument '%s'", command->name, extra);
    }
    if ((command->needs & MH_NEEDS_MAILDIR) != 0 && settings->maildir == NULL)
        return usage_error(error, "'%s' needs --maildir, or maildir in %s", command->name,
                           MH_CONFIG_FILE);
    if ((command->needs & MH_NEEDS_SOURCE) != 0 && settings->inbox == NULL &&
        settings->folders == NULL)
        return usage_error(error, "'%s' needs --inbox or --folders, or one of them in %s",
                           command->name, MH_CONFIG_FILE);
    return mh_settings_check(settings, error);
}

static bool
place_state(MhSettings *settings, GError **error)
{
    if (settings->state != NULL)
        return true;
    g_autofree char *own = g_build_filename(g_get_user_state_dir(), "mailhaul", NULL);
    return mh_settings_set(settings, mh_option_find("state"),
                           geteuid() == 0 ? MH_STATE_DEFAULT : own, error);
}

MhCommandLine *
mh_options_read(const MhCommand *command, int argc, char **argv, int *out_exit, GError **error)
{
    g_auto(Given) given = {.pairs = g_array_new(FALSE, FALSE, sizeof(Pair)),
                           .args = g_ptr_array_new_with_free_func(g_free)};
    g_array_set_clear_func(given.pairs, pair_clear);
    *out_exit = MH_EXIT_USAGE;
    if (!parse_argv(command, argc, argv, &given, error))
        return NULL;
    g_autoptr(MhCommandLine) line = g_new0(MhCommandLine, 1);
    line->settings = mh_settings_new();
    g_ptr_array_add(given.args, NULL);
    line->args = g_steal_pointer(&given.args);
    line->help = given.help;
    if (given.help)
        return g_steal_pointer(&line);
    *out_exit = MH_EXIT_CONFIG;
    if (!apply_config(command, given.config, line->settings, error))
        return NULL;
    *out_exit = MH_EXIT_USAGE;
    if (!apply_given(&given, line->settings, error) || !check_needs(command, line, error) ||
        !place_state(line->settings, error))
        return NULL;
    return g_steal_pointer(&line);
}
