/* report: what the state directory says about a site, read without its lock.
 *
 * A run may be at work meanwhile: what is read is one consistent view of what it has recorded so
 * far. Nothing is written. Text is printable (see printable.h), times are seconds since 1970
 * unless their name says otherwise, and 0 where there is none.
 */
#pragma once

#include "json-findings.h"

typedef enum {
    MH_ACCOUNT_IN_STEP,  /* the last try did everything */
    MH_ACCOUNT_BEHIND,   /* done once, but the last try failed, in whole or in part */
    MH_ACCOUNT_NOT_DONE, /* tried, and never done in full */
    MH_ACCOUNT_UNTRIED,  /* asked for, but no run has come to it */
    MH_ACCOUNT_STATE_COUNT
} MhAccountState;

/* One record of a finding. */
typedef struct {
    char *source; /* the folder; "" when it is about the account */
    char *code;
    char *detail; /* NULL when there is none */
    MhWeight weight;
    uint64_t times; /* all of this code in this folder, on the first record; 0 on the others */
} MhReportFinding;

typedef struct {
    char *source, *path, *target, *format;
    char *error; /* NULL: done */
    uint64_t messages, bytes, delivered, retagged, expunged, foreign;
    uint32_t uidvalidity, uidnext;
} MhReportMailbox;

typedef struct {
    char *user;  /* not always UTF-8 */
    char *error; /* of the account as a whole; NULL: none */
    MhAccountState state;
    int64_t run;    /* the run that tried it last */
    int64_t synced; /* when it was last done in full */
    int64_t closed; /* when a final run closed it */
    uint64_t elapsed_us;
    uint64_t messages, bytes, delivered, foreign; /* sums over its mailboxes */
    uint64_t failed_mailboxes;
    uint64_t found[MH_WEIGHT_LOSS + 1]; /* findings by weight */
    GPtrArray *mailboxes;               /* of MhReportMailbox, by name */
    GPtrArray *findings;                /* of MhReportFinding */
} MhReportAccount;

/* What one run did to one account. */
typedef struct {
    int64_t ended_us;
    uint64_t elapsed_us, messages, bytes; /* carried in this run */
} MhReportWork;

typedef struct {
    int64_t id, started, ended; /* ended 0: at work, or killed */
    char *task;
    int exit_status; /* -1: none yet */
    uint64_t accounts, failed, messages, bytes;
} MhReportRun;

typedef struct {
    char *directory;
    int64_t now;
    GPtrArray *accounts; /* of MhReportAccount, by name */
    GPtrArray *runs;     /* of MhReportRun, the latest first */
    GArray *work;        /* of MhReportWork: what the latest run that carried something did */
    int64_t work_run;    /* its number; 0: no run has carried anything */
} MhSiteReport;

/* Sums over accounts. */
typedef struct {
    size_t accounts, by_state[MH_ACCOUNT_STATE_COUNT], with_loss, closed;
    uint64_t mailboxes, failed_mailboxes, messages, bytes;
    uint64_t found[MH_WEIGHT_LOSS + 1];
} MhReportTotals;

/* NULL with @error: G_FILE_ERROR_NOENT when nothing has been recorded in @directory yet. */
MhSiteReport *mh_site_report_load(const char *directory, GError **error);
void mh_site_report_free(MhSiteReport *report); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhSiteReport, mh_site_report_free)

MhReportTotals mh_site_report_totals(const MhSiteReport *report);
/* NULL when no run has tried @user. Borrowed. */
const MhReportAccount *mh_site_report_find(const MhSiteReport *report, const char *user);
const char *mh_account_state_name(MhAccountState state); /* "in step", "behind", ... */

/* Findings of the whole site by code: codes are borrowed from the report, and the text is the code
 * itself when we do not know it. The heaviest first, then the most frequent. An array of
 * MhFoundKind; g_array_unref(). */
GArray *mh_site_report_codes(const MhSiteReport *report);
/* The sentence of a code that was read from a state directory. */
const char *mh_report_code_text(const char *code);

/* Histograms: how many of something hold [4^i KiB, 4^(i+1) KiB); the first slot everything below,
 * the last everything above. */
#define MH_SIZE_SLOTS 14
void mh_site_report_sizes(const MhSiteReport *report, uint64_t out_accounts[MH_SIZE_SLOTS],
                          uint64_t out_mailboxes[MH_SIZE_SLOTS]);
/* The size at which slot @slot begins: 0, 4 KiB, 16 KiB, ... */
uint64_t mh_size_slot_start(unsigned slot);

/* Bytes and messages a second over the latest run in @slots equal pieces of time, each account's
 * spread evenly over the time that it took. False when there is nothing to show. */
typedef struct {
    double bytes_s, messages_s;
} MhReportRate;
bool mh_site_report_rates(const MhSiteReport *report, size_t slots, MhReportRate *out_rates,
                          int64_t *out_start_us, int64_t *out_end_us);

/* The report written out; g_free(). */
char *mh_report_text(const MhSiteReport *report);
char *mh_report_json(const MhSiteReport *report);
/* "findings": [...] of one account. */
void mh_report_findings_json(const MhReportAccount *account, MhJson *json);
char *mh_report_html(const MhSiteReport *report);
