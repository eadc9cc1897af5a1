/* stopping: has this process been asked to stop? What runs long looks here between two messages,
 * and so does who waits for a lock. */
#pragma once

#include <signal.h>
#include <stdbool.h>

/* Asked to stop, one finishes the message at hand, and leaves a state to go on from. */
bool mh_stopping(void);

/* From here on the signals below ask. */
void mh_stopping_on_signals(void);

/* Asks. */
void mh_stopping_now(void);

/* What asks: SIGTERM, SIGINT, and SIGHUP when a terminal goes. */
#define MH_STOPPING_SIGNALS 3
extern const int mh_stopping_signals[MH_STOPPING_SIGNALS];

/* From here on @handler is told of them, but for a SIGHUP that is ignored, as nohup(1) has it.
 * @before, which may be NULL: how it was. */
void mh_stopping_take_signals(void (*handler)(int), struct sigaction before[MH_STOPPING_SIGNALS]);
void mh_stopping_give_back(const struct sigaction before[MH_STOPPING_SIGNALS]);
/* In a process that ends by them. */
void mh_stopping_default_signals(void);
