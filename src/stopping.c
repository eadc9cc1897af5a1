#include "stopping.h"

#include <stddef.h>

const int mh_stopping_signals[MH_STOPPING_SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

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
    mh_stopping_take_signals(stop, NULL);
}

void
mh_stopping_take_signals(void (*handler)(int), struct sigaction before[MH_STOPPING_SIGNALS])
{
    const struct sigaction action = {.sa_handler = handler};
    for (size_t i = 0; i < MH_STOPPING_SIGNALS; i++) {
        struct sigaction old;
        sigaction(mh_stopping_signals[i], NULL, &old);
        if (mh_stopping_signals[i] != SIGHUP || old.sa_handler != SIG_IGN)
            sigaction(mh_stopping_signals[i], &action, NULL);
        if (before != NULL)
            before[i] = old;
    }
}

void
mh_stopping_give_back(const struct sigaction before[MH_STOPPING_SIGNALS])
{
    for (size_t i = 0; i < MH_STOPPING_SIGNALS; i++)
        sigaction(mh_stopping_signals[i], &before[i], NULL);
}

void
mh_stopping_default_signals(void)
{
    for (size_t i = 0; i < MH_STOPPING_SIGNALS; i++)
        signal(mh_stopping_signals[i], SIG_DFL);
}
