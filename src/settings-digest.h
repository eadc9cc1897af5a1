/* settings-digest: have settings changed in a way that would change what is written?
 *
 * What an earlier run left unread because nothing had happened to it must be read again when the
 * admin asks for something else, when a list has changed, or when mailhaul itself is another one.
 */
#pragma once

#include "settings.h"

/* @lists are the contents of the name map and the folder list, NULL where there is none.
 * @version is mailhaul's. 32 characters; g_free(). */
char *mh_settings_digest(const MhSettings *settings, GBytes *const *lists, size_t list_count,
                         const char *version);
