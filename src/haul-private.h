/* haul-private: what the parts of haul share while an account is done. */
#pragma once

#include "carry.h"
#include "gone.h"
#include "haul.h"

/* One mailbox whose carry waits for the batch. */
typedef struct {
    MhCarry *carry; /* NULL: it failed, or there is nothing to commit */
    MhMailboxOutcome *outcome;
    const MhSurveyMailbox *mailbox; /* what it is from; NULL: it has gone at the source */
    const MhGone *gone;             /* ... and may be removed altogether; NULL: it has not */
    bool unchanged;                 /* it was not even opened */
    bool changed;                   /* there was something to commit */
    MhCarry *done;                  /* there was not */
} MhHaulPending;

typedef struct {
    const MhJob *job;
    const MhAccount *account;
    GBytes *uidls_text; /* of the INBOX; NULL: none were saved */
    GPtrArray *uidls;
    int fd;
    MaildirTree *tree;
    char *maildir; /* its path */
    bool dry_run;
    MhSettings of_undo; /* as settings, but everything carried goes */
    GPtrArray *gone;    /* of MhGone */
    bool root_left;     /* undo: the root directory that we made is for root to remove */
    bool is_last;       /* what is pending is the last of the account */
    bool subscribed;    /* what the source subscribes stands at the target */
    GPtrArray *removed; /* of char *: folders that were removed, without their first dot */
    MhCarryContext context;
    MhAccountSurvey *survey;
    MhFindings *findings;
    GPtrArray *pending; /* of MhHaulPending */
    uint64_t pending_messages, pending_bytes;
    uint64_t untold_messages, untold_bytes;
    uint64_t quota_messages, quota_bytes; /* what counts for the quota */
    bool failed;                          /* something was not done */
} MhHaul;

/* ---- haul-batch: mailboxes are carried one by one, and put in place a batch at a time ---- */

void mh_haul_pending_free(gpointer item);
/* Called for every message that was written; false: stop. @haul is the MhHaul. */
bool mh_haul_message_written(uint64_t bytes, void *haul);
bool mh_haul_is_late(const MhHaul *haul);
/* What the admin reads: the error, and what to do about a disk that is full. g_free(). */
char *mh_haul_describe(const MhHaul *haul, const GError *error);
void mh_haul_fail_mailbox(MhHaul *haul, MhMailboxOutcome *outcome, const GError *error);
void mh_haul_carry_mailbox(MhHaul *haul, MhSurveyMailbox *mailbox);
/* Would another run find nothing to do? Reads both sides again, and writes nothing. */
bool mh_haul_is_settled(const MhHaul *haul, const MhSurveyMailbox *mailbox);
/* The carry has been begun: it waits for the batch, or there is nothing to be done. */
void mh_haul_wait(MhHaul *haul, MhHaulPending *pending);
/* Makes what is pending durable, puts it in place, makes that durable, and only then reports it. */
void mh_haul_flush(MhHaul *haul);
/* The same for what is left in the end; the coordinator may use our processor meanwhile. */
void mh_haul_flush_last(MhHaul *haul);

/* ---- haul-gone: folders that are no longer at the source ---- */

/* Finds what has gone at the source. False with @error when it cannot be meant. */
bool mh_haul_clear_locks(const MhHaul *haul, GError **error);
bool mh_haul_find_gone(MhHaul *haul, GError **error);
/* What was carried into the folder goes, whatever else is there stays. */
void mh_haul_empty_folder(MhHaul *haul, const MhGone *gone);
void mh_haul_empty_folders(MhHaul *haul);

/* ---- haul-part: one of several workers of an account ---- */

/* Carries mailboxes until every one is taken, by this worker or another. */
bool mh_haul_carry_part(MhHaul *haul, GError **error);

/* ---- haul ---- */

/* Gives haul->maildir, the path of the target. */
bool mh_haul_expand_maildir(MhHaul *haul, GError **error);
bool mh_haul_open_tree(MhHaul *haul, GError **error);
/* Makes durable what has been done, before the account is closed, or forgotten, for it. */
bool mh_haul_settle(const MhHaul *haul, GError **error);
/* Finds out what there is, and what has gone. False with @error when nothing may be done. */
bool mh_haul_survey(MhHaul *haul, GError **error);

/* ---- haul-undo ---- */

/* Takes out what mailhaul put in, and nothing else. */
bool mh_haul_undo(MhHaul *haul, GError **error);

/* ---- haul-restore ---- */

/* The same where the target is a Maildir that was converted where it stands. */
bool mh_haul_restore(MhHaul *haul, GError **error);
