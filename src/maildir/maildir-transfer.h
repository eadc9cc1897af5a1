/* maildir-transfer: brings one message into a directory of the target.
 *
 * Ways, where links are allowed and the source keeps every message in a file of its own (which
 * neither server ever writes to again):
 * 1. a reflink: a file of our own whose blocks are shared (FICLONE; Btrfs, XFS, bcachefs);
 * 2. a hard link to the very file that was indexed: by its name, when the new name then shows that
 *    file, or through its open descriptor. Both names are one
 *    file then, so its owner, mode and time must be what the target's would be; nothing of it is
 *    ever changed here, for that would change the source;
 * 3. a copy, which is always possible.
 * A way that the file systems do not offer is not tried again for the same tree.
 */
#pragma once

#include "maildir-tree.h"
#include "source.h"

/* Makes @name in @dirfd, which must not be there yet. After an error there may be a part of it. */
bool maildir_transfer(MaildirTree *tree, int dirfd, const char *name, const MhMessage *message,
                      MhSource *source, GError **error);
