/* report: what was recorded is what is read, and nothing of it becomes markup. */
#include "report.h"
#include "state.h"

#include "testing.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#define HOSTILE "</script><script>alert(1)</script>&'\"\\xff"

static int
setup(void **state)
{
    *state = g_dir_make_tmp("test-report-XXXXXX", NULL);
    return *state != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    static const char *const names[] = {"mailhaul.db", "mailhaul.db-wal", "mailhaul.db-shm",
                                        "lock"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(*state, names[i], NULL);
        g_unlink(path);
    }
    g_rmdir(*state);
    g_free(*state);
    return 0;
}

static MhMailboxOutcome *
add_mailbox(MhAccountOutcome *account, const char *source, uint64_t messages, uint64_t bytes)
{
    MhMailboxOutcome *mailbox = mh_mailbox_outcome_new();
    mailbox->source = g_strdup(source);
    mailbox->path = g_strdup("/p");
    mailbox->target = g_strdup(source);
    mailbox->format = g_strdup("mbox");
    mailbox->messages = mailbox->delivered = messages;
    mailbox->bytes = mailbox->delivered_bytes = bytes;
    g_ptr_array_add(account->mailboxes, mailbox);
    return mailbox;
}

static void
record(MhState *state, MhAccountOutcome *account)
{
    GError *error = NULL;
    account->elapsed_us = 2 * G_USEC_PER_SEC;
    mh_state_record_account(state, account, &error);
    assert_no_error(error);
    mh_account_outcome_free(account);
}

/* good: done. lossy: done, twice a loss and a hostile folder. partly: done once, then a mailbox
 * failed. never: failed from the start. */
static MhState *
make_site(const char *directory)
{
    GError *error = NULL;
    MhState *state = mh_state_open(directory, &error);
    assert_no_error(error);
    mh_state_begin_run(state, "migrate", &error);
    assert_no_error(error);
    MhAccountOutcome *account = mh_account_outcome_new("good");
    add_mailbox(account, "INBOX", 10, 5000);
    record(state, account);
    account = mh_account_outcome_new("lossy");
    MhMailboxOutcome *mailbox = add_mailbox(account, HOSTILE, 1, 70000);
    mh_findings_add(mailbox->findings, MH_FINDING_MBOX_KEYWORD_DROPPED, "%s", HOSTILE);
    mh_findings_add(mailbox->findings, MH_FINDING_MBOX_KEYWORD_DROPPED, "two");
    mh_findings_add(mailbox->findings, MH_FINDING_MBOX_NO_FINAL_NEWLINE, NULL);
    record(state, account);
    account = mh_account_outcome_new("partly");
    add_mailbox(account, "INBOX", 1, 1);
    record(state, account);
    account = mh_account_outcome_new("partly");
    mailbox = add_mailbox(account, "INBOX", 0, 0);
    mailbox->done = MH_DONE_FAILED;
    mailbox->error = g_strdup("no room");
    record(state, account);
    account = mh_account_outcome_new("never");
    account->error = g_strdup(HOSTILE);
    record(state, account);
    mh_state_settle(state, true, &error);
    assert_no_error(error);
    return state;
}

/* Read while the run still holds its lock. */
static MhSiteReport *
load(const char *directory)
{
    GError *error = NULL;
    MhSiteReport *report = mh_site_report_load(directory, &error);
    assert_no_error(error);
    return report;
}

static void
test_reads_what_was_recorded(void **state)
{
    MhState *site = make_site(*state);
    MhSiteReport *report = load(*state);
    static const struct {
        const char *user;
        MhAccountState state;
        uint64_t losses, notes, messages;
    } rows[] = {{"good", MH_ACCOUNT_IN_STEP, 0, 0, 10},
                {"lossy", MH_ACCOUNT_IN_STEP, 2, 1, 1},
                {"partly", MH_ACCOUNT_BEHIND, 0, 0, 0},
                {"never", MH_ACCOUNT_NOT_DONE, 0, 0, 0}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const MhReportAccount *account = mh_site_report_find(report, rows[i].user);
        if (account == NULL || account->state != rows[i].state ||
            account->found[MH_WEIGHT_LOSS] != rows[i].losses ||
            account->found[MH_WEIGHT_NOTE] != rows[i].notes ||
            account->messages != rows[i].messages)
            fail_msg("%s is not as recorded", rows[i].user);
    }
    assert_null(mh_site_report_find(report, "nobody"));
    MhReportTotals totals = mh_site_report_totals(report);
    assert_int_equal(totals.accounts, 4);
    assert_int_equal(totals.with_loss, 1);
    assert_int_equal(totals.failed_mailboxes, 1);
    assert_int_equal(totals.messages, 11);
    assert_int_equal(totals.bytes, 75000);
    mh_site_report_free(report);
    mh_state_free(site);
}

/* Names of old systems are no UTF-8, and two of them may differ in just that. */
static void
test_users_in_latin1(void **state)
{
    static const char *const users[] = {"b\xe9", "b\xe8"};
    GError *error = NULL;
    MhState *site = mh_state_open(*state, &error);
    assert_no_error(error);
    mh_state_begin_run(site, "migrate", &error);
    assert_no_error(error);
    for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
        MhAccountOutcome *account = mh_account_outcome_new(users[i]);
        MhMailboxOutcome *mailbox = add_mailbox(account, "INBOX", i + 1, 100);
        mh_findings_add(mailbox->findings, MH_FINDING_MBOX_KEYWORD_DROPPED, NULL);
        record(site, account);
    }
    mh_state_settle(site, true, &error);
    assert_no_error(error);
    MhSiteReport *report = load(*state);
    char *text = mh_report_text(report), *json = mh_report_json(report);
    for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
        const MhReportAccount *account = mh_site_report_find(report, users[i]);
        assert_non_null(account);
        assert_int_equal(account->messages, i + 1);
        assert_int_equal(account->found[MH_WEIGHT_LOSS], 1);
    }
    assert_true(g_utf8_validate(text, -1, NULL) && g_utf8_validate(json, -1, NULL));
    g_free(text);
    g_free(json);
    mh_site_report_free(report);
    mh_state_free(site);
}

static void
test_codes(void **state)
{
    MhState *site = make_site(*state);
    MhSiteReport *report = load(*state);
    GArray *codes = mh_site_report_codes(report);
    assert_int_equal(codes->len, 2);
    MhFoundKind *code = &g_array_index(codes, MhFoundKind, 0);
    assert_string_equal(code->code, "mbox-keyword-dropped");
    assert_string_equal(code->text, mh_finding_text(MH_FINDING_MBOX_KEYWORD_DROPPED));
    assert_int_equal(code->times, 2);
    assert_int_equal(code->accounts, 1);
    g_array_unref(codes);
    mh_site_report_free(report);
    mh_state_free(site);
}

static void
test_sizes_and_rates(void **state)
{
    MhState *site = make_site(*state);
    MhSiteReport *report = load(*state);
    uint64_t accounts[MH_SIZE_SLOTS], mailboxes[MH_SIZE_SLOTS];
    mh_site_report_sizes(report, accounts, mailboxes);
    assert_int_equal(accounts[0], 2); /* nothing at all */
    assert_int_equal(accounts[1], 1); /* 5000: from 4 KiB */
    assert_int_equal(accounts[3], 1); /* 70000: from 64 KiB */
    assert_int_equal(mh_size_slot_start(3), 65536);
    MhReportRate rates[10];
    int64_t start, end;
    assert_true(mh_site_report_rates(report, 10, rates, &start, &end));
    double bytes = 0, slot_s = (double)(end - start) / 10 / G_USEC_PER_SEC;
    for (int i = 0; i < 10; i++)
        bytes += rates[i].bytes_s * slot_s;
    assert_true(bytes > 75000.5 && bytes < 75001.5); /* spread out, none is lost or doubled */
    mh_site_report_free(report);
    mh_state_free(site);
}

static void
test_json_parses(void **state)
{
    MhState *site = make_site(*state);
    MhSiteReport *report = load(*state);
    char *text = mh_report_json(report);
    GError *error = NULL;
    JsonParser *parser = json_parser_new();
    json_parser_load_from_data(parser, text, -1, &error);
    assert_no_error(error);
    JsonObject *root = json_node_get_object(json_parser_get_root(parser));
    JsonArray *accounts = json_object_get_array_member(root, "accounts");
    assert_int_equal(json_array_get_length(accounts), 4);
    JsonObject *never = json_array_get_object_element(accounts, 2);
    assert_string_equal(json_object_get_string_member(never, "user"), "never");
    assert_string_equal(json_object_get_string_member(never, "error"), HOSTILE);
    g_object_unref(parser);
    g_free(text);
    mh_site_report_free(report);
    mh_state_free(site);
}

static size_t
occurrences(const char *text, const char *what)
{
    size_t count = 0;
    for (text = strstr(text, what); text != NULL; text = strstr(text + 1, what))
        count++;
    return count;
}

static void
test_page_is_safe(void **state)
{
    MhState *site = make_site(*state);
    MhSiteReport *report = load(*state);
    g_free(report->directory);
    report->directory = g_strdup("/a<script>{{data}}");
    char *page = mh_report_html(report);
    assert_int_equal(occurrences(page, "<script"), 2);
    assert_int_equal(occurrences(page, "</script"), 2);
    assert_non_null(strstr(page, "/a&lt;script&gt;{{data}}"));
    assert_non_null(strstr(page, "\\u003c/script\\u003e"));
    assert_int_equal(occurrences(page, "http:"), 1); /* what SVG is called */
    assert_null(strstr(page, "https:"));
    g_free(page);
    mh_site_report_free(report);
    mh_state_free(site);
}

static void
test_nothing_yet(void **state)
{
    GError *error = NULL;
    assert_null(mh_site_report_load(*state, &error));
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
    g_error_free(error);
    GDir *dir = g_dir_open(*state, 0, NULL);
    const char *name = g_dir_read_name(dir);
    assert_null(name);
    g_dir_close(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_what_was_recorded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_users_in_latin1, setup, teardown),
        cmocka_unit_test_setup_teardown(test_codes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes_and_rates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json_parses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page_is_safe, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_yet, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
