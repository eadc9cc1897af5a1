/* courier-access: the access list of a Courier folder as one of Dovecot's. */
#pragma once

#include "finding.h"

/* The text of "dovecot-acl" for the folder in @dir ("." or ".a.b") of the Maildir at @root_fd: from
 * its courierimapacl, or from courierimaphieracl, which has by @path ("a.b") those of folders that
 * did not exist.
 * NULL when there is none, or only what Courier writes by itself. What cannot be read is a finding,
 * and sets @out_unread. @room_bytes is what the account's lists may still take: see
 * MH_LIMIT_ACCESS_BYTES; what is returned is taken from it. g_free(). */
char *mh_courier_access(int root_fd, const char *dir, const char *path, size_t *room_bytes,
                        bool *out_unread, MhFindings *findings);
