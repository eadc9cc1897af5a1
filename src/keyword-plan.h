/* keyword-plan: which keyword of the source gets which letter of the target folder. */
#pragma once

#include "mailbox.h"
#include "maildir/maildir-keywords.h"

typedef struct {
    MaildirKeywords *keywords; /* the folder's table, as it shall be */
    uint32_t *set_letters;     /* keyword set of the mailbox -> letters, bit 0 is a */
} MhKeywordPlan;

/* Letters that names have at the target stay theirs; the most used others get those that are left.
 * @letters_in_use: letters that files of the target carry. What gets no letter is a finding of
 * loss that names it. */
MhKeywordPlan *mh_keyword_plan(const MhMailbox *mailbox, const MaildirKeywords *target,
                               uint32_t letters_in_use, MhFindings *findings);
void mh_keyword_plan_free(MhKeywordPlan *plan); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhKeywordPlan, mh_keyword_plan_free)
