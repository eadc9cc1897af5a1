/* courier-shared: the folders that others share with a Courier account through the file system.
 *
 *     shared-folders/NAME/FOLDER[.SUB]/    IMAP clients see shared.NAME.FOLDER.SUB
 *
 * is made when a user subscribes such a folder, and goes when he does not any more. In its cur/ are
 * links to the messages, which bear the user's own flags; UIDs and keywords are his own, too.
 *
 * Source: Courier-IMAP 5.0.13 as observed.
 */
#pragma once

#include "courier-watch.h"
#include "job.h"

#define MH_COURIER_SHARED_DIR "shared-folders"

/* The directories of such folders below the Maildir, sorted: a GPtrArray of char *. Every place
 * that was looked at is watched. NULL: it cannot be said which there are. */
GPtrArray *mh_courier_shared_list(const MhCourierWatch *courier, GError **error);

/* Where is the folder of others that such a @dir is made of? Its link "shared" tells. */
typedef enum {
    MH_COURIER_SHARED_THERE,
    MH_COURIER_SHARED_GONE, /* its owner has removed it from the Maildir that holds it */
    MH_COURIER_SHARED_AWAY, /* that Maildir is not there, not mounted, not below @root, or it cannot
                               be said whether it is */
} MhCourierShared;

/* @error says why it is away where that cannot be said. */
MhCourierShared mh_courier_shared_find(const MhCourierWatch *courier, const char *dir,
                                       const char *root, int shared_fd, GError **error);

/* Why shared folders cannot be copied into this account's target; NULL: they can. */
const char *mh_courier_shared_obstacle(const MhAccount *account, bool in_place);
