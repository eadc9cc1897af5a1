/* courier-options: what the settings say about reading Courier accounts. */
#pragma once

#include "courier/courier-folder-name.h"
#include "courier/courier-source.h"
#include "settings.h"

/* False with MH_CONFIG_ERROR_REFUSED for a way of UIDLs that no Courier has. Identities are those
 * of names at the target. */
bool mh_courier_options_from_settings(const MhSettings *settings, CourierSourceOptions *out,
                                      GError **error);

/* The encoding of folder names: as told, or as the names of the tree show. */
CourierNames mh_courier_names(const MhSettings *settings, const MhSpan *paths, size_t count,
                              MhFindings *findings);
