/* saved-uidls: the UIDL listing of an account that the admin saved (--pop3-uidl=file:...).
 *
 * To load it is root's part, before a worker gives root up: the listing may be the admin's alone.
 * So only what lies in a place of root's, or belongs to the account, is read. What is in it is
 * looked at later, when there is no privilege left.
 */
#pragma once

#include "job.h"

/* NULL without @error when there is to be none. g_bytes_unref(). */
GBytes *mh_saved_uidls_load(const MhJob *job, const MhAccount *account, GError **error);
/* Of char * (uidl-listing.h). g_ptr_array_unref(). */
GPtrArray *mh_saved_uidls_parse(GBytes *text, GError **error);
