/* main: finds the command, has its settings read, runs it, and says what went wrong. */
#include "attended.h"
#include "command.h"
#include "help.h"
#include "options.h"
#include "printable.h"
#include "version.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Blocks from this size on go back to the system when they are freed: the lists of a large folder
 * come and go, and what is kept for the next one of some other size would only add up. */
#define RETURNED_BYTES (1 << 20)
/* Less at the heap's end is kept: the buffers of one mailbox after the other come from there. */
#define KEPT_BYTES (1 << 18)

/* Bytes as they are: g_print() would convert them to the locale's charset. */
static void say(FILE *stream, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
say(FILE *stream, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    fputs(text, stream);
}

/* Output that did not arrive must not look like success: a full disk shows here. */
static int
finish(int status)
{
    bool failed = ferror(stdout) != 0;
    if (fflush(stdout) != 0 || failed) {
        say(stderr, "mailhaul: cannot write to standard output\n");
        return MH_EXIT_FAILED;
    }
    return status;
}

static int
no_command(const char *name)
{
    g_autofree char *shown = mh_printable_string(name);
    const char *near = mh_command_nearest(name);
    if (name[0] == '-')
        say(stderr, "mailhaul: there is no option %s\n", shown);
    else if (near != NULL)
        say(stderr, "mailhaul: there is no command '%s'; is '%s' meant?\n", shown, near);
    else
        say(stderr, "mailhaul: there is no command '%s'\n", shown);
    say(stderr, "Try 'mailhaul --help'.\n");
    return MH_EXIT_USAGE;
}

/* ---- a command ---------------------------------------------------------------------------- */

static int
do_command(const MhCommandContext *context)
{
    g_autoptr(GError) error = NULL;
    int status = context->command->run(context, &error);
    if (error != NULL)
        say(stderr, "mailhaul: %s\n", error->message);
    if (status == MH_EXIT_USAGE)
        say(stderr, "Try 'mailhaul %s --help'.\n", context->command->name);
    return status;
}

static int
do_and_finish(void *data)
{
    return finish(do_command(data));
}

static void
held(const char *place, uint32_t seconds, void *data)
{
    (void)data;
    say(stderr, "mailhaul: no answer from %s%s%s for %u s\n", place != NULL ? "'" : "",
        place != NULL ? place : "a file system", place != NULL ? "'" : "", seconds);
}

/* In a process that this one looks after. */
static int
do_with_care(MhCommandContext *context)
{
    g_autoptr(GError) error = NULL;
    MhAttended attended = {.work = do_and_finish,
                           .held = held,
                           .data = context,
                           .timeout_s = context->settings->answer_timeout_s};
    int status = mh_attended(&attended, &error);
    if (error != NULL)
        say(stderr, "mailhaul: %s\n", error->message);
    return error != NULL ? MH_EXIT_FAILED : status;
}

static int
run(const MhCommand *command, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int status;
    g_autoptr(MhCommandLine) line = mh_options_read(command, argc, argv, &status, &error);
    if (line != NULL && line->help) {
        g_autofree char *help = mh_help_command(command);
        say(stdout, "%s", help);
        return MH_EXIT_DONE;
    }
    if (line != NULL) {
        MhCommandContext context = {
            .command = command,
            .settings = line->settings,
            .args = (const char *const *)line->args->pdata,
            .arg_count = line->args->len - 1,
        };
        return (command->needs & MH_NEEDS_CARE) != 0 ? do_with_care(&context)
                                                     : do_command(&context);
    }
    if (error != NULL)
        say(stderr, "mailhaul: %s\n", error->message);
    if (status == MH_EXIT_USAGE)
        say(stderr, "Try 'mailhaul %s --help'.\n", command->name);
    return status;
}

static void
do_nothing(int signal_number)
{
    (void)signal_number;
}

/* Who asks how far it is must not end it, at whatever moment: see progress.h for the answer. What
 * is started from here has the signal as usual. */
static void
survive_questions(void)
{
    struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
}

/* Started without one of the standard streams, nothing else may get its number: what is said would
 * be written there. Such a stream fails when it is used, as it should. */
static void
fill_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(MH_EXIT_FAILED);
    }
}

int
main(int argc, char **argv)
{
    fill_streams();
    survive_questions();
    mallopt(M_MMAP_THRESHOLD, RETURNED_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    umask(0077); /* state and logs are nobody else's; modes at the target are those of --mode */
    if (argc < 2) {
        g_autofree char *help = mh_help_program();
        say(stderr, "%s", help);
        return MH_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        g_autofree char *help = mh_help_program();
        say(stdout, "%s", help);
        return finish(MH_EXIT_DONE);
    }
    if (strcmp(argv[1], "--version") == 0) {
        say(stdout, "mailhaul %s\n", MAILHAUL_VERSION);
        return finish(MH_EXIT_DONE);
    }
    const MhCommand *command = mh_command_find(argv[1]);
    if (command == NULL)
        return no_command(argv[1]);
    return finish(run(command, argc - 1, argv + 1));
}
