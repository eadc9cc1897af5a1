/* division: an account that is larger than the rest, done by several workers.
 *
 * First come parts (haul-part.h): workers that carry one mailbox after another, each that no other
 * has taken, and nothing else. When all have ended the account's own worker does the account as
 * ever. It finds what the parts carried unchanged, carries what they did not, and does what
 * concerns the account as a whole. So a part that fails, or is killed, costs time only.
 *
 * What is told of the account is what its own worker tells, and for each mailbox the sum of both.
 */
#pragma once

#include "job.h"
#include "outcome.h"

typedef struct {
    const MhAccount *account;
    MhMemory *memory;   /* what earlier runs left; NULL: nothing */
    MhMemory *fresh;    /* what the parts left */
    GHashTable *found;  /* of MhMailboxOutcome by a name: what they did, until it is told */
    MaildirPart next;   /* the next part */
    unsigned to_start;  /* so many more may help */
    unsigned at_work;   /* parts */
    bool entered;       /* the first has its place: others may come */
    bool finishing;     /* the parts have ended, and the account's own worker has begun */
    char *error;        /* why there will be none; NULL: there will be */
    MhFindings *failed; /* parts */
    uint64_t not_linked;
    int64_t started_us;
} MhDivision;

/* Would an account of @bytes keep one of @jobs workers busy when the others have done the rest of
 * what is to be done, of @rest bytes with it? And is it worth the while: larger than @above MB? */
bool mh_division_is_due(uint64_t bytes, uint64_t rest, uint32_t jobs, uint32_t above);

/* For up to @parts workers. Takes @memory. */
MhDivision *mh_division_new(const MhAccount *account, MhMemory *memory, unsigned parts);
void mh_division_free(MhDivision *division); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhDivision, mh_division_free)

/* A part has its place in the tree, and could not link so many messages. */
void mh_division_enter(MhDivision *division, uint64_t not_linked);
/* What the account fails with, as soon as the parts at work have ended. The first cause stays. */
void mh_division_give_up(MhDivision *division, const char *error);
/* A part has died, and the account goes on without it: that is told with the account. */
void mh_division_fail_part(MhDivision *division, const char *error);
/* A part has ended: what it has said of mailboxes, under the settings of that digest, is taken out
 * of @part. NULL: nothing that it said counts. */
void mh_division_take(MhDivision *division, MhAccountOutcome *part, const char *settings_digest);

/* @mailbox is what the account's own worker says: adds what a part did to it. */
void mh_division_add_to(MhDivision *division, MhMailboxOutcome *mailbox);

/* The account's own worker has not come to its end: what parts did, and it has said nothing of, is
 * told and remembered all the same. */
void mh_division_add_rest(MhDivision *division, MhAccountOutcome *outcome,
                          const char *settings_digest);
