#include "late-keywords.h"
#include "testing.h"

static void
collect(const char *keyword, const char *uids, void *user)
{
    g_string_append_printf(user, "%s %s\n", keyword, uids);
}

/* Keywords k0 to k27; all messages have k26, every third has k27. */
static void
test_uids(void **state)
{
    (void)state;
    g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
    MhSyncPlan plan = {.lines = g_array_new(FALSE, TRUE, sizeof(MhSyncLine))};
    MaildirKeywords *table = maildir_keywords_new();
    uint16_t numbers[28];
    for (int i = 0; i < 28; i++) {
        g_autofree char *name = g_strdup_printf("k%d", i);
        assert_true(mh_mailbox_keyword(mailbox, mh_span_from_string(name), &numbers[i]));
        if (i < 26)
            table->names[i] = g_strdup(name);
    }
    for (uint32_t i = 0; i < 9; i++) {
        uint16_t members[] = {numbers[0], numbers[26], numbers[27]};
        uint32_t set = mh_mailbox_keyword_set(mailbox, members, i % 3 == 0 ? 3 : 2);
        mh_mailbox_add(mailbox)->keywords = set & MH_KEYWORD_SET_MASK;
        MhSyncLine line = {.uid = i < 5 ? i + 1 : i + 10, .source = i + 1};
        g_array_append_val(plan.lines, line);
    }
    g_autoptr(GString) told = g_string_new(NULL);
    mh_late_keywords(mailbox, &plan, table, collect, told);
    assert_string_equal(told->str, "k26 1:5,15:18\nk27 1,4,16\n");
    maildir_keywords_free(table);
    g_array_unref(plan.lines);
}

static void
test_commands(void **state)
{
    (void)state;
    static const char guid[] = "0123456789abcdefABCDEF0123456789";
    static const struct {
        const char *name, *user, *mailbox, *guid, *keyword, *uids, *command;
    } rows[] = {
        {"plain", "ada", "INBOX.a", "", "work", "1:3,7",
         "doveadm flags add -u 'ada' -- 'work' mailbox 'INBOX.a' uid 1:3,7\n"},
        {"what a shell would like", "ada", "a'; rm -rf $HOME `x`", "", "$Label1", "1",
         "doveadm flags add -u 'ada' -- '$Label1' mailbox 'a'\\''; rm -rf $HOME `x`' uid 1\n"},
        {"an accent", "ada", "\u00e4", "", "work", "1",
         "doveadm flags add -u 'ada' -- 'work' mailbox '\u00e4' uid 1\n"},
        {"an option for a keyword", "ada", "a", "", "-A", "1",
         "doveadm flags add -u 'ada' -- '-A' mailbox 'a' uid 1\n"},
        {"an option for a mailbox", "ada", "-A", "", "--", "1",
         "doveadm flags add -u 'ada' -- '--' mailbox '-A' uid 1\n"},
        {"what a terminal would obey", "ada", "a\n\033[2J'", guid, "work", "1",
         "doveadm flags add -u 'ada' -- 'work' mailbox-guid "
         "'0123456789abcdefABCDEF0123456789' uid 1\n"},
        {"a pattern", "ada", "a*", guid, "work", "1",
         "doveadm flags add -u 'ada' -- 'work' mailbox-guid "
         "'0123456789abcdefABCDEF0123456789' uid 1\n"},
        {"another pattern", "ada", "%", guid, "work", "1",
         "doveadm flags add -u 'ada' -- 'work' mailbox-guid "
         "'0123456789abcdefABCDEF0123456789' uid 1\n"},
        {"a pattern without GUID", "ada", "a*", "", "work", "1", NULL},
        {"a line break at the end", "ada", "a\n", "", "work", "1", NULL},
        {"a GUID too short", "ada", "a\n", "0123", "work", "1", NULL},
        {"no GUID", "ada", "a\n", "0123456789abcdefABCDEF01234567'8", "work", "1", NULL},
        {"a flag", "ada", "a", "", "\\Deleted", "1", NULL},
        {"two words", "ada", "a", "", "a b", "1", NULL},
        {"other UIDs", "ada", "a", "", "work", "1; id", NULL},
        {"no UIDs", "ada", "a", "", "work", "", NULL},
        {"no mailbox", "ada", "", "", "work", "1", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *command = mh_late_keyword_command(
            rows[i].user, rows[i].mailbox, rows[i].guid, rows[i].keyword, rows[i].uids);
        if (g_strcmp0(command, rows[i].command) != 0)
            fail_msg("%s: %s", rows[i].name, command);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uids),
        cmocka_unit_test(test_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
