/* held-place: where a process waits that does not move.
 *
 * Source: proc(5), /proc/PID/syscall.
 */
#pragma once

#include <sys/types.h>

/* The file or directory that its system call is about, printable; or that somebody has stopped it.
 * NULL when we may not know. Takes a second or two at most, whatever the process has made of its
 * memory. g_free(). */
char *mh_held_place(pid_t pid);
