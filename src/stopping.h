/* stopping: has this process been asked to stop? What runs long looks here between two messages,
 * and so does who waits for a lock. */
#pragma once

#include <stdbool.h>

/* Asked to stop, one finishes the message at hand, and leaves a state to go on from. */
bool mh_stopping(void);

/* From here on SIGTERM and SIGINT ask. */
void mh_stopping_on_signals(void);

/* Asks. */
void mh_stopping_now(void);
