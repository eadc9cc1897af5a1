/* progress: how far a run is, on standard error.
 *
 * On a terminal it is one line that is drawn anew twice a second, fits the window as it is at that
 * moment, and is taken away while anything else is printed: whoever prints brackets it with
 * mh_progress_hide(), and the line comes back with the next update. Elsewhere there is nothing, or
 * with MH_PROGRESS_ALWAYS a line a minute. SIGUSR1 has it printed at once, in any case.
 */
#pragma once

#include "settings.h"

typedef struct {
    size_t accounts, done, failed;
    uint64_t messages, bytes;
    double part; /* of all that is to be done, 0 to 1 */
} MhProgressAt;

typedef struct MhProgressLine MhProgressLine;

MhProgressLine *mh_progress_new(const MhSettings *settings);
void mh_progress_free(MhProgressLine *line); /* NULL is fine; takes the line away */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhProgressLine, mh_progress_free)

void mh_progress_update(MhProgressLine *line, const MhProgressAt *at);
void mh_progress_hide(MhProgressLine *line);

/* The line itself, @elapsed_us into the run and with @rate_s bytes a second; g_free(). */
char *mh_progress_text(const MhProgressAt *at, uint64_t elapsed_us, double rate_s);
