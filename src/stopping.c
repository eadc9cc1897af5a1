#include "stopping.h"

#include <signal.h>

static volatile sig_atomic_t stopping;

bool
mh_stopping(void)
{
    return stopping != 0;
}

void
mh_stopping_now(void)
{
    stopping = 1;
}

static void
stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

void
mh_stopping_on_signals(void)
{
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}
