/* warm-process: one doveadm at work: started without a shell, read, stopped, judged.
 *
 * What it prints is the mail's headers, as JSON. It is looked at for one thing: every '{' outside
 * a string is a message.
 */
#pragma once

#include "bytes.h"

#include <poll.h>

typedef struct MhWarmProcess MhWarmProcess;

/* Runs argv[0], a path. Its standard input is a file that holds @input, or has no bytes when that
 * is NULL. */
MhWarmProcess *mh_warm_process_start(char *const *argv, const char *input, GError **error);
/* NULL is fine; what still runs is killed. */
void mh_warm_process_free(MhWarmProcess *process);

/* Two places to wait for. */
void mh_warm_process_poll(const MhWarmProcess *process, struct pollfd out_fds[2]);
/* Takes in what is there, and says how much it was. False at the end of all output. */
bool mh_warm_process_read(MhWarmProcess *process, uint64_t *out_messages, uint64_t *out_bytes);
pid_t mh_warm_process_pid(const MhWarmProcess *process);

/* Ends it, since a file system has held it for so long: mh_warm_process_end() then says so. @place,
 * printable: see mh_held_place(). */
void mh_warm_process_give_up(MhWarmProcess *process, const char *place, uint32_t seconds);

/* Asks it to end. */
void mh_warm_process_stop(MhWarmProcess *process);

/* Waits for its end. NULL: its status is 0; otherwise why it is not, in its own last words where
 * there are some (printable, g_free()). */
char *mh_warm_process_end(MhWarmProcess *process);
/* Has it said anything of a user, "doveadm(USER): ...", that is more than a warning? (Who is not
 * root is told by Dovecot 2.3 each time that it has no statistics for him.) */
bool mh_warm_process_complained(const MhWarmProcess *process);

/* For tests: counts the objects in JSON that comes in pieces. @state is 0 at first. */
uint64_t mh_warm_count_objects(MhSpan json, int *state);
