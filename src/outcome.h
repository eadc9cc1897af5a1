/* outcome: what a run did, or would do, to one account.
 *
 * The plan of a dry run and the result of a run are the same structure: a dry run stops before
 * anything is written. Names in it are printable text (see printable.h): they are for people, for
 * JSON and for the state directory, never to be opened.
 */
#pragma once

#include "difference.h"
#include "finding.h"
#include "not-mail.h"

struct MhMemory;

typedef enum {
    MH_DONE_UP_TO_DATE, /* nothing had to be changed */
    MH_DONE_CHANGED,    /* carried over, or would be (dry run) */
    MH_DONE_FAILED,     /* @error says why */
} MhDone;

typedef struct {
    char *source;   /* the folder at the source, "INBOX", "Sent/2004" */
    char *path;     /* the file or directory it is read from */
    char *target;   /* its directory at the target */
    char *name;     /* the folder as clients of the new server name it; NULL: it has gone */
    bool renamed;   /* that is not what the source calls it */
    char *name_map; /* the name had to change: a line for --name-map; NULL: it had not */
    char *format;   /* "mbox uw", "courier" */
    MhDone done;
    char *error; /* NULL unless MH_DONE_FAILED */

    uint32_t uidvalidity, uidnext; /* at the target */
    uint64_t messages, bytes;      /* at the source, as delivered */
    uint64_t delivered, delivered_bytes, retagged, expunged, unchanged;
    uint64_t foreign;                      /* mail of the target's own, not touched */
    uint64_t kept_gone;                    /* gone at the source, kept on request */
    uint64_t left_out;                     /* in the file, but no mail: expunged, internal data */
    uint64_t sizes_read, sizes_read_bytes; /* files that were read only for their sizes */
    uint64_t sizes_listed;                 /* messages whose size was believed: MhMessage */
    MhFindings *findings;
} MhMailboxOutcome;

typedef struct {
    char *user;
    char *error; /* the account as a whole could not be done; NULL otherwise */
    bool dry_run;
    GPtrArray *mailboxes;       /* of MhMailboxOutcome */
    guint remembered;           /* up to here each has its memory, if it has one */
    GPtrArray *not_mail;        /* of MhNotMail */
    MhFindings *findings;       /* about the account, not about one mailbox */
    MhDifferences *differences; /* what verify found; its mailboxes are unchanged as far as all of
                                   a message is the same */
    uint64_t elapsed_us;
    struct MhMemory *memory; /* what the next run shall know: memory.h; NULL: nothing new */
    bool same;               /* nothing was looked into: all is as the last run left it */
    bool refused;   /* nothing was looked into, and what is known of it stays; see @error */
    bool closed;    /* by this run, a final one */
    bool root_left; /* and the target's root directory is for root to remove */
    bool undone;    /* what was carried has been taken out again */
} MhAccountOutcome;

MhMailboxOutcome *mh_mailbox_outcome_new(void);
void mh_mailbox_outcome_free(MhMailboxOutcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhMailboxOutcome, mh_mailbox_outcome_free)

MhAccountOutcome *mh_account_outcome_new(const char *user);
void mh_account_outcome_free(MhAccountOutcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhAccountOutcome, mh_account_outcome_free)

/* Was everything done? Was something of it lost? */
bool mh_account_outcome_failed(const MhAccountOutcome *outcome);
uint64_t mh_account_outcome_weigh(const MhAccountOutcome *outcome, MhWeight weight);

/* The form in which a worker sends them: see channel.h. A floating GVariant; from_variant() gives
 * NULL for anything that to_variant() does not make, in normal form or not. */
GVariant *mh_mailbox_outcome_to_variant(const MhMailboxOutcome *outcome);
MhMailboxOutcome *mh_mailbox_outcome_from_variant(GVariant *variant);
const char *mh_mailbox_outcome_type(void);
GVariant *mh_findings_to_variant(const MhFindings *findings);
MhFindings *mh_findings_from_variant(GVariant *variant);
