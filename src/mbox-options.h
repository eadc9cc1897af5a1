/* mbox-options: how mbox files are read, as the settings say. */
#pragma once

#include "mbox/mbox-source.h"
#include "settings.h"

/* @out's time zone is owned by the caller (g_time_zone_unref()). False with MH_CONFIG_ERROR_...
 * for a time zone that nobody knows. */
bool mh_mbox_options_from_settings(const MhSettings *settings, MboxSourceOptions *out,
                                   GError **error);
