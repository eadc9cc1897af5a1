/* settings-file: the configuration file, /etc/mailhaul.conf.
 *
 * Format: a key file (as GKeyFile reads it) with the one group [mailhaul]. Keys are the long names
 * of the options that may be keys, values as on the command line, taken as bytes from the first to
 * the last that is no blank; flags are yes or no. Lines that start with '#' are comments. A key
 * that stands twice is an error, as two admins then believed two things.
 */
#pragma once

#include "settings.h"

/* Sets what @text says. All keys are looked at, and the first fault (in the order of lines) is
 * the error, "FILE:LINE: ..."; @settings may then be half set. */
bool mh_settings_file_parse(MhSpan text, const char *file, MhSettings *settings, GError **error);
