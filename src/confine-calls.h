/* confine-calls: the system calls that a confined process may use; see confine.h. */
#pragma once

#include <stdbool.h>

/* From here on every other call says ENOSYS, as in a kernel that lacks it: then the C library does
 * without. NULL, or why this cannot be had. */
const char *mh_confine_calls(void);

bool mh_confine_calls_available(void);
