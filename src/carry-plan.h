/* carry-plan: what is to be done to one folder, from what was read of both sides.
 *
 * A part of carry, which reads the source, and carries the plan out.
 */
#pragma once

#include "carry.h"
#include "keyword-plan.h"
#include "maildir/maildir-delivery.h"
#include "maildir/maildir-folder.h"

struct MhCarry {
    const MhCarryContext *context;
    MhCarrySource from;
    char *folder_name;
    MhMailboxOutcome *outcome;
    MhMailbox *mailbox;
    MaildirFolder *folder;
    MhKeywordPlan *keywords;
    MhSyncPlan *plan;
    MaildirDelivery *delivery;
    bool careful;                   /* a device has failed */
    bool *before;                   /* late: what was carried before */
    uint64_t staged;                /* messages written */
    int64_t source_changed_ns;      /* as it was read; 0: not known */
    MhStamp left[MH_TARGET_STAMPS]; /* how the folder was left */
};

/* Reads the target and makes the plan. @findings may be NULL (they were reported before).
 * Courier gives mail in new/ another UID than the one its list has: for it, everything belongs into
 * cur/, at the cost of \Recent. */
bool mh_carry_plan_make(MhCarry *carry, MhFindings *findings, GError **error);
/* The same, when the source is as it was. */
bool mh_carry_plan_again(MhCarry *carry, MhFindings *findings, GError **error);
void mh_carry_plan_forget(MhCarry *carry);

/* Late: has the folder been deleted at the target since, and nothing come for it? */
bool mh_carry_plan_stays_deleted(const MhCarry *carry);
