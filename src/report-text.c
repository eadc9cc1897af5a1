/* report-text: the report for a terminal and for mail, within 80 columns but for names. */
#include "report.h"

#include "time-text.h"

#define LISTED      10 /* slowest and largest accounts */
#define LISTED_BAD  50 /* what failed or was lost, before it says how many more */
#define RATE_SLOTS  12
#define BAR_COLUMNS 40

static void
add_bar(GString *out, double value, double most)
{
    int columns = most > 0 ? (int)(value / most * BAR_COLUMNS + 0.5) : 0;
    if (value > 0 && columns == 0)
        columns = 1;
    for (int i = 0; i < columns; i++)
        g_string_append_c(out, '#');
    g_string_append_c(out, '\n');
}

static void
add_totals(GString *out, const MhReportTotals *totals)
{
    g_autofree char *size = g_format_size(totals->bytes);
    g_string_append_printf(out, "Accounts   %9zu   %zu in step, %zu behind, %zu not done\n",
                           totals->accounts, totals->by_state[MH_ACCOUNT_IN_STEP],
                           totals->by_state[MH_ACCOUNT_BEHIND],
                           totals->by_state[MH_ACCOUNT_NOT_DONE]);
    g_string_append_printf(out, "                       %zu with losses, %zu closed\n",
                           totals->with_loss, totals->closed);
    g_string_append_printf(out,
                           "Mailboxes  %9" G_GUINT64_FORMAT "   %" G_GUINT64_FORMAT " failed\n",
                           (guint64)totals->mailboxes, (guint64)totals->failed_mailboxes);
    g_string_append_printf(out, "Messages   %9" G_GUINT64_FORMAT "   %s\n",
                           (guint64)totals->messages, size);
    g_string_append_printf(out,
                           "Findings   %9" G_GUINT64_FORMAT "   %" G_GUINT64_FORMAT
                           " losses, %" G_GUINT64_FORMAT " repaired, %" G_GUINT64_FORMAT " notes\n",
                           (guint64)(totals->found[0] + totals->found[1] + totals->found[2]),
                           (guint64)totals->found[MH_WEIGHT_LOSS],
                           (guint64)totals->found[MH_WEIGHT_REPAIRED],
                           (guint64)totals->found[MH_WEIGHT_NOTE]);
}

static const MhReportRun *
find_run(const MhSiteReport *report, int64_t id)
{
    for (guint i = 0; i < report->runs->len; i++) {
        const MhReportRun *run = report->runs->pdata[i];
        if (run->id == id)
            return run;
    }
    return NULL;
}

static void
add_rates(GString *out, const MhSiteReport *report)
{
    MhReportRate rates[RATE_SLOTS];
    int64_t start, end;
    const MhReportRun *run = find_run(report, report->work_run);
    if (run == NULL || !mh_site_report_rates(report, RATE_SLOTS, rates, &start, &end))
        return;
    double most = 0, seconds = (double)(end - start) / G_USEC_PER_SEC;
    g_autofree char *when = mh_time_text(run->started);
    g_autofree char *took = mh_duration_text((uint64_t)(end - start));
    g_autofree char *size = g_format_size(run->bytes);
    g_autofree char *mean = g_format_size((guint64)((double)run->bytes / seconds));
    g_string_append_printf(out,
                           "\nThe latest run that carried mail: %s, %s\n"
                           "  %" G_GUINT64_FORMAT " accounts, %" G_GUINT64_FORMAT
                           " messages, %s; %s a second\n",
                           when, took, (guint64)run->accounts, (guint64)run->messages, size, mean);
    for (int i = 0; i < RATE_SLOTS; i++)
        most = MAX(most, rates[i].bytes_s);
    for (int i = 0; i < RATE_SLOTS; i++) {
        g_autofree char *clock =
            mh_clock_text((start + (end - start) / RATE_SLOTS * i) / G_USEC_PER_SEC);
        g_autofree char *rate = g_format_size((guint64)rates[i].bytes_s);
        g_string_append_printf(out, "  %s %10s/s  ", clock, rate);
        add_bar(out, rates[i].bytes_s, most);
    }
}

static void
add_sizes(GString *out, const MhSiteReport *report)
{
    uint64_t accounts[MH_SIZE_SLOTS], mailboxes[MH_SIZE_SLOTS], most = 0;
    unsigned first = MH_SIZE_SLOTS, last = 0;
    mh_site_report_sizes(report, accounts, mailboxes);
    for (unsigned i = 0; i < MH_SIZE_SLOTS; i++) {
        most = MAX(most, accounts[i]);
        if (accounts[i] > 0) {
            first = MIN(first, i);
            last = i;
        }
    }
    g_string_append(out, "\nAccounts by size\n");
    for (unsigned i = first; i <= last && i < MH_SIZE_SLOTS; i++) {
        g_autofree char *size = g_format_size_full(mh_size_slot_start(i), G_FORMAT_SIZE_IEC_UNITS);
        g_string_append_printf(out, "  from %10s  %6" G_GUINT64_FORMAT "  ", size,
                               (guint64)accounts[i]);
        add_bar(out, (double)accounts[i], (double)most);
    }
}

static int
compare_bytes(gconstpointer a, gconstpointer b)
{
    const MhReportAccount *one = *(MhReportAccount *const *)a, *two = *(MhReportAccount *const *)b;
    return one->bytes > two->bytes ? -1 : one->bytes < two->bytes;
}

static int
compare_elapsed(gconstpointer a, gconstpointer b)
{
    const MhReportAccount *one = *(MhReportAccount *const *)a, *two = *(MhReportAccount *const *)b;
    return one->elapsed_us > two->elapsed_us ? -1 : one->elapsed_us < two->elapsed_us;
}

static void
add_foremost(GString *out, const MhSiteReport *report, const char *title, GCompareFunc compare)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_copy(report->accounts, NULL, NULL);
    g_ptr_array_set_free_func(sorted, NULL);
    g_ptr_array_sort(sorted, compare);
    g_string_append_printf(out, "\n%s\n", title);
    for (guint i = 0; i < sorted->len && i < LISTED; i++) {
        const MhReportAccount *account = sorted->pdata[i];
        g_autofree char *size = g_format_size(account->bytes);
        g_autofree char *took = mh_duration_text(account->elapsed_us);
        g_string_append_printf(out, "  %12s  %10s  %9" G_GUINT64_FORMAT " messages  %s\n", size,
                               took, (guint64)account->messages, account->user);
    }
}

static void
add_codes(GString *out, const MhSiteReport *report)
{
    g_autoptr(GArray) codes = mh_site_report_codes(report);
    if (codes->len > 0)
        g_string_append(out, "\nFindings by kind\n");
    for (guint i = 0; i < codes->len; i++) {
        const MhFoundKind *code = &g_array_index(codes, MhFoundKind, i);
        g_string_append_printf(out, "  %-8s %7" G_GUINT64_FORMAT " in %5zu account%s %s\n",
                               mh_weight_name(code->weight), (guint64)code->times, code->accounts,
                               code->accounts == 1 ? ": " : "s:", code->text);
    }
}

static void
add_failed(GString *out, const MhReportAccount *account, size_t *count)
{
    if (account->error != NULL && (*count)++ < LISTED_BAD)
        g_string_append_printf(out, "  %s: %s\n", account->user, account->error);
    for (guint i = 0; i < account->mailboxes->len; i++) {
        const MhReportMailbox *mailbox = account->mailboxes->pdata[i];
        if (mailbox->error != NULL && (*count)++ < LISTED_BAD)
            g_string_append_printf(out, "  %s: %s: %s\n", account->user, mailbox->source,
                                   mailbox->error);
    }
}

static void
add_lost(GString *out, const MhReportAccount *account, size_t *count)
{
    for (guint i = 0; i < account->findings->len; i++) {
        const MhReportFinding *finding = account->findings->pdata[i];
        if (finding->weight != MH_WEIGHT_LOSS || (*count)++ >= LISTED_BAD)
            continue;
        g_string_append_printf(
            out, "  %s: %s%s%s%s%s\n", account->user, finding->source,
            finding->source[0] != '\0' ? ": " : "", mh_report_code_text(finding->code),
            finding->detail != NULL ? ": " : "", finding->detail != NULL ? finding->detail : "");
    }
}

static void
add_list(GString *out, const MhSiteReport *report, const char *title,
         void (*add)(GString *out, const MhReportAccount *account, size_t *count))
{
    g_autoptr(GString) lines = g_string_new(NULL);
    size_t count = 0;
    for (guint i = 0; i < report->accounts->len; i++)
        add(lines, report->accounts->pdata[i], &count);
    if (count > 0)
        g_string_append_printf(out, "\n%s\n%s", title, lines->str);
    if (count > LISTED_BAD)
        g_string_append_printf(out, "  and %zu more: see --format html or json\n",
                               count - LISTED_BAD);
}

char *
mh_report_text(const MhSiteReport *report)
{
    GString *out = g_string_new(NULL);
    MhReportTotals totals = mh_site_report_totals(report);
    g_autofree char *when = mh_time_text(report->now);
    g_string_append_printf(out, "State of %s at %s\n\n", report->directory, when);
    add_totals(out, &totals);
    add_list(out, report, "Not done", add_failed);
    add_list(out, report, "Lost", add_lost);
    add_codes(out, report);
    add_rates(out, report);
    if (report->accounts->len > 0) {
        add_sizes(out, report);
        add_foremost(out, report, "Largest accounts", compare_bytes);
        add_foremost(out, report, "Slowest accounts", compare_elapsed);
    }
    g_autofree char *text = g_string_free(out, FALSE);
    return g_utf8_make_valid(text, -1); /* users may have other names */
}
