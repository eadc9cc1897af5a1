/* report-html: the report as one page that needs nothing else.
 *
 * The page is src/report-html/page.html, in which {{name}} is replaced: names of ours only, never
 * something from the data, because the replaced text is not looked at again. Data is in a script
 * element of type application/json, in which json-text escapes '<'; the script puts it into the
 * document as text, never as markup. Against mistakes in all this stands a content security policy
 * that lets run nothing but the script whose digest it names, and fetch nothing at all.
 */
#include "report.h"

#include "json-text.h"
#include "keyed-hash.h"
#include "report-html-parts.h"
#include "time-text.h"

#include <string.h>

/* The time of a run is shown in so many pieces, */
#define RATE_SLOTS 120
/* and so many rows of what needs a person: a page that a browser opens without effort. */
#define NEEDS_MAX 20000

typedef struct {
    MhJson json;
    const MhSiteReport *report;
    GArray *codes;          /* of MhFoundKind */
    GHashTable *code_index; /* code -> its place in codes */
    size_t needs, needs_more;
} Page;

/* ---- data --------------------------------------------------------------------------------- */

static void
add_account(MhJson *json, const MhReportAccount *account)
{
    mh_json_open(json, NULL, '[');
    mh_json_string(json, NULL, account->user);
    mh_json_number(json, NULL, account->state);
    mh_json_signed(json, NULL, account->synced);
    mh_json_signed(json, NULL, account->closed);
    mh_json_number(json, NULL, account->elapsed_us / 1000);
    mh_json_number(json, NULL, account->mailboxes->len);
    mh_json_number(json, NULL, account->messages);
    mh_json_number(json, NULL, account->bytes);
    mh_json_number(json, NULL, account->found[MH_WEIGHT_LOSS]);
    mh_json_number(json, NULL, account->found[MH_WEIGHT_REPAIRED]);
    mh_json_number(json, NULL, account->found[MH_WEIGHT_NOTE]);
    mh_json_number(json, NULL, account->failed_mailboxes);
    mh_json_string(json, NULL, account->error);
    mh_json_close(json, ']');
}

/* One row of what needs a person: kind (0 failed, 1 lost), account, folder, code or null, times,
 * detail. */
static void
add_need(Page *page, guint account, const char *folder, const char *code, uint64_t times,
         const char *detail)
{
    MhJson *json = &page->json;
    if (page->needs == NEEDS_MAX) {
        page->needs_more++;
        return;
    }
    page->needs++;
    mh_json_open(json, NULL, '[');
    mh_json_number(json, NULL, code != NULL);
    mh_json_number(json, NULL, account);
    mh_json_string(json, NULL, folder);
    if (code != NULL)
        mh_json_number(json, NULL, GPOINTER_TO_UINT(g_hash_table_lookup(page->code_index, code)));
    else
        mh_json_string(json, NULL, NULL);
    mh_json_number(json, NULL, times);
    mh_json_string(json, NULL, detail);
    mh_json_close(json, ']');
}

static void
add_failed(Page *page, guint index)
{
    const MhReportAccount *account = page->report->accounts->pdata[index];
    if (account->error != NULL)
        add_need(page, index, "", NULL, 0, account->error);
    for (guint i = 0; i < account->mailboxes->len; i++) {
        const MhReportMailbox *mailbox = account->mailboxes->pdata[i];
        if (mailbox->error != NULL)
            add_need(page, index, mailbox->source, NULL, 0, mailbox->error);
    }
}

static void
add_lost(Page *page, guint index)
{
    const MhReportAccount *account = page->report->accounts->pdata[index];
    for (guint i = 0; i < account->findings->len; i++) {
        const MhReportFinding *finding = account->findings->pdata[i];
        if (finding->weight == MH_WEIGHT_LOSS)
            add_need(page, index, finding->source, finding->code, finding->times, finding->detail);
    }
}

static void
add_codes(Page *page)
{
    mh_json_open(&page->json, "codes", '[');
    for (guint i = 0; i < page->codes->len; i++) {
        const MhFoundKind *code = &g_array_index(page->codes, MhFoundKind, i);
        mh_json_open(&page->json, NULL, '[');
        mh_json_number(&page->json, NULL, code->weight);
        mh_json_string(&page->json, NULL, code->code);
        mh_json_string(&page->json, NULL, code->text);
        mh_json_number(&page->json, NULL, code->times);
        mh_json_number(&page->json, NULL, code->accounts);
        mh_json_close(&page->json, ']');
    }
    mh_json_close(&page->json, ']');
}

static void
add_run(MhJson *json, const char *name, const MhReportRun *run)
{
    mh_json_open(json, name, '[');
    mh_json_signed(json, NULL, run->id);
    mh_json_string(json, NULL, run->task);
    mh_json_signed(json, NULL, run->started);
    mh_json_signed(json, NULL, run->ended);
    if (run->exit_status >= 0)
        mh_json_signed(json, NULL, run->exit_status);
    else
        mh_json_string(json, NULL, NULL);
    mh_json_number(json, NULL, run->accounts);
    mh_json_number(json, NULL, run->failed);
    mh_json_number(json, NULL, run->messages);
    mh_json_number(json, NULL, run->bytes);
    mh_json_close(json, ']');
}

static void
add_rates(MhJson *json, const MhSiteReport *report)
{
    MhReportRate rates[RATE_SLOTS];
    int64_t start, end;
    if (!mh_site_report_rates(report, RATE_SLOTS, rates, &start, &end))
        return;
    mh_json_open(json, "rates", '{');
    mh_json_real(json, "start", (double)start / G_USEC_PER_SEC);
    mh_json_real(json, "end", (double)end / G_USEC_PER_SEC);
    for (guint i = 0; i < report->runs->len; i++) {
        const MhReportRun *run = report->runs->pdata[i];
        if (run->id == report->work_run)
            add_run(json, "run", run);
    }
    mh_json_open(json, "bytes", '[');
    for (int i = 0; i < RATE_SLOTS; i++)
        mh_json_number(json, NULL, (uint64_t)rates[i].bytes_s);
    mh_json_close(json, ']');
    mh_json_open(json, "messages", '[');
    for (int i = 0; i < RATE_SLOTS; i++)
        mh_json_real(json, NULL, rates[i].messages_s);
    mh_json_close(json, ']');
    mh_json_close(json, '}');
}

static void
add_counts(MhJson *json, const char *name, const uint64_t *counts, size_t length)
{
    mh_json_open(json, name, '[');
    for (size_t i = 0; i < length; i++)
        mh_json_number(json, NULL, counts[i]);
    mh_json_close(json, ']');
}

static void
add_sizes(MhJson *json, const MhSiteReport *report)
{
    uint64_t starts[MH_SIZE_SLOTS], accounts[MH_SIZE_SLOTS], mailboxes[MH_SIZE_SLOTS];
    for (unsigned i = 0; i < MH_SIZE_SLOTS; i++)
        starts[i] = mh_size_slot_start(i);
    mh_site_report_sizes(report, accounts, mailboxes);
    mh_json_open(json, "sizes", '{');
    add_counts(json, "starts", starts, MH_SIZE_SLOTS);
    add_counts(json, "accounts", accounts, MH_SIZE_SLOTS);
    add_counts(json, "mailboxes", mailboxes, MH_SIZE_SLOTS);
    mh_json_close(json, '}');
}

static void
add_totals(MhJson *json, const MhReportTotals *totals)
{
    mh_json_open(json, "totals", '{');
    mh_json_number(json, "accounts", totals->accounts);
    mh_json_number(json, "closed", totals->closed);
    mh_json_number(json, "mailboxes", totals->mailboxes);
    mh_json_number(json, "failedMailboxes", totals->failed_mailboxes);
    mh_json_number(json, "messages", totals->messages);
    mh_json_number(json, "bytes", totals->bytes);
    add_counts(json, "found", totals->found, MH_WEIGHT_LOSS + 1);
    mh_json_close(json, '}');
    mh_json_open(json, "states", '[');
    for (int state = 0; state < MH_ACCOUNT_STATE_COUNT; state++)
        mh_json_number(json, NULL, totals->by_state[state]);
    mh_json_close(json, ']');
    mh_json_number(json, "withLoss", totals->with_loss);
}

static void
add_needs(Page *page)
{
    guint count = page->report->accounts->len;
    mh_json_open(&page->json, "needs", '[');
    for (guint i = 0; i < count; i++)
        add_failed(page, i);
    for (guint i = 0; i < count; i++)
        add_lost(page, i);
    mh_json_close(&page->json, ']');
    mh_json_number(&page->json, "needsMore", page->needs_more);
}

static char *
make_data(const MhSiteReport *report, const MhReportTotals *totals)
{
    g_autoptr(GArray) codes = mh_site_report_codes(report);
    g_autoptr(GHashTable) code_index = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    Page page = {.json = {.out = g_string_new(NULL)},
                 .report = report,
                 .codes = codes,
                 .code_index = code_index};
    for (guint i = 0; i < codes->len; i++) {
        const char *code = g_array_index(codes, MhFoundKind, i).code;
        g_hash_table_insert(code_index, (void *)(uintptr_t)code, GUINT_TO_POINTER(i));
    }
    mh_json_open(&page.json, NULL, '{');
    add_totals(&page.json, totals);
    add_codes(&page);
    mh_json_open(&page.json, "accounts", '[');
    for (guint i = 0; i < report->accounts->len; i++)
        add_account(&page.json, report->accounts->pdata[i]);
    mh_json_close(&page.json, ']');
    add_needs(&page);
    add_rates(&page.json, report);
    add_sizes(&page.json, report);
    mh_json_open(&page.json, "runs", '[');
    for (guint i = 0; i < report->runs->len; i++)
        add_run(&page.json, NULL, report->runs->pdata[i]);
    mh_json_close(&page.json, ']');
    mh_json_close(&page.json, '}');
    return g_string_free(page.json.out, FALSE);
}

/* ---- the page ----------------------------------------------------------------------------- */

/* 1234567 as "1,234,567". */
static char *
group(size_t number)
{
    char digits[32];
    GString *out = g_string_new(NULL);
    int length = g_snprintf(digits, sizeof digits, "%zu", number);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            g_string_append_c(out, ',');
        g_string_append_c(out, digits[i]);
    }
    return g_string_free(out, FALSE);
}

static char *
make_verdict(const MhReportTotals *totals)
{
    GString *out = g_string_new(NULL);
    size_t in_step = totals->by_state[MH_ACCOUNT_IN_STEP];
    g_autofree char *all = group(totals->accounts), *done = group(in_step);
    g_autofree char *behind = group(totals->by_state[MH_ACCOUNT_BEHIND]);
    g_autofree char *not_done = group(totals->by_state[MH_ACCOUNT_NOT_DONE]);
    g_autofree char *with_loss = group(totals->with_loss);
    if (totals->accounts == 0)
        g_string_append(out, "No account has been tried yet.");
    else if (in_step == totals->accounts)
        g_string_append_printf(out, "%s %s in step.", in_step == 1 ? "The one account" : all,
                               in_step == 1 ? "is" : "accounts are all");
    else
        g_string_append_printf(out, "%s of %s accounts %s in step; %s behind, %s not done.", done,
                               all, in_step == 1 ? "is" : "are", behind, not_done);
    if (totals->with_loss > 0)
        g_string_append_printf(out, " In %s something could not be carried.", with_loss);
    else if (totals->accounts > 0)
        g_string_append(out, " Nothing was lost.");
    return g_string_free(out, FALSE);
}

/* As a content security policy wants it: SHA-256 in base64. */
static char *
digest(const char *text)
{
    guint8 bytes[32];
    gsize length = sizeof bytes;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)text, -1);
    g_checksum_get_digest(checksum, bytes, &length);
    return g_base64_encode(bytes, length);
}

typedef struct {
    const char *name;
    const char *text;
} Part;

/* Appends the page with every {{name}} replaced; the parts' own text is not looked at. */
static char *
fill_in(const char *page, const Part *parts, size_t count)
{
    GString *out = g_string_new(NULL);
    for (;;) {
        const char *open = strstr(page, "{{");
        const char *close = open != NULL ? strstr(open, "}}") : NULL;
        if (close == NULL)
            break;
        g_string_append_len(out, page, open - page);
        size_t length = (size_t)(close - open) - 2, i = 0;
        while (i < count &&
               (strlen(parts[i].name) != length || memcmp(parts[i].name, open + 2, length) != 0))
            i++;
        g_assert(i < count);
        g_string_append(out, parts[i].text);
        page = close + 2;
    }
    g_string_append(out, page);
    return g_string_free(out, FALSE);
}

static char *
escape(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return g_markup_escape_text(valid, -1);
}

char *
mh_report_html(const MhSiteReport *report)
{
    MhReportTotals totals = mh_site_report_totals(report);
    g_autofree char *script =
        g_strconcat("\"use strict\";\n{\n", values_js, table_js, plots_js, page_js, "}\n", NULL);
    g_autofree char *script_digest = digest(script);
    g_autofree char *style_digest = digest(page_css);
    g_autofree char *when = mh_time_text(report->now);
    g_autofree char *directory = escape(report->directory);
    g_autofree char *verdict = make_verdict(&totals);
    g_autofree char *data = make_data(report, &totals);
    Part parts[] = {{"style-digest", style_digest},
                    {"script-digest", script_digest},
                    {"style", page_css},
                    {"script", script},
                    {"when", when},
                    {"directory", directory},
                    {"verdict", verdict},
                    {"data", data}};
    return fill_in(page_html, parts, G_N_ELEMENTS(parts));
}
