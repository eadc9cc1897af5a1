/* Differences that are no damage: both sides show where they are from. */
#include "testing.h"
#include "verify-site.h"
#include "verify.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int
set_up(void **state)
{
    VerifySite *site = verify_site_new();
    verify_site_migrate(site);
    *state = site;
    return 0;
}

static int
tear_down(void **state)
{
    verify_site_free(*state);
    return 0;
}

static size_t
count(const MhAccountOutcome *outcome, MhDifferenceCode code, MhDifferenceClass class)
{
    size_t hits = 0;
    for (guint i = 0; i < outcome->differences->kept->len; i++) {
        const MhDifference *difference = outcome->differences->kept->pdata[i];
        hits += difference->code == code && difference->class == class;
    }
    return hits;
}

/* Verifies, and says how many differences there are of a kind, and of all kinds but notes. */
static size_t
find(VerifySite *site, MhDifferenceCode code, MhDifferenceClass class, size_t *out_total)
{
    MhAccountOutcome *outcome = verify_site_verify(site);
    size_t hits = count(outcome, code, class);
    *out_total = (size_t)mh_differences_total(outcome->differences);
    mh_account_outcome_free(outcome);
    return hits;
}

static void
edit_source(const VerifySite *site, const char *name, const char *from, const char *to)
{
    g_autofree char *path = verify_site_source(site, name);
    verify_site_replace(path, from, to);
}

static void
test_all_the_same(void **state)
{
    MhAccountOutcome *outcome = verify_site_verify(*state);
    uint64_t same = 0;
    size_t kept = outcome->differences->kept->len;
    for (guint i = 0; i < outcome->mailboxes->len; i++)
        same += ((MhMailboxOutcome *)outcome->mailboxes->pdata[i])->unchanged;
    bool failed = mh_account_outcome_failed(outcome);
    mh_account_outcome_free(outcome);
    assert_false(failed);
    assert_int_equal(kept, 0);
    assert_int_equal(same, 10);
}

static void
test_new_mail(void **state)
{
    size_t total;
    verify_site_append(*state, "INBOX", "late");
    assert_int_equal(find(*state, MH_DIFFERENCE_MESSAGE_MISSING, MH_DIFFERENCE_NEWER, &total), 1);
    assert_int_equal(total, 2); /* and the next UID */
    verify_site_migrate(*state);
    find(*state, MH_DIFFERENCE_MESSAGE_MISSING, MH_DIFFERENCE_NEWER, &total);
    assert_int_equal(total, 0);
}

static void
test_new_mail_without_uids(void **state)
{
    size_t total;
    verify_site_append(*state, "mail/Old/2004", "late");
    assert_int_equal(find(*state, MH_DIFFERENCE_MESSAGE_MISSING, MH_DIFFERENCE_NEWER, &total), 1);
    assert_int_equal(total, 1);
}

/* A message without UID stays where it is, and the list says so. */
static void
test_moved_at_the_source(void **state)
{
    VerifySite *site = *state;
    size_t total;
    g_autofree char *path = verify_site_source(site, "mail/Old/2004");
    g_autofree char *text = verify_site_read(path);
    char *second = strstr(text + 1, "\nFrom ") + 1;
    g_autofree char *first = g_strndup(text, (gsize)(second - text));
    g_autofree char *moved = g_strconcat(second, first, NULL);
    verify_site_write(path, moved);
    verify_site_migrate(site);
    assert_int_equal(find(site, MH_DIFFERENCE_ORDER, MH_DIFFERENCE_NOTE, &total), 1);
    assert_int_equal(total, 0);
    g_autofree char *list = verify_site_target(site, ".Old.2004/dovecot-uidlist");
    g_autofree char *listed = verify_site_read(list);
    assert_non_null(strstr(listed, ",r\n"));
}

static void
test_flags_changed_at_the_source(void **state)
{
    size_t total;
    edit_source(*state, "INBOX", "X-Status: F", "X-Status: A");
    assert_int_equal(find(*state, MH_DIFFERENCE_FLAGS, MH_DIFFERENCE_NEWER, &total), 1);
    assert_int_equal(total, 1);
}

static void
test_expunged_at_the_source(void **state)
{
    size_t total;
    edit_source(*state, "INBOX",
                "From a@example.org Thu Jan  1 10:01:00 2004\nSubject: second\nX-UID: 3\n"
                "Status: O\n\ntwo\n\n",
                "");
    assert_int_equal(find(*state, MH_DIFFERENCE_MESSAGE_EXTRA, MH_DIFFERENCE_NEWER, &total), 1);
    assert_int_equal(total, 1);
    ((VerifySite *)*state)->settings->keep_expunged = true;
    assert_int_equal(find(*state, MH_DIFFERENCE_MESSAGE_EXTRA, MH_DIFFERENCE_NOTE, &total), 1);
    assert_int_equal(total, 0);
}

/* One of two equal messages goes: the copy had a UID of its own, so it is no double delivery. */
static void
test_twin_expunged_at_the_source(void **state)
{
    size_t total;
    edit_source(*state, "INBOX",
                "From a@example.org Thu Jan  1 10:02:00 2004\nSubject: twin\nX-UID: 5\n"
                "Status: RO\n\nalike\n\n",
                "");
    assert_int_equal(find(*state, MH_DIFFERENCE_MESSAGE_TWICE, MH_DIFFERENCE_NEWER, &total), 1);
    assert_int_equal(total, 1);
}

static void
test_new_folder(void **state)
{
    VerifySite *site = *state;
    size_t total;
    verify_site_append(site, "mail/Later", "late");
    assert_int_equal(find(site, MH_DIFFERENCE_FOLDER_MISSING, MH_DIFFERENCE_NEWER, &total), 1);
    assert_int_equal(total, 1);
}

static void
test_subscribed_since(void **state)
{
    VerifySite *site = *state;
    size_t total;
    edit_source(site, "mail/.subscriptions", "Sent\n", "Sent\nMore\n");
    assert_int_equal(find(site, MH_DIFFERENCE_SUBSCRIPTION_MISSING, MH_DIFFERENCE_NEWER, &total),
                     1);
    assert_int_equal(total, 1);
}

/* What a tester does with a client leaves the server's index behind. */
static void
test_tester(void **state)
{
    VerifySite *site = *state;
    size_t total;
    g_autofree char *index = verify_site_target(site, "dovecot.index.log");
    g_autofree char *second = verify_site_file(site, "cur", "1072951260");
    g_autofree char *seen = g_strconcat(second, "S", NULL);
    verify_site_write(index, "");
    assert_int_equal(rename(second, seen), 0);
    assert_int_equal(find(site, MH_DIFFERENCE_FLAGS, MH_DIFFERENCE_TARGET, &total), 1);
    assert_int_equal(total, 1);
}

static void
test_own_mail_is_counted(void **state)
{
    VerifySite *site = *state;
    g_autofree char *path = verify_site_target(site, "new/1100000000.M1P2.host");
    verify_site_write(path, "Subject: own mail\n\nhi");
    MhAccountOutcome *outcome = verify_site_verify(site);
    uint64_t foreign = ((MhMailboxOutcome *)outcome->mailboxes->pdata[0])->foreign;
    size_t kept = outcome->differences->kept->len;
    mh_account_outcome_free(outcome);
    assert_int_equal(foreign, 1);
    assert_int_equal(kept, 0);
}

/* More keywords than letters: migrate says so, verify says so again, and calls it no damage. */
static void
test_keywords_past_26(void **state)
{
    VerifySite *site = *state;
    size_t total;
    g_autoptr(GString) text = g_string_new("From a@b Sat Jan  3 10:00:00 2004\nSubject: many\n"
                                           "X-IMAPbase: 1100000099 0000000001");
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 28; i++)
            g_string_append_printf(text, " key%02d", i);
        g_string_append(text, pass == 0 ? "\nX-UID: 1\nStatus: RO\nX-Keywords:" : "\n\nx\n\n");
    }
    g_autofree char *path = verify_site_source(site, "mail/Many");
    verify_site_write(path, text->str);
    verify_site_migrate(site);
    assert_int_equal(find(site, MH_DIFFERENCE_KEYWORDS, MH_DIFFERENCE_LOSS, &total), 2);
    assert_int_equal(total, 2);
}

/* Mail that no client has seen, but with a flag or a keyword, has its place in cur/. */
static void
test_flagged_and_unseen(void **state)
{
    VerifySite *site = *state;
    size_t total;
    g_autofree char *path = verify_site_source(site, "mail/Flagged");
    verify_site_write(path, "From a@b Sat Jan  3 10:00:00 2004\nSubject: flag\n"
                            "X-IMAPbase: 1100000099 0000000002 work\nX-UID: 1\nX-Status: F\n\n"
                            "x\n\n"
                            "From a@b Sat Jan  3 10:00:00 2004\nSubject: keyword\n"
                            "X-UID: 2\nX-Keywords: work\n\nx\n\n");
    verify_site_migrate(site);
    assert_int_equal(find(site, MH_DIFFERENCE_PLACE, MH_DIFFERENCE_DAMAGE, &total), 0);
    assert_int_equal(total, 0);
}

static void
test_no_target(void **state)
{
    VerifySite *site = *state;
    g_free(site->settings->maildir);
    site->settings->maildir = g_build_filename(site->root, "nowhere", NULL);
    MhAccountOutcome *outcome = verify_site_verify(site);
    bool told = outcome->error != NULL && strstr(outcome->error, "not been carried") != NULL;
    mh_account_outcome_free(outcome);
    assert_true(told);
}

/* A difference survives its way through the channel; what is none is refused. */
static void
test_wire_form(void **state)
{
    MhDifference difference = {.code = MH_DIFFERENCE_UIDL,
                               .class = MH_DIFFERENCE_LOSS,
                               .mailbox = (char *)(uintptr_t) "Sent",
                               .message = 3,
                               .uid = 4294967294};
    g_autoptr(GVariant) variant = g_variant_ref_sink(mh_difference_to_variant(&difference));
    g_autoptr(GVariant) unknown = g_variant_ref_sink(
        g_variant_new("(symsuums)", "no-such", (guchar)0, NULL, (guint32)0, (guint32)0, NULL));
    g_autoptr(GVariant) no_class = g_variant_ref_sink(
        g_variant_new("(symsuums)", "uidl", (guchar)5, NULL, (guint32)0, (guint32)0, NULL));
    MhDifference *back = mh_difference_from_variant(variant);
    (void)state;
    assert_non_null(back);
    bool same = back->code == difference.code && back->class == difference.class &&
                strcmp(back->mailbox, "Sent") == 0 && back->message == 3 &&
                back->uid == 4294967294 && back->detail == NULL;
    mh_difference_free(back);
    assert_true(same);
    assert_null(mh_difference_from_variant(unknown));
    assert_null(mh_difference_from_variant(no_class));
}

static const struct {
    const char *name;
    mode_t mode, servers_mode;
    size_t differences;
} modes[] = {
    {"as it was made", 0100600, 0644, 0},
    {"as Courier makes it", 0100644, 0644, 0},
    {"for all to write", 0100666, 0644, 1},
    {"not Courier's", 0100644, 0, 1},
};

static void
test_modes(void **state)
{
    const MhVerifyRules rules = {.file_mode = 0600, .dir_mode = 0700};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        char name[] = "list";
        const MhVerifyFile file = {.name = name,
                                   .mode = modes[i].mode,
                                   .is_state = true,
                                   .servers_mode = modes[i].servers_mode};
        MhDifferences *differences = mh_differences_new();
        mh_verify_file(&file, &rules, differences);
        if (mh_differences_total(differences) != modes[i].differences)
            fail_msg("%s", modes[i].name);
        mh_differences_free(differences);
    }
}

static const struct {
    const char *name;
    mode_t mode;
    gid_t gid;
    bool is_state, in_place;
    size_t differences;
} groups[] = {
    {"the owner's", 0100600, 5, true, false, 0},
    {"the root's, where all get that", 0100600, 6, true, false, 0},
    {"another", 0100600, 7, true, false, 1},
    {"another, of a directory", 040700, 7, false, false, 1},
    {"of one that gives its own", 042700, 7, false, false, 0},
    {"there before, in place", 0100640, 7, false, true, 0},
    {"made for it, in place", 0100600, 7, true, true, 1},
};

static void
test_groups(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        char name[] = "x";
        const MhVerifyRules rules = {.check_owner = true,
                                     .gid = 5,
                                     .root_gid = 6,
                                     .file_mode = 0600,
                                     .dir_mode = 0700,
                                     .in_place = groups[i].in_place};
        const MhVerifyFile file = {.name = name,
                                   .mode = groups[i].mode,
                                   .gid = groups[i].gid,
                                   .is_state = groups[i].is_state};
        MhDifferences *differences = mh_differences_new();
        mh_verify_file(&file, &rules, differences);
        if (mh_differences_total(differences) != groups[i].differences)
            fail_msg("%s", groups[i].name);
        mh_differences_free(differences);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_the_same),
        TEST(test_new_mail),
        TEST(test_new_mail_without_uids),
        TEST(test_moved_at_the_source),
        TEST(test_flags_changed_at_the_source),
        TEST(test_expunged_at_the_source),
        TEST(test_twin_expunged_at_the_source),
        TEST(test_new_folder),
        TEST(test_subscribed_since),
        TEST(test_tester),
        TEST(test_own_mail_is_counted),
        TEST(test_keywords_past_26),
        TEST(test_flagged_and_unseen),
        TEST(test_no_target),
        cmocka_unit_test(test_wire_form),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
