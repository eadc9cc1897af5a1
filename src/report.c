#include "report.h"

#include "keyed-hash.h"

#include <string.h>

const char *
mh_account_state_name(MhAccountState state)
{
    static const char *const names[] = {"in step", "behind", "not done", "not tried"};
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == MH_ACCOUNT_STATE_COUNT);
    return names[state];
}

MhReportTotals
mh_site_report_totals(const MhSiteReport *report)
{
    MhReportTotals totals = {.accounts = report->accounts->len};
    for (guint i = 0; i < report->accounts->len; i++) {
        const MhReportAccount *account = report->accounts->pdata[i];
        totals.by_state[account->state]++;
        totals.with_loss += account->found[MH_WEIGHT_LOSS] > 0;
        totals.closed += account->closed != 0;
        totals.mailboxes += account->mailboxes->len;
        totals.failed_mailboxes += account->failed_mailboxes;
        totals.messages += account->messages;
        totals.bytes += account->bytes;
        for (int weight = 0; weight <= MH_WEIGHT_LOSS; weight++)
            totals.found[weight] += account->found[weight];
    }
    return totals;
}

const MhReportAccount *
mh_site_report_find(const MhSiteReport *report, const char *user)
{
    for (guint i = 0; i < report->accounts->len; i++) {
        const MhReportAccount *account = report->accounts->pdata[i];
        if (strcmp(account->user, user) == 0)
            return account;
    }
    return NULL;
}

const char *
mh_report_code_text(const char *code)
{
    MhFindingCode known;
    return mh_finding_from_name(code, &known) ? mh_finding_text(known) : code;
}

/* ---- findings by code --------------------------------------------------------------------- */

typedef struct {
    MhFoundKind code;
    const MhReportAccount *last; /* the account that was counted last */
} Counter;

static int
compare_codes(gconstpointer a, gconstpointer b)
{
    const MhFoundKind *one = a, *two = b;
    if (one->weight != two->weight)
        return one->weight > two->weight ? -1 : 1;
    if (one->times != two->times)
        return one->times > two->times ? -1 : 1;
    return strcmp(one->code, two->code);
}

static void
count_account(GHashTable *counters, const MhReportAccount *account)
{
    for (guint i = 0; i < account->findings->len; i++) {
        const MhReportFinding *finding = account->findings->pdata[i];
        Counter *counter = g_hash_table_lookup(counters, finding->code);
        if (counter == NULL) {
            counter = g_new0(Counter, 1);
            counter->code = (MhFoundKind){.code = finding->code,
                                          .text = mh_report_code_text(finding->code),
                                          .weight = finding->weight};
            g_hash_table_insert(counters, finding->code, counter);
        }
        counter->code.times += finding->times;
        counter->code.accounts += counter->last != account;
        counter->last = account;
    }
}

GArray *
mh_site_report_codes(const MhSiteReport *report)
{
    g_autoptr(GHashTable) counters =
        g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, NULL, g_free);
    GArray *codes = g_array_new(FALSE, FALSE, sizeof(MhFoundKind));
    GHashTableIter iter;
    gpointer value;
    for (guint i = 0; i < report->accounts->len; i++)
        count_account(counters, report->accounts->pdata[i]);
    g_hash_table_iter_init(&iter, counters);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_array_append_val(codes, ((Counter *)value)->code);
    g_array_sort(codes, compare_codes);
    return codes;
}

/* ---- distributions ------------------------------------------------------------------------ */

uint64_t
mh_size_slot_start(unsigned slot)
{
    return slot == 0 ? 0 : UINT64_C(1024) << 2 * slot;
}

static unsigned
size_slot(uint64_t bytes)
{
    unsigned slot = 0;
    while (slot + 1 < MH_SIZE_SLOTS && bytes >= mh_size_slot_start(slot + 1))
        slot++;
    return slot;
}

void
mh_site_report_sizes(const MhSiteReport *report, uint64_t out_accounts[MH_SIZE_SLOTS],
                     uint64_t out_mailboxes[MH_SIZE_SLOTS])
{
    memset(out_accounts, 0, MH_SIZE_SLOTS * sizeof *out_accounts);
    memset(out_mailboxes, 0, MH_SIZE_SLOTS * sizeof *out_mailboxes);
    for (guint i = 0; i < report->accounts->len; i++) {
        const MhReportAccount *account = report->accounts->pdata[i];
        out_accounts[size_slot(account->bytes)]++;
        for (guint j = 0; j < account->mailboxes->len; j++)
            out_mailboxes[size_slot(((MhReportMailbox *)account->mailboxes->pdata[j])->bytes)]++;
    }
}

static bool
work_span(const GArray *work, int64_t *out_start_us, int64_t *out_end_us)
{
    bool any = false;
    for (guint i = 0; i < work->len; i++) {
        const MhReportWork *item = &g_array_index(work, MhReportWork, i);
        int64_t start = item->ended_us - (int64_t)MIN(item->elapsed_us, (uint64_t)INT64_MAX / 4);
        *out_start_us = any ? MIN(*out_start_us, start) : start;
        *out_end_us = any ? MAX(*out_end_us, item->ended_us) : item->ended_us;
        any = true;
    }
    return any && *out_end_us > *out_start_us;
}

/* Spreads one account's work over the slots that it touches. */
static void
spread(const MhReportWork *item, size_t slots, double start, double slot_us, MhReportRate *rates)
{
    double to = (double)item->ended_us - start;
    double from = to - MAX((double)item->elapsed_us, 1);
    for (size_t i = (size_t)MAX(from / slot_us, 0); i < slots && (double)i * slot_us < to; i++) {
        double overlap = MIN(to, (double)(i + 1) * slot_us) - MAX(from, (double)i * slot_us);
        double part = MAX(overlap, 0) / (to - from) / (slot_us / G_USEC_PER_SEC);
        rates[i].bytes_s += (double)item->bytes * part;
        rates[i].messages_s += (double)item->messages * part;
    }
}

bool
mh_site_report_rates(const MhSiteReport *report, size_t slots, MhReportRate *out_rates,
                     int64_t *out_start_us, int64_t *out_end_us)
{
    int64_t start = 0, end = 0;
    if (!work_span(report->work, &start, &end))
        return false;
    memset(out_rates, 0, slots * sizeof *out_rates);
    double slot_us = (double)(end - start) / (double)slots;
    for (guint i = 0; i < report->work->len; i++)
        spread(&g_array_index(report->work, MhReportWork, i), slots, (double)start, slot_us,
               out_rates);
    *out_start_us = start;
    *out_end_us = end;
    return true;
}
