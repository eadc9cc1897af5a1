/* carry: brings one mailbox of a source into its folder of the target tree.
 *
 * Two halves, so that many mailboxes share one sync of the file system:
 * 1. begin: both sides are read, the plan is made, and what is new is staged. A source that
 *    changes meanwhile is read again.
 * 2. commit, after the caller has made the batch durable: everything is put in place.
 * A dry run ends after the plan, which stands in the outcome.
 */
#pragma once

#include "late-keywords.h"
#include "maildir/maildir-stage.h"
#include "memory.h"
#include "outcome.h"
#include "settings.h"

/* Opens the source anew; it is called again when the source has changed while it was read. */
typedef MhSource *(*MhSourceOpen)(void *user, MhFindings *findings, GError **error);

/* Has its chance to change what was read, before the plan is made: UIDLs of a saved listing. */
typedef bool (*MhMailboxRead)(MhMailbox *mailbox, MhFindings *findings, void *user, GError **error);

typedef struct {
    MhSourceOpen open;
    void *open_user;
    MhMailboxRead read; /* may be NULL */
    void *read_user;
} MhCarrySource;

typedef struct {
    MaildirTree *tree;
    const MhSettings *settings;
    uint32_t fresh_uidvalidity; /* for folders that have none anywhere */
    bool dry_run;
    bool in_place;     /* source and target are one folder */
    GVariant *carried; /* late: what of this mailbox had been carried (memory.h); NULL: nothing */
    MhUidState left;   /* late: the folder's, as the last run left them; 0, 0: not known */
    MaildirStaged told;
    void *told_user;
} MhCarryContext;

typedef struct MhCarry MhCarry;

/* @folder is the directory below the tree ("." is the INBOX). @outcome is filled; it must outlive
 * the carry. NULL with @error: nothing of this mailbox was done. */
MhCarry *mh_carry_begin(const MhCarryContext *context, const char *folder,
                        const MhCarrySource *source, MhMailboxOutcome *outcome, GError **error);
/* The keywords of it that have no letter at the target: see late-keywords.h. */
void mh_carry_late_keywords(const MhCarry *carry, MhLateKeyword told, void *user);
/* Was all of the source read? Where a device failed in the middle, the messages before that are
 * carried and nothing is removed at the target; @error says what is not. */
bool mh_carry_is_whole(const MhCarry *carry, GError **error);
/* Is there anything to put in place? Where the target is up to date, but the source has changed in
 * something else than its mail, the list is to say so. */
bool mh_carry_has_work(const MhCarry *carry);
/* Has anything been written for it that must be durable before it is put in place? */
bool mh_carry_is_staged(const MhCarry *carry);
/* Puts it in place. False as well when the source was not whole. */
bool mh_carry_commit(MhCarry *carry, GError **error);
/* It is in place: makes room, so that only what is below can be asked of it still. */
void mh_carry_rest(MhCarry *carry);
/* For the next run, once it is in place: how the folder was left (MH_TARGET_STAMPS stamps are
 * added), and what of the mailbox has been carried. */
void mh_carry_target(const MhCarry *carry, GArray *out_stamps);
GVariant *mh_carry_carried(const MhCarry *carry);
void mh_carry_free(MhCarry *carry); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhCarry, mh_carry_free)
