#include "target-check.h"

#include "testing.h"

#include <glib/gstdio.h>
#include <unistd.h>

typedef struct {
    char *dir;
    MhTargetCheck *check;
    MhAccountOutcome *outcome;
    MhMailboxOutcome *mailbox;
} Fixture;

static MhQuotaCounts quota; /* of user 1 and group 1 where has_quota */
static bool has_quota;

static bool
read_quota(const char *path, MhQuotaKind kind, uint32_t id, MhQuotaCounts *out_counts)
{
    (void)path;
    *out_counts = quota;
    return has_quota && kind != MH_QUOTA_PROJECT && id == 1;
}

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->dir = g_dir_make_tmp("test-target-check-XXXXXX", NULL);
    fixture->check = mh_target_check_new(read_quota);
    has_quota = false;
    fixture->outcome = mh_account_outcome_new("fred");
    fixture->mailbox = mh_mailbox_outcome_new();
    fixture->mailbox->source = g_strdup("INBOX");
    fixture->mailbox->delivered = 100;
    fixture->mailbox->delivered_bytes = fixture->mailbox->bytes = 1000000;
    g_ptr_array_add(fixture->outcome->mailboxes, fixture->mailbox);
    *state = fixture;
    return fixture->dir != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;
    mh_target_check_free(fixture->check);
    mh_account_outcome_free(fixture->outcome);
    g_rmdir(fixture->dir);
    g_free(fixture->dir);
    g_free(fixture);
    return 0;
}

/* Takes the fixture's account in, with its target at @name below the directory. */
static void
take(Fixture *fixture, const char *name, const char *source)
{
    MhTargetWriter writer = {.uid = geteuid(), .gid = getegid()};
    g_autofree char *path = g_build_filename(fixture->dir, name, NULL);
    mh_target_check_account(fixture->check, fixture->outcome, path, source, &writer);
}

static MhTargetSystem *
first_system(Fixture *fixture)
{
    assert_int_equal(fixture->check->systems->len, 1);
    return fixture->check->systems->pdata[0];
}

static void
test_room(void **state)
{
    Fixture *fixture = *state;
    take(fixture, "a/b", NULL);
    take(fixture, "c", NULL);
    MhTargetSystem *system = first_system(fixture);
    assert_int_equal(system->accounts, 2);
    assert_int_equal(system->need_files, 2 * (100 + 7));
    /* bytes, half a block a message; directory and list of three blocks each; seven more blocks */
    assert_int_equal(system->need_bytes, 2 * (1000000 + 100 * 2048 + (3 + 3 + 7) * 4096));
}

static void
test_small_messages_take_a_block(void **state)
{
    Fixture *fixture = *state;
    fixture->mailbox->delivered_bytes = 100;
    take(fixture, "a", NULL);
    assert_int_equal(first_system(fixture)->need_bytes, 100 * 4096 + (3 + 3 + 7) * 4096);
}

static void
test_linked_takes_none(void **state)
{
    Fixture *fixture = *state;
    take(fixture, "a", fixture->dir);
    assert_int_equal(first_system(fixture)->need_files, 7);
    assert_int_equal(first_system(fixture)->need_bytes, (3 + 3 + 7) * 4096);
}

static void
test_up_to_date_needs_nothing(void **state)
{
    Fixture *fixture = *state;
    fixture->mailbox->delivered = fixture->mailbox->delivered_bytes = 0;
    fixture->mailbox->unchanged = 100;
    take(fixture, "a", NULL);
    assert_int_equal(first_system(fixture)->need_files, 0);
    assert_int_equal(first_system(fixture)->need_bytes, 0);
}

/* Exactly enough is enough. */
static void
test_seams_of_free_room(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t more_bytes, more_files;
        bool counts_files;
        size_t no_room, no_inodes;
    } rows[] = {{"just enough", 0, 0, true, 0, 0},
                {"a byte too few", -1, 0, true, 1, 0},
                {"an inode too few", 0, -1, true, 0, 1},
                {"no fixed number of inodes", 0, -1, false, 0, 0}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhTargetCheck *check = mh_target_check_new(read_quota);
        MhTargetSystem *system = g_new0(MhTargetSystem, 1);
        system->place = g_strdup("/mail");
        system->need_bytes = 1000;
        system->need_files = 10;
        system->free_bytes = (uint64_t)(1000 + rows[i].more_bytes);
        system->free_files = (uint64_t)(10 + rows[i].more_files);
        system->counts_files = rows[i].counts_files;
        g_ptr_array_add(check->systems, system);
        mh_target_check_finish(check);
        size_t no_room = check->found[MH_OBSTACLE_NO_ROOM].times;
        size_t no_inodes = check->found[MH_OBSTACLE_NO_INODES].times;
        bool ready = mh_target_check_ready(check);
        mh_target_check_free(check);
        if (no_room != rows[i].no_room || no_inodes != rows[i].no_inodes ||
            ready != (no_room + no_inodes == 0))
            fail_msg("%s", rows[i].name);
    }
}

static void
test_not_ours(void **state)
{
    Fixture *fixture = *state;
    char *file = g_build_filename(fixture->dir, "a", NULL);
    g_file_set_contents(file, "", 0, NULL);
    take(fixture, "a", NULL);
    size_t as_file = fixture->check->found[MH_OBSTACLE_NOT_OURS].times;
    take(fixture, "", NULL); /* a directory that holds a file */
    g_unlink(file);
    g_free(file);
    assert_int_equal(as_file, 1);
    assert_int_equal(fixture->check->found[MH_OBSTACLE_NOT_OURS].times, 2);
    take(fixture, "", NULL); /* an empty one will do */
    assert_int_equal(fixture->check->found[MH_OBSTACLE_NOT_OURS].times, 2);
    assert_false(mh_target_check_ready(fixture->check));
}

static void
test_examples_are_few(void **state)
{
    Fixture *fixture = *state;
    fixture->outcome->error = g_strdup("no such thing");
    for (int i = 0; i < 5; i++)
        take(fixture, "a", NULL);
    const MhObstacleFound *found = &fixture->check->found[MH_OBSTACLE_FAILED];
    assert_int_equal(found->times, 5);
    assert_int_equal(found->examples->len, MH_OBSTACLE_EXAMPLES);
    assert_string_equal(found->examples->pdata[0], "fred: no such thing");
    assert_string_equal(mh_obstacle_name(MH_OBSTACLE_NOT_OURS), "not-ours");
}

static void
test_clock(void **state)
{
    Fixture *fixture = *state;
    mh_target_check_machine(fixture->check, INT64_C(1790000000));
    assert_int_equal(fixture->check->found[MH_OBSTACLE_CLOCK].times, 0);
    mh_target_check_machine(fixture->check, 7);
    assert_int_equal(fixture->check->found[MH_OBSTACLE_CLOCK].times, 1);
    assert_false(mh_target_check_ready(fixture->check));
}

/* Two accounts of one owner draw on his quota together; a group's is one more. */
static void
test_quotas(void **state)
{
    Fixture *fixture = *state;
    uint64_t need = 1000000 + 100 * 2048 + (3 + 3 + 7) * 4096; /* of one account, see above */
    quota = (MhQuotaCounts){.hard_kib = (2 * need + 1023) / 1024, .hard_files = 2 * 107};
    has_quota = true;
    for (int i = 0; i < 3; i++) {
        MhTargetWriter writer = {.uid = 1, .gid = i == 2 ? 1 : 2};
        g_autofree char *path = g_strdup_printf("%s/%d", fixture->dir, i);
        mh_target_check_account(fixture->check, fixture->outcome, path, NULL, &writer);
        if (i == 1) { /* it is just enough */
            MhTargetCheck *check = fixture->check;
            mh_target_check_finish(check);
            assert_int_equal(check->found[MH_OBSTACLE_NO_QUOTA].times, 0);
        }
    }
    mh_target_check_finish(fixture->check);
    const MhObstacleFound *found = &fixture->check->found[MH_OBSTACLE_NO_QUOTA];
    assert_int_equal(found->times, 2); /* the user's bytes and files, not the group's */
    const char *text = found->examples->pdata[1];
    if (!g_str_has_suffix(text, ": 321 files needed by 3 accounts, 214 left to user 1"))
        fail_msg("%s", text);
    assert_false(mh_target_check_ready(fixture->check));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_room),
        TEST(test_small_messages_take_a_block),
        TEST(test_linked_takes_none),
        TEST(test_up_to_date_needs_nothing),
        TEST(test_seams_of_free_room),
        TEST(test_quotas),
        TEST(test_not_ours),
        TEST(test_clock),
        TEST(test_examples_are_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
