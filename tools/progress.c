#include "progress.h"

#include "time-text.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_US (G_USEC_PER_SEC / 2)
#define LINE_US   (60 * G_USEC_PER_SEC)
/* The rate is that of the last seconds, and before that time left is not guessed. */
#define RATE_SLOTS 16
#define EARLY_US   (5 * G_USEC_PER_SEC)
#define EARLY_PART 0.01

typedef struct {
    int64_t time_us;
    uint64_t bytes;
} Sample;

struct MhProgressLine {
    bool draws; /* on a terminal */
    bool lines; /* a line a minute */
    int64_t begun_us, told_us;
    size_t drawn; /* characters on the screen, 0: none */
    Sample samples[RATE_SLOTS];
    size_t sample_count;
    struct sigaction old_action;
};

static volatile sig_atomic_t asked;

static void
ask(int signal_number)
{
    (void)signal_number;
    asked = 1;
}

static bool
is_terminal(void)
{
    const char *term = g_getenv("TERM");
    return isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

MhProgressLine *
mh_progress_new(const MhSettings *settings)
{
    MhProgressLine *line = g_new0(MhProgressLine, 1);
    struct sigaction action = {.sa_handler = ask};
    bool wanted = settings->progress == MH_PROGRESS_ALWAYS ||
                  (settings->progress == MH_PROGRESS_AUTO && !settings->quiet);
    line->draws = wanted && is_terminal();
    line->lines = settings->progress == MH_PROGRESS_ALWAYS && !line->draws;
    line->begun_us = g_get_monotonic_time();
    line->told_us = line->begun_us;
    asked = 0;
    sigaction(SIGUSR1, &action, &line->old_action);
    return line;
}

void
mh_progress_free(MhProgressLine *line)
{
    if (line == NULL)
        return;
    mh_progress_hide(line);
    sigaction(SIGUSR1, &line->old_action, NULL);
    g_free(line);
}

static size_t
columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* The window may have become narrower: then the line has been broken into several. */
void
mh_progress_hide(MhProgressLine *line)
{
    if (line->drawn == 0)
        return;
    size_t rows_above = (line->drawn - 1) / columns();
    if (rows_above > 0)
        fprintf(stderr, "\r\033[%zuA\033[J", rows_above);
    else
        fputs("\r\033[J", stderr);
    fflush(stderr);
    line->drawn = 0;
}

/* Bytes a second between the oldest sample and now. */
static double
take_rate(MhProgressLine *line, int64_t now, uint64_t bytes)
{
    Sample *oldest = &line->samples[line->sample_count % RATE_SLOTS];
    Sample from = line->sample_count >= RATE_SLOTS ? *oldest : (Sample){line->begun_us, 0};
    *oldest = (Sample){now, bytes};
    line->sample_count++;
    return now > from.time_us && bytes >= from.bytes
               ? (double)(bytes - from.bytes) * G_USEC_PER_SEC / (double)(now - from.time_us)
               : 0;
}

char *
mh_progress_text(const MhProgressAt *at, uint64_t elapsed_us, double rate_s)
{
    g_autofree char *size = g_format_size(at->bytes);
    g_autofree char *rate = g_format_size((guint64)rate_s);
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%zu of %zu accounts", at->done, at->accounts);
    if (at->failed > 0)
        g_string_append_printf(out, " (%zu failed)", at->failed);
    if (at->part >= EARLY_PART && at->part < 1 && elapsed_us >= EARLY_US) {
        g_autofree char *left =
            mh_duration_text((uint64_t)((double)elapsed_us * (1 - at->part) / at->part));
        g_string_append_printf(out, ", about %s left", left);
    }
    g_string_append_printf(out, ", %" G_GUINT64_FORMAT " messages, %s, %s/s", (guint64)at->messages,
                           size, rate);
    return g_string_free(out, FALSE);
}

static bool
in_foreground(void)
{
    pid_t group = tcgetpgrp(STDERR_FILENO);
    return group < 0 || group == getpgrp();
}

static void
draw(MhProgressLine *line, const char *text)
{
    mh_progress_hide(line);
    if (!in_foreground())
        return;
    size_t width = columns(), length = (size_t)g_utf8_strlen(text, -1);
    size_t shown = MIN(length, width - 1);
    fprintf(stderr, "%.*s", (int)(g_utf8_offset_to_pointer(text, (glong)shown) - text), text);
    fflush(stderr);
    line->drawn = shown;
}

void
mh_progress_update(MhProgressLine *line, const MhProgressAt *at)
{
    int64_t now = g_get_monotonic_time();
    bool due = (line->draws && now - line->told_us >= REDRAW_US) ||
               (line->lines && now - line->told_us >= LINE_US);
    if (!due && !asked)
        return;
    double rate = take_rate(line, now, at->bytes);
    g_autofree char *text = mh_progress_text(at, (uint64_t)(now - line->begun_us), rate);
    if (asked || line->lines) {
        mh_progress_hide(line);
        fprintf(stderr, "mailhaul: %s\n", text);
    }
    if (line->draws)
        draw(line, text);
    line->told_us = now;
    asked = 0;
}
