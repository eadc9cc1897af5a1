/* mbox-error: why a file could not be read as an mbox. */
#pragma once

#include <glib.h>

typedef enum {
    MBOX_ERROR_NOT_MBOX, /* nothing in the file can be the beginning of a message */
    MBOX_ERROR_LOCKED,   /* another program holds a lock, and the time to wait is over */
} MboxError;

#define MBOX_ERROR (mbox_error_quark())
GQuark mbox_error_quark(void);
