/* verify: in what a folder of the target differs from its mailbox at the source.
 *
 * Pure: two views in, differences out. The views were read afresh (verify-source, verify-target);
 * nothing of a run's memory is used but what it wrote into the target itself, and that only to
 * explain a difference, never to overlook one.
 *
 * Explanations. A difference is damage unless both sides show where it is from:
 * - The source has changed since it was carried (MhVerifyTarget.carried_from; where the list
 *   does not say, since mailhaul last wrote into the folder: written_ns), and the message shows it,
 *   too: missing, with a UID above all that were carried; or what was
 *   carried is what the target has. Then it is newer: the next run carries it.
 * - A server has opened the folder at the target, and what was carried is what the source still
 *   has: changed at the target, as by a tester. Of flags and keywords it is enough that it has
 *   opened the account: a run takes the indexes of a folder away when it replaces UIDs.
 * - More than 26 keywords, or UIDs that mail of the new server had taken: a loss, which the
 *   migration has told of.
 * In place there is one set of files, and what can be compared is what the new server's state files
 * say of it with what Courier's say: UIDs, UIDLs and their order, keywords, sizes. A carried
 * message whose file has gone is told as changed since, by the old server or the new one.
 *
 * Mail of the new server's own is counted (MhVerifyTarget.foreign), not compared.
 */
#pragma once

#include "difference.h"
#include "verify-courier.h"
#include "verify-source.h"
#include "verify-target.h"

typedef struct {
    bool check_owner; /* it is known whose the target is to be */
    uid_t uid;
    gid_t gid, root_gid; /* the latter is of the tree's root: what is made in it may have it */
    mode_t file_mode, dir_mode;
    bool in_place;                  /* the target is the source's own directory */
    bool for_courier;               /* the new server is Courier */
    bool keep_expunged;             /* what has gone at the source was to stay */
    bool account_in_use;            /* a server has opened the account, this folder or another */
    const MhVerifyCourier *courier; /* its own files of the folder; NULL: it is not */
    const MaildirAcl *acl;          /* as it shall be; NULL: the source has none */
    bool acl_unread;                /* ... or one that cannot be read */
    int64_t tree_written_ns; /* the latest written_ns of all folders, for one that is missing */
} MhVerifyRules;

/* Compares one mailbox. Returns how many messages are the same in everything. */
uint64_t mh_verify_mailbox(const MhVerifySource *source, const MhVerifyTarget *target,
                           const MhVerifyRules *rules, MhDifferences *differences);

/* Does a file belong to whom, and is it for those, that the rules say? */
void mh_verify_file(const MhVerifyFile *file, const MhVerifyRules *rules,
                    MhDifferences *differences);

/* What source and target subscribe: directories without their first dot. @newer: the source's list
 * has changed since the target's was written; @in_use: a server has opened the target. */
void mh_verify_subscriptions(const GPtrArray *source, const GPtrArray *target, bool newer,
                             bool in_use, MhDifferences *differences);
