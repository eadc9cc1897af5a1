/* maildir-delivery: puts what a sync plan asks for into one folder of a target tree.
 *
 * Order of writes, so that a power cut or a kill at any instruction loses and doubles nothing:
 * 1. stage: new messages are written below mailhaul.build, a new folder with its lists complete.
 * 2. The caller makes the batch durable: maildir_tree_sync().
 * 3. commit: a new folder is put in place with one rename (the INBOX, whose directory is the tree
 *    itself, lists first and cur last). In a folder that exists, under Dovecot's own lock: the new
 *    list is written aside, where a full disk shows; keywords get their names; new files are moved
 *    in, flags changed, expunged files removed; then the list is put in place. Until it stands the
 *    next run sees files without a line, and gives them theirs.
 * 4. The caller syncs again before it says "done".
 *
 * In place, where the source is the folder itself, nothing is staged and nothing removed, whatever
 * the plan says: message files get keyword letters, and a new base name where the old one cannot be
 * kept (maildir-rebase.h); then the list is written.
 */
#pragma once

#include "maildir-folder.h"
#include "source.h"
#include "sync.h"

typedef struct MaildirDelivery MaildirDelivery;

/* Called for every message written; false: stop. */
typedef bool (*MaildirDelivered)(uint64_t bytes, void *user);

/* @folder is what the folder held when the plan was made; it is borrowed, as is @tree. */
MaildirDelivery *maildir_delivery_new(MaildirTree *tree);
void maildir_delivery_free(MaildirDelivery *delivery); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MaildirDelivery, maildir_delivery_free)

/* What a plan is carried out with. */
typedef struct {
    const MaildirFolder *folder; /* as it was when the plan was made */
    const MhMailbox *mailbox;
    const MhSyncPlan *plan;
    const uint32_t *set_letters;
    const MaildirKeywords *keywords; /* as they shall be */
    bool in_place; /* the folder is the source: no file comes or goes, names may change */
} MaildirWork;

/* Writes the new messages of the plan, and of a new folder everything. G_FILE_ERROR_INTR: @told
 * asked to stop. After an error nothing of it is left. */
bool maildir_delivery_stage(MaildirDelivery *delivery, const MaildirWork *work, MhSource *source,
                            MaildirDelivered told, void *user, GError **error);

/* Removes what was staged. */
void maildir_delivery_discard(MaildirDelivery *delivery);

/* Puts everything in place. The caller holds the folder's lock (maildir-lock.h) when the folder
 * exists. A message of the plan that has not been staged is left out of the list: @out_left_out
 * says how many, the next run brings them. */
bool maildir_delivery_commit(MaildirDelivery *delivery, const MaildirWork *work,
                             size_t *out_left_out, GError **error);
