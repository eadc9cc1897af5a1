#include "account-size.h"
#include "progress.h"
#include "workload.h"

#include "testing.h"

#include <glib/gstdio.h>
#include <stdlib.h>

static void
test_text(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        MhProgressAt at;
        uint64_t elapsed_s;
        const char *has, *lacks;
    } rows[] = {
        {"first moment", {.accounts = 9000}, 0, "0 of 9000 accounts, 0 messages", "left"},
        {"too early to tell", {.accounts = 9, .part = 0.5}, 4, "0 of 9", "left"},
        {"too little to tell", {.accounts = 9, .part = 0.009}, 60, "0 of 9", "left"},
        {"half of it", {.accounts = 9, .part = 0.5}, 60, "about 1 min 0 s left", "failed"},
        {"a hundredth", {.accounts = 9, .part = 0.0101}, 100, "about 2 h 43 min left", "failed"},
        {"all of it", {.accounts = 9, .done = 9, .part = 1}, 60, "9 of 9", "left"},
        {"failures", {.accounts = 9, .done = 3, .failed = 2}, 1, "(2 failed)", "left"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *text = mh_progress_text(&rows[i].at, rows[i].elapsed_s * G_USEC_PER_SEC, 0);
        bool good = strstr(text, rows[i].has) != NULL && strstr(text, rows[i].lacks) == NULL;
        if (!good)
            print_message("%s\n", text);
        g_free(text);
        if (!good)
            fail_msg("%s", rows[i].name);
    }
}

typedef struct {
    char *dir;
    MhSettings *settings;
    GPtrArray *accounts;
    GHashTable *known;
} Fixture;

static void
add(Fixture *fixture, const char *user, size_t size)
{
    char *path = g_build_filename(fixture->dir, user, NULL);
    char *text = g_malloc0(size + 1);
    if (size > 0)
        g_file_set_contents(path, text, (gssize)size, NULL);
    g_free(text);
    g_free(path);
    g_ptr_array_add(fixture->accounts, mh_account_new(user));
}

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->dir = g_dir_make_tmp("test-progress-XXXXXX", NULL);
    fixture->settings = mh_settings_new();
    fixture->settings->inbox = g_build_filename(fixture->dir, "%u", NULL);
    fixture->accounts = g_ptr_array_new_with_free_func((GDestroyNotify)mh_account_free);
    add(fixture, "none", 0);
    add(fixture, "small", 1000);
    add(fixture, "large", 1000000);
    add(fixture, "nothing", 0);
    fixture->known = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;
    static const char *const names[] = {"small", "large"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        char *path = g_build_filename(fixture->dir, names[i], NULL);
        g_unlink(path);
        g_free(path);
    }
    g_rmdir(fixture->dir);
    g_free(fixture->dir);
    mh_settings_free(fixture->settings);
    g_ptr_array_unref(fixture->accounts);
    g_hash_table_unref(fixture->known);
    g_free(fixture);
    return 0;
}

static void
test_largest_first(void **state)
{
    Fixture *fixture = *state;
    static const char *const wanted[] = {"large", "small", "none", "nothing"};
    MhWorkload *workload = mh_workload_new(fixture->accounts, fixture->settings, fixture->known);
    for (guint i = 0; i < fixture->accounts->len; i++) {
        const MhAccount *account = fixture->accounts->pdata[i];
        assert_string_equal(account->user, wanted[i]);
    }
    mh_workload_free(workload);
}

/* What an earlier run has found counts, and the folders do. */
static void
test_folders_count(void **state)
{
    Fixture *fixture = *state;
    static const uint64_t remembered = 5000000;
    g_autofree char *folder = g_build_filename(fixture->dir, "folders", "none", NULL);
    g_autofree char *sent = g_build_filename(folder, "Sent", NULL);
    g_autofree char *text = g_malloc0(2000001);
    assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
    assert_true(g_file_set_contents(sent, text, 2000000, NULL));
    fixture->settings->folders = g_build_filename(fixture->dir, "folders", "%u", NULL);
    char user[] = "nothing";
    g_hash_table_insert(fixture->known, user, g_memdup2(&remembered, sizeof remembered));
    MhWorkload *workload = mh_workload_new(fixture->accounts, fixture->settings, fixture->known);
    static const char *const wanted[] = {"nothing", "none", "large", "small"};
    for (guint i = 0; i < fixture->accounts->len; i++) {
        const MhAccount *account = fixture->accounts->pdata[i];
        assert_string_equal(account->user, wanted[i]);
    }
    mh_workload_free(workload);
    g_unlink(sent);
    g_rmdir(folder);
    g_autofree char *parent = g_path_get_dirname(folder);
    g_rmdir(parent);
}

/* Of a Courier Maildir: what its quota file adds up to, or how its directories have grown. */
static void
test_maildir_counts(void **state)
{
    Fixture *fixture = *state;
    MhAccount *account = mh_account_new("dora");
    g_autofree char *cur = g_build_filename(fixture->dir, "dora", "cur", NULL);
    g_autofree char *quota = g_build_filename(fixture->dir, "dora", "maildirsize", NULL);
    assert_int_equal(g_mkdir_with_parents(cur, 0700), 0);
    for (int i = 0; i < 300; i++) {
        g_autofree char *path = g_strdup_printf("%s/1100000000.M%dP2.mail.example", cur, i);
        assert_true(g_file_set_contents(path, "x", 1, NULL));
    }
    assert_true(mh_account_glance(fixture->settings, account) > 100000);
    assert_true(
        g_file_set_contents(quota, "10000000S\n   7000000  30\n-1000000 -1\n500 1\n", -1, NULL));
    uint64_t counted = mh_account_glance(fixture->settings, account);
    assert_in_range(counted, 6000500, 6000500 + 65536); /* the directory's own size, too */
    mh_account_free(account);
    g_autofree char *command = g_strdup_printf("rm -r '%s/dora'", fixture->dir);
    assert_int_equal(system(command), 0);
}

/* It grows from 0 to 1, and never beyond, whatever the accounts turn out to hold. */
static void
test_part_done(void **state)
{
    Fixture *fixture = *state;
    MhWorkload *workload = mh_workload_new(fixture->accounts, fixture->settings, fixture->known);
    double last = mh_workload_part(workload, 0);
    assert_true(last == 0);
    double within = mh_workload_part(workload, 500000);
    assert_true(within > 0.3 && within < 0.6);
    for (guint i = 0; i < fixture->accounts->len; i++) {
        const MhAccount *account = fixture->accounts->pdata[i];
        MhAccountOutcome *outcome = mh_account_outcome_new(account->user);
        MhMailboxOutcome *mailbox = mh_mailbox_outcome_new();
        mailbox->bytes = mailbox->delivered_bytes = 5000000;
        g_ptr_array_add(outcome->mailboxes, mailbox);
        mh_workload_done(workload, outcome);
        mh_account_outcome_free(outcome);
        double part = mh_workload_part(workload, 5000000 * (i + 1));
        assert_true(part > last && part <= 1);
        assert_true(mh_workload_part(workload, UINT64_MAX) <= 1);
        last = part;
    }
    assert_true(last == 1);
    mh_workload_free(workload);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test_setup_teardown(test_largest_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folders_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_maildir_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_part_done, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
