/* maildir-delivery: puts what a sync plan asks for into one folder of a target tree.
 *
 * Order of writes, so that a power cut or a kill at any instruction loses and doubles nothing:
 * 1. maildir-stage: new messages are written below mailhaul.build, a new folder with its lists
 * complete.
 * 2. The caller makes the batch durable, if anything was staged: maildir_tree_sync().
 * 3. maildir-commit: a new folder is put in place with one rename (the INBOX, whose directory is
 * the tree itself, lists first and cur last). In a folder that exists, under Dovecot's own lock:
 * the new list is written aside, where a full disk shows; keywords get their names; new files are
 * moved in, flags changed, expunged files removed; then the list is put in place. Until it stands
 * the next run sees files without a line, and gives them theirs.
 * 4. The caller syncs again before it says "done", also of what it has found in place.
 *
 * In place, where the source is the folder itself, nothing is staged and nothing removed, whatever
 * the plan says: message files get keyword letters, and a new base name where the old one cannot be
 * kept (maildir-rebase.h); then the list is written.
 */
#pragma once

#include "maildir-new-names.h"
#include "maildir-state.h"
#include "maildir-uidlist-writer.h"
#include "maildir-work.h"

/* What the two steps share; only they look into it. */
typedef struct {
    MaildirTree *tree;
    char *build;        /* the name of what is built, below build_fd; NULL: nothing */
    int fd;             /* the same, opened */
    int cur_fd, new_fd; /* its cur and new */
    int made_new_fd;    /* new/ of the folder in place, where it was missing; -1 */
    uint8_t *staged;    /* a bit per message of the source: it is there; for a folder that exists */
    MaildirNewNames *names; /* what that is called in place; while it is put there */
    GArray *lines;          /* of MaildirStateLine, for another server; NULL: Dovecot alone */
    GHashTable *rebase;     /* in place: line + 1 -> new base name; NULL: not in place */
} MaildirDelivery;

/* @tree is borrowed. */
MaildirDelivery *maildir_delivery_new(MaildirTree *tree);
void maildir_delivery_free(MaildirDelivery *delivery); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MaildirDelivery, maildir_delivery_free)

/* Has anything been staged? */
bool maildir_delivery_is_begun(const MaildirDelivery *delivery);
/* Closes what is built, and leaves it where it is. */
void maildir_delivery_close(MaildirDelivery *delivery);
/* Removes what was staged. */
void maildir_delivery_discard(MaildirDelivery *delivery);

/* What was staged for a folder that exists: a file in cur_fd, named by its place at the source. */
#define MAILDIR_STAGED_NAME 16
void maildir_delivery_staged_name(const MhSyncLine *line, char out_name[MAILDIR_STAGED_NAME]);
void maildir_delivery_set_staged(MaildirDelivery *delivery, const MaildirWork *work,
                                 const MhSyncLine *line);
bool maildir_delivery_is_staged(const MaildirDelivery *delivery, const MhSyncLine *line);

/* The UIDL that a message with the line @before keeps where the source knows none; NULL data: the
 * new server makes it. */
MhSpan maildir_delivery_old_uidl(const MhMailbox *mailbox, MhUidState uids,
                                 const MaildirUidlistEntry *before);
/* The line of the UID list for a message that comes from the source, in a file called @base.
 * @before is its line in the list there is; NULL: it has none. */
void maildir_delivery_add_line(MaildirUidlistWriter *writer, const MaildirWork *work,
                               const MhSyncLine *line, const MaildirUidlistEntry *before,
                               MhSpan base);
/* Keeps a line for the other server's files, when there is one. */
void maildir_delivery_keep_line(MaildirDelivery *delivery, const MaildirWork *work,
                                const MhSyncLine *line, MhSpan base);
/* Writes those files into @dirfd. */
bool maildir_delivery_write_state(const MaildirDelivery *delivery, const MaildirWork *work,
                                  int dirfd, GError **error);
