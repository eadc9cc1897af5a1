/* config-error: what can be wrong with what an admin wrote: settings, patterns, lists.
 *
 * One domain for all of them. Messages quote what was written as printable text.
 */
#pragma once

#include <glib.h>

typedef enum {
    MH_CONFIG_ERROR_SYNTAX,  /* it cannot be read as what it should be */
    MH_CONFIG_ERROR_UNKNOWN, /* it names a user, key or choice that there is not */
    MH_CONFIG_ERROR_REFUSED, /* it can be read, and must not be done */
    MH_CONFIG_ERROR_SYSTEM,  /* the system could not answer, trying again may help */
} MhConfigError;

#define MH_CONFIG_ERROR (mh_config_error_quark())
GQuark mh_config_error_quark(void);
