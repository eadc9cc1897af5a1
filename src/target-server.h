/* target-server: which server was a target written for?
 *
 * What Dovecot reads and what Courier reads are different files, and folders have other names on
 * disk: a tree that has been carried into for the one is not made into one for the other by writing
 * the next change in the other's way. UIDs and UIDLs of all that was there before would be lost.
 */
#pragma once

#include "maildir/maildir-tree.h"
#include "settings.h"

/* False with @error when mail was carried into the tree for another server than @server. */
bool mh_target_server_check(const MaildirTree *tree, MhServer server, GError **error);
