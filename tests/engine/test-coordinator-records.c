/* What a worker may say: one that has been taken over says what no other does. */
#include "coordinator-private.h"

#include "memory.h"

#include "testing.h"

typedef struct {
    MhSettings settings;
    MhJob job;
    MhRun run;
    MhSeat seat;
    MhCoordinatorEvents events;
    unsigned keywords;
} Fixture;

static void
count_keyword(const char *command, void *user)
{
    Fixture *fixture = user;
    (void)command;
    fixture->keywords++;
}

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->job = (MhJob){.settings = &fixture->settings, .task = MH_TASK_MIGRATE};
    fixture->events = (MhCoordinatorEvents){.late_keyword = count_keyword, .user = fixture};
    fixture->run = (MhRun){.job = &fixture->job, .events = &fixture->events};
    fixture->seat.outcome = mh_account_outcome_new("e=ve");
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;
    mh_account_outcome_free(fixture->seat.outcome);
    g_free(fixture);
    return 0;
}

/* @content is taken over. */
static bool
take(Fixture *fixture, MhRecordKind kind, GVariant *content)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(content);
    return mh_coordinator_take(&fixture->run, &fixture->seat, kind, owned);
}

static GVariant *
mailbox_of(const char *name_map)
{
    g_autoptr(MhMailboxOutcome) mailbox = mh_mailbox_outcome_new();
    mailbox->source = g_strdup("INBOX");
    mailbox->name_map = g_strdup(name_map);
    return mh_mailbox_outcome_to_variant(mailbox);
}

static GVariant *
memory_of(const char *key)
{
    g_autoptr(MhMailboxMemory) memory = mh_mailbox_memory_new(key, ".");
    return g_variant_new("(vmv)", mh_mailbox_memory_to_variant(memory), NULL);
}

/* Otherwise a few bytes would have a large mailbox held once more, again and again. */
static void
test_one_memory_each(void **state)
{
    Fixture *fixture = *state;
    assert_false(take(fixture, MH_RECORD_REMEMBER, memory_of("a")));
    assert_true(take(fixture, MH_RECORD_MAILBOX, mailbox_of(NULL)));
    assert_true(take(fixture, MH_RECORD_REMEMBER, memory_of("a")));
    assert_false(take(fixture, MH_RECORD_REMEMBER, memory_of("b")));
    assert_true(take(fixture, MH_RECORD_MAILBOX, mailbox_of(NULL)));
    assert_true(take(fixture, MH_RECORD_MAILBOX, mailbox_of(NULL)));
    assert_true(take(fixture, MH_RECORD_REMEMBER, memory_of("b")));
    assert_false(take(fixture, MH_RECORD_REMEMBER, memory_of("c")));
}

static void
test_names_of_others(void **state)
{
    static const struct {
        const char *line;
        bool taken;
    } rows[] = {
        {"e\\x3dve/a = b", true},    {"e\\x3dve/*/a = b", true},
        {"*/Sent = Trash", false},   {"joe/Sent = Trash", false},
        {"e\\x3dve = b", false},     {"e=ve/a = b", false},
        {"# e\\x3dve/a = b", false}, {"", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (take(*state, MH_RECORD_MAILBOX, mailbox_of(rows[i].line)) != rows[i].taken)
            fail_msg("'%s'", rows[i].line);
    }
}

static GVariant *
account_of(bool closed, bool undone, bool root_left)
{
    g_autoptr(MhMemory) memory = mh_memory_new();
    return g_variant_new("(vbbb)", mh_memory_to_variant(memory), closed, undone, root_left);
}

/* A worker that only looks does not have root remove a directory, or a command written down. */
static void
test_only_what_the_run_is_for(void **state)
{
    static const struct {
        const char *name;
        MhTask task;
        bool dry_run, final, keyword, closed, undone, root_left;
    } rows[] = {
        {"migrate", MH_TASK_MIGRATE, false, false, true, false, false, false},
        {"migrate --final", MH_TASK_MIGRATE, false, true, true, true, false, false},
        {"migrate --dry-run --final", MH_TASK_MIGRATE, true, true, false, false, false, false},
        {"check", MH_TASK_CHECK, false, false, false, false, false, false},
        {"verify", MH_TASK_VERIFY, false, false, false, false, false, false},
        {"undo", MH_TASK_UNDO, false, false, false, false, true, true},
        {"undo --dry-run", MH_TASK_UNDO, true, false, false, false, false, false},
    };
    Fixture *fixture = *state;
    const MhAccountOutcome *outcome = fixture->seat.outcome;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        fixture->job.task = rows[i].task;
        fixture->settings.dry_run = rows[i].dry_run;
        fixture->settings.final = rows[i].final;
        fixture->keywords = 0;
        bool keyword =
            take(fixture, MH_RECORD_KEYWORD, g_variant_new("(ssss)", "Sent", "", "work", "1:2"));
        bool closed = take(fixture, MH_RECORD_ACCOUNT, account_of(true, false, false));
        bool undone = take(fixture, MH_RECORD_ACCOUNT, account_of(false, true, false));
        bool root_left = take(fixture, MH_RECORD_ACCOUNT, account_of(false, false, true));
        bool good = keyword == rows[i].keyword && fixture->keywords == rows[i].keyword &&
                    closed == rows[i].closed && undone == rows[i].undone &&
                    root_left == rows[i].root_left && outcome->root_left == rows[i].root_left &&
                    take(fixture, MH_RECORD_ACCOUNT, account_of(false, false, false));
        if (!good)
            fail_msg("%s", rows[i].name);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_memory_each, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_what_the_run_is_for, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
