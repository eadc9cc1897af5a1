/* maildir-error: what goes wrong with Maildirs and their state files. */
#pragma once

#include <glib.h>

typedef enum {
    MAILDIR_ERROR_FORMAT,   /* a state file that cannot be read at all: go on without it */
    MAILDIR_ERROR_VALUE,    /* a name or a value that the format cannot hold */
    MAILDIR_ERROR_TOO_LONG, /* a name longer than a file system takes: choose a shorter one */
} MaildirError;

#define MAILDIR_ERROR (maildir_error_quark())
GQuark maildir_error_quark(void);
