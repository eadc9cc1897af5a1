/* confine-calls: the system calls that a confined process may use; see confine.h. */
#pragma once

#include <stdbool.h>

/* From here on every other call says ENOSYS, as in a kernel that lacks it: then the C library does
 * without. NULL, or why this cannot be had. */
const char *mh_confine_calls(void);

/* Makes what that needs, which takes longer than many an account: once, before processes are
 * forked. False when it cannot be made, and then it will be tried again. */
bool mh_confine_calls_prepare(void);

bool mh_confine_calls_available(void);
