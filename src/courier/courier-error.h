/* courier-error: what callers of the Courier modules may act on. */
#pragma once

#include <glib.h>

#define COURIER_ERROR (courier_error_quark())
GQuark courier_error_quark(void);

typedef enum {
    COURIER_ERROR_LIST, /* the text is no list of this kind: what it knew is lost */
    COURIER_ERROR_NAME, /* a name that the format cannot hold */
} CourierError;
