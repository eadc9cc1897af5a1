/* saved-uidls: reads the UIDL listing of an account that the admin saved (--pop3-uidl=file:...).
 *
 * This is root's part, before a worker gives root up: the listing may be the admin's alone. So only
 * what lies in a place of root's, or belongs to the account, is read.
 */
#pragma once

#include "job.h"

/* NULL without @error when there is to be none; of char * otherwise (uidl-listing.h). */
GPtrArray *mh_saved_uidls_read(const MhJob *job, const MhAccount *account, GError **error);
