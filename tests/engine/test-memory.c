/* What is kept for the next run: round trips, and what had been carried. */
#include "memory.h"
#include "state.h"
#include "channel.h"
#include "remember.h"
#include "size-limits.h"
#include "testing.h"

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- what was carried --------------------------------------------------------------------- */

/* A message a letter; a digit behind it is its UID. */
static MhMailbox *
mailbox(uint32_t uidvalidity, uint32_t uidnext, const char *text)
{
    MhMailbox *box = mh_mailbox_new();
    box->uids = (MhUidState){.uidvalidity = uidvalidity, .uidnext = uidnext};
    for (const char *at = text; *at != '\0'; at++) {
        MhMessage *message = mh_mailbox_add(box);
        message->id = mh_digest_of(mh_span(at, 1));
        if (g_ascii_isdigit(at[1]))
            message->uid = (uint32_t)(*++at - '0');
    }
    return box;
}

static const struct {
    const char *name;
    uint32_t then_validity, then_next;
    const char *then;
    uint32_t now_validity, now_next;
    const char *now;
    const char *before; /* a mark a message of now; NULL: it cannot be known */
} rows[] = {
    {"no UIDs", 0, 0, "abc", 0, 0, "abcd", "111."},
    {"nothing", 0, 0, "", 0, 0, "ab", ".."},
    {"equal ones stay as many", 0, 0, "aab", 0, 0, "aaab", "11.1"},
    {"fewer than then", 0, 0, "aaab", 0, 0, "ca", ".1"},
    {"UIDs", 7, 4, "a1b2c3", 7, 5, "a1b2c3d4", "111."},
    {"deleted in between", 7, 6, "a1", 7, 7, "a1b3c5d6", "111."},
    {"next UID too low then", 7, 1, "a1b5", 7, 7, "a1b5c6", "11."},
    {"no UID then, one now", 7, 3, "a1b2c", 7, 5, "a1b2c3d4", "111."},
    {"no UID then nor now", 7, 3, "a1b2c", 7, 3, "a1b2cd", "111."},
    {"other UIDVALIDITY", 7, 3, "a1b2", 8, 3, "a1b2", NULL},
    {"UIDVALIDITY has come", 0, 0, "ab", 8, 4, "a1b2c3", "11."},
    {"UIDs without UIDVALIDITY", 0, 0, "a1b2", 0, 0, "a1b2c3", "11."},
    {"empty under another", 7, 1, "", 8, 3, "a1b2", ".."},
};

static void
test_carried(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MhMailbox) then = mailbox(rows[i].then_validity, rows[i].then_next, rows[i].then);
        g_autoptr(MhMailbox) now = mailbox(rows[i].now_validity, rows[i].now_next, rows[i].now);
        g_autoptr(GVariant) carried = mh_carried_new(then);
        assert_true(g_variant_is_of_type(carried, G_VARIANT_TYPE(MH_CARRIED_TYPE)));
        g_autofree bool *before = mh_carried_before(carried, now);
        if ((before == NULL) != (rows[i].before == NULL))
            fail_msg("%s: known or not", rows[i].name);
        for (size_t m = 0; before != NULL && m < mh_mailbox_length(now); m++) {
            if (before[m] != (rows[i].before[m] == '1'))
                fail_msg("%s: message %zu", rows[i].name, m + 1);
        }
    }
}

/* UIDs that the old server has not given yet belong to others when mail comes or goes. */
static void
test_foretold(void **state)
{
    (void)state;
    static const struct {
        const char *now, *before;
    } cases[] = {{"a1b2c3d4", "111."}, {"a1b2d3c4", "11.1"}, {"a1b2d3", "11."}, {"a1c2", "11"}};
    g_autoptr(MhMailbox) then = mailbox(7, 4, "a1b2c3");
    then->foretold = 3;
    g_autoptr(GVariant) carried = mh_carried_new(then);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MhMailbox) now = mailbox(7, 9, cases[i].now);
        g_autofree bool *before = mh_carried_before(carried, now);
        for (size_t m = 0; m < mh_mailbox_length(now); m++)
            assert_int_equal(before[m], cases[i].before[m] == '1');
    }
}

/* Equal messages by the hundred thousand cost no more than others. */
static void
test_many_equal(void **state)
{
    (void)state;
    g_autofree char *text = g_strnfill(300000, 'a');
    g_autoptr(MhMailbox) box = mailbox(0, 0, text);
    g_autoptr(GVariant) carried = mh_carried_new(box);
    g_autofree bool *before = mh_carried_before(carried, box);
    for (size_t i = 0; i < mh_mailbox_length(box); i++)
        assert_true(before[i]);
}

/* ---- the state directory ------------------------------------------------------------------ */

static MhStamp
stamp(uint64_t number)
{
    return (MhStamp){.device = number,
                     .inode = number + 1,
                     .size_bytes = number + 2,
                     .mtime_ns = -5,
                     .ctime_ns = INT64_MAX};
}

static MhMailboxMemory *
remembered(const char *key, const char *directory)
{
    MhMailboxMemory *memory = mh_mailbox_memory_new(key, directory);
    g_autoptr(MhMailboxOutcome) outcome = mh_mailbox_outcome_new();
    g_autoptr(MhMailbox) box = mailbox(3, 4, "a1b2c");
    outcome->source = g_strdup("x");
    outcome->path = g_strdup("/x");
    outcome->target = g_strdup(".x");
    outcome->format = g_strdup("mbox");
    outcome->messages = 3;
    memory->outcome = g_variant_ref_sink(mh_mailbox_outcome_to_variant(outcome));
    memory->carried = mh_carried_new(box);
    for (uint64_t i = 0; i < MH_TARGET_STAMPS; i++) {
        MhStamp target = stamp(i);
        g_array_append_val(memory->target, target);
    }
    MhStamp source = stamp(9);
    g_array_append_val(memory->source, source);
    return memory;
}

static MhAccountOutcome *
account(const char *settings)
{
    MhAccountOutcome *outcome = mh_account_outcome_new("fred");
    outcome->memory = mh_memory_new();
    outcome->memory->settings = g_strdup(settings);
    outcome->memory->known = true;
    outcome->memory->made_root = true;
    outcome->memory->watch = mh_watch_new();
    mh_watch_look(outcome->memory->watch, "/", "etc");
    outcome->memory->subscriptions = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(outcome->memory->subscriptions, g_strdup("\xff odd"));
    mh_memory_add_place(outcome->memory, "/srv", 5, 6);
    return outcome;
}

static MhState *
open_state(const char *directory)
{
    GError *error = NULL;
    MhState *state = mh_state_open(directory, &error);
    assert_no_error(error);
    assert_true(mh_state_begin_run(state, "migrate", NULL));
    return state;
}

static void
record(MhState *state, MhAccountOutcome *outcome)
{
    GError *error = NULL;
    assert_true(mh_state_record_account(state, outcome, &error));
    assert_no_error(error);
    mh_account_outcome_free(outcome);
}

static void
check_first(const MhMemory *memory)
{
    assert_true(memory->known);
    assert_true(memory->made_root);
    assert_string_equal(memory->settings, "digest");
    assert_int_equal(mh_watch_length(memory->watch), 1);
    assert_string_equal(memory->subscriptions->pdata[0], "\xff odd");
    assert_int_equal(memory->places->len, 1);
    assert_non_null(memory->findings);
    const MhMailboxMemory *inbox = mh_memory_find(memory, "");
    const MhMailboxMemory *other = mh_memory_find(memory, "a/\xfe");
    assert_non_null(inbox);
    assert_non_null(other);
    assert_string_equal(inbox->directory, ".");
    assert_string_equal(inbox->settings, "digest");
    assert_int_equal(other->target->len, MH_TARGET_STAMPS);
    MhStamp source = stamp(9);
    assert_true(mh_stamp_equal(&g_array_index(other->source, MhStamp, 0), &source));
    g_autoptr(MhMailboxOutcome) outcome = mh_mailbox_outcome_from_variant(inbox->outcome);
    assert_int_equal(outcome->messages, 3);
    assert_null(mh_memory_find(memory, "none"));
    assert_null(mh_memory_find(NULL, ""));
}

static void
test_state(void **unused)
{
    (void)unused;
    g_autofree char *directory = g_dir_make_tmp("memory-XXXXXX", NULL);
    MhState *state = open_state(directory);
    MhAccountOutcome *first = account("digest");
    mh_memory_add(first->memory, remembered("", "."));
    mh_memory_add(first->memory, remembered("a/\xfe", ".a.b"));
    first->closed = true;
    record(state, first);
    g_autoptr(MhMemory) memory = mh_state_recall(state, "fred", false, NULL);
    check_first(memory);
    assert_true(memory->closed > 0);
    assert_null(mh_memory_find(memory, "")->carried);
    mh_state_free(state);

    /* the next run: one mailbox as it was, the other gone */
    state = open_state(directory);
    MhAccountOutcome *second = account("other");
    MhMailboxMemory *same = mh_mailbox_memory_new("", ".");
    same->same = true;
    mh_memory_add(second->memory, same);
    record(state, second);
    g_autoptr(MhMemory) later = mh_state_recall(state, "fred", true, NULL);
    assert_string_equal(later->settings, "other");
    assert_int_equal(later->mailboxes->len, 1);
    assert_string_equal(mh_memory_find(later, "")->settings, "digest");
    assert_non_null(mh_memory_find(later, "")->carried);
    assert_true(later->closed > 0); /* until somebody says otherwise */
    assert_true(mh_state_reopen(state, "fred", NULL));
    g_autoptr(MhMemory) open = mh_state_recall(state, "fred", true, NULL);
    assert_int_equal(open->closed, 0);

    MhAccountOutcome *undone = mh_account_outcome_new("fred");
    undone->undone = true;
    record(state, undone);
    g_autoptr(MhMemory) nothing = mh_state_recall(state, "fred", true, NULL);
    assert_false(nothing->known);
    assert_int_equal(nothing->mailboxes->len, 0);
    mh_state_free(state);
    assert_int_equal(testing_remove_tree(directory), 0);
}

/* Is there a record of @user for another process, which would find it after a power cut, too? */
static bool
is_durable(const char *directory, const char *user)
{
    MhState *reader = NULL;
    GError *error = NULL;
    assert_true(mh_state_open_to_look(directory, &reader, &error));
    g_autoptr(MhMemory) memory = mh_state_recall(reader, user, false, &error);
    assert_no_error(error);
    mh_state_free(reader);
    return memory->known;
}

/* Records wait for each other, but not for long, and not those that must stand. */
static void
test_batches(void **unused)
{
    (void)unused;
    g_autofree char *directory = g_dir_make_tmp("memory-XXXXXX", NULL);
    MhState *state = open_state(directory);
    record(state, account("digest"));
    assert_true(mh_state_settle(state, false, NULL));
    assert_false(is_durable(directory, "fred"));
    assert_true(mh_state_settle(state, true, NULL));
    assert_true(is_durable(directory, "fred"));
    assert_true(mh_state_settle(state, true, NULL)); /* with nothing to do */

    MhAccountOutcome *undone = mh_account_outcome_new("fred");
    undone->undone = true;
    record(state, undone);
    assert_false(is_durable(directory, "fred"));

    MhAccountOutcome *closed = account("digest");
    closed->closed = true;
    record(state, closed);
    assert_true(is_durable(directory, "fred"));

    MhAccountOutcome *other = account("digest");
    g_free(other->user);
    other->user = g_strdup("anna");
    record(state, other);
    assert_false(is_durable(directory, "anna"));
    assert_true(mh_state_end_run(state, 0, NULL));
    assert_true(is_durable(directory, "anna"));

    MhAccountOutcome *third = account("digest");
    g_free(third->user);
    third->user = g_strdup("bert");
    record(state, third);
    g_usleep(600000);
    assert_true(mh_state_settle(state, false, NULL));
    assert_true(is_durable(directory, "bert"));
    mh_state_free(state);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    assert_int_equal(system(command), 0);
}

static void
test_stamps(void **unused)
{
    (void)unused;
    g_autoptr(GArray) a = mh_stamps_new();
    g_autoptr(GArray) b = mh_stamps_new();
    assert_false(mh_stamps_equal(a, b)); /* nothing known is not the same */
    MhStamp one = stamp(1);
    g_array_append_val(a, one);
    assert_false(mh_stamps_equal(a, b));
    g_array_append_val(b, one);
    assert_true(mh_stamps_equal(a, b));
    g_array_index(a, MhStamp, 0).device = g_array_index(b, MhStamp, 0).device = MH_STAMP_UNSURE;
    assert_false(mh_stamps_equal(a, b));
}

/* A record that is too large would end the worker, night after night. */
static void
test_too_large(void **state)
{
    (void)state;
    int fds[2];
    gboolean closed, undone, left;
    MhRecordKind kind;
    MhChannelReader reader;
    g_autoptr(GVariant) content = NULL, body = NULL;
    g_autoptr(MhMemory) seen = mh_memory_new();
    MhMemory *memory = mh_memory_new();
    memory->subscriptions = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i <= MH_LIMIT_RECORD_BYTES / 65536; i++)
        g_ptr_array_add(memory->subscriptions, g_strnfill(65536, 'a'));
    mh_memory_add_place(memory, "/srv/mail", 1, 2);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    mh_remember_send_account(fds[0], memory, true, false, false);
    mh_channel_reader_init(&reader);
    mh_channel_fill(&reader, fds[1]);
    assert_int_equal(mh_channel_take(&reader, &kind, &content), MH_CHANNEL_RECORD);
    g_variant_get(content, "(vbbb)", &body, &closed, &undone, &left);
    assert_true(mh_memory_from_variant(seen, body));
    assert_null(seen->subscriptions);
    assert_int_equal(seen->places->len, 1);
    assert_true(closed);
    mh_channel_reader_clear(&reader);
    close(fds[0]);
    close(fds[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_carried),    cmocka_unit_test(test_foretold),
        cmocka_unit_test(test_many_equal), cmocka_unit_test(test_stamps),
        cmocka_unit_test(test_state),      cmocka_unit_test(test_batches),
        cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
