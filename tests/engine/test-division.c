/* Accounts that are done by several workers: which, and what is told of them. */
#include "testing.h"

#include "division.h"

static void
test_is_due(void **state)
{
    static const struct {
        const char *name;
        uint64_t bytes, rest;
        uint32_t jobs, above;
        bool due;
    } rows[] = {
        {"one job", 1000000000, 1000000000, 1, 0, false},
        {"the last account", 1000000000, 1000000000, 2, 256, true},
        {"a half of the rest", 500000000, 1000000000, 2, 256, false},
        {"a byte more", 500000001, 1000000000, 2, 256, true},
        {"a third, three jobs", 400000000, 1000000000, 3, 256, true},
        {"too small", 256000000, 256000000, 2, 256, false},
        {"a byte larger", 256000001, 256000001, 2, 256, true},
        {"no limit", 1, 1, 2, 0, true},
        {"nothing", 0, 0, 2, 0, false},
        {"more than a number holds", UINT64_MAX, UINT64_MAX, 1024, UINT32_MAX, true},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (mh_division_is_due(rows[i].bytes, rows[i].rest, rows[i].jobs, rows[i].above) !=
            rows[i].due)
            fail_msg("%s", rows[i].name);
    }
}

#define UP      MH_DONE_UP_TO_DATE
#define CHANGED MH_DONE_CHANGED
#define FAILED  MH_DONE_FAILED

/* ---- counts ------------------------------------------------------------------------------- */

typedef struct {
    MhDone done;
    uint64_t messages, delivered, retagged, expunged, unchanged;
} Counts;

static MhMailboxOutcome *
outcome_of(const char *target, const Counts *counts)
{
    MhMailboxOutcome *outcome = mh_mailbox_outcome_new();
    outcome->path = g_strdup_printf("/home/anna/mail/%s", target);
    outcome->target = g_strdup(target);
    outcome->done = counts->done;
    outcome->messages = counts->messages;
    outcome->bytes = 100 * counts->messages;
    outcome->delivered = counts->delivered;
    outcome->delivered_bytes = 100 * counts->delivered;
    outcome->retagged = counts->retagged;
    outcome->expunged = counts->expunged;
    outcome->unchanged = counts->unchanged;
    return outcome;
}

/* A division whose one part did @counts to the mailbox ".Sent", and remembers it. */
static MhDivision *
after_part(const Counts *counts, const char *key)
{
    MhDivision *division = mh_division_new(NULL, NULL, 3);
    g_autoptr(MhAccountOutcome) part = mh_account_outcome_new("anna");
    MhMailboxOutcome *sent = outcome_of(".Sent", counts);
    mh_findings_add(sent->findings, MH_FINDING_KEPT_GONE, "%s", "the first time");
    g_ptr_array_add(part->mailboxes, sent);
    if (key != NULL) {
        part->memory = mh_memory_new();
        mh_memory_add(part->memory, mh_mailbox_memory_new(key, ".Sent"));
    }
    division->at_work = 1;
    mh_division_enter(division, 2);
    mh_division_take(division, part, "digest");
    assert_int_equal(part->mailboxes->len, 0);
    return division;
}

static void
test_counts_are_summed(void **state)
{
    static const struct {
        const char *name;
        Counts first, last, sum;
        const char *finding; /* NULL: that of the part has gone */
    } rows[] = {
        {"nothing new since",
         {CHANGED, 9, 9, 0, 0, 0},
         {UP, 9, 0, 0, 0, 9},
         {CHANGED, 9, 9, 0, 0, 0},
         "the first time"},
        {"nothing new at all",
         {UP, 9, 0, 0, 0, 9},
         {UP, 9, 0, 0, 0, 9},
         {UP, 9, 0, 0, 0, 9},
         "the first time"},
        {"flags and expunged",
         {CHANGED, 9, 1, 2, 3, 6},
         {UP, 9, 0, 0, 0, 9},
         {CHANGED, 9, 1, 2, 3, 6},
         "the first time"},
        {"mail came since",
         {CHANGED, 9, 9, 0, 0, 0},
         {CHANGED, 11, 2, 0, 0, 9},
         {CHANGED, 11, 11, 0, 0, 0},
         NULL},
        {"mail has gone since",
         {CHANGED, 9, 9, 0, 0, 0},
         {CHANGED, 8, 0, 0, 1, 8},
         {CHANGED, 8, 9, 0, 1, 0},
         NULL},
        {"it failed half way",
         {FAILED, 0, 4, 0, 0, 0},
         {CHANGED, 9, 5, 0, 0, 4},
         {CHANGED, 9, 9, 0, 0, 0},
         NULL},
        {"it failed at the end",
         {FAILED, 9, 9, 0, 0, 0},
         {UP, 9, 0, 0, 0, 9},
         {CHANGED, 9, 9, 0, 0, 0},
         NULL},
        {"it fails now",
         {CHANGED, 9, 9, 0, 0, 0},
         {FAILED, 0, 0, 0, 0, 0},
         {FAILED, 0, 9, 0, 0, 0},
         NULL},
        {"it failed twice",
         {FAILED, 0, 0, 0, 0, 0},
         {FAILED, 0, 0, 0, 0, 0},
         {FAILED, 0, 0, 0, 0, 0},
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MhDivision) division = after_part(&rows[i].first, NULL);
        g_autoptr(MhMailboxOutcome) last = outcome_of(".Sent", &rows[i].last);
        const Counts *sum = &rows[i].sum;
        mh_division_add_to(division, last);
        size_t kept = mh_findings_kept(last->findings);
        if (last->done != sum->done || last->messages != sum->messages ||
            last->delivered != sum->delivered || last->delivered_bytes != 100 * sum->delivered ||
            last->retagged != sum->retagged || last->expunged != sum->expunged ||
            last->unchanged != sum->unchanged || kept != (rows[i].finding != NULL))
            fail_msg("%s", rows[i].name);
        mh_division_add_to(division, last); /* it is told once */
        assert_int_equal(last->delivered, sum->delivered);
    }
}

static void
test_others_are_left_alone(void **state)
{
    const Counts counts = {MH_DONE_CHANGED, 9, 9, 0, 0, 0};
    g_autoptr(MhDivision) division = after_part(&counts, NULL);
    g_autoptr(MhMailboxOutcome) other = outcome_of(".Sent2", &counts);
    (void)state;
    mh_division_add_to(division, other);
    assert_int_equal(other->delivered, 9);
}

/* ---- parts -------------------------------------------------------------------------------- */

static void
test_rest_of_a_stopped_run(void **state)
{
    const Counts counts = {MH_DONE_CHANGED, 9, 9, 0, 0, 0};
    g_autoptr(MhDivision) division = after_part(&counts, "Sent");
    g_autoptr(MhAccountOutcome) outcome = mh_account_outcome_new("anna");
    (void)state;
    assert_string_equal(mh_memory_find(division->fresh, "Sent")->settings, "digest");
    mh_division_add_rest(division, outcome, "digest");
    assert_int_equal(outcome->mailboxes->len, 1);
    assert_non_null(mh_memory_find(outcome->memory, "Sent"));
    assert_string_equal(outcome->memory->settings, "digest");
    mh_division_add_rest(division, outcome, "digest");
    assert_int_equal(outcome->mailboxes->len, 1);
}

static void
test_rest_does_not_replace_what_is_known(void **state)
{
    const Counts counts = {MH_DONE_CHANGED, 9, 9, 0, 0, 0};
    g_autoptr(MhDivision) division = after_part(&counts, "Sent");
    g_autoptr(MhAccountOutcome) outcome = mh_account_outcome_new("anna");
    (void)state;
    outcome->memory = mh_memory_new();
    mh_memory_add(outcome->memory, mh_mailbox_memory_new("Sent", ".Later"));
    mh_division_add_rest(division, outcome, "digest");
    assert_int_equal(outcome->memory->mailboxes->len, 1);
    assert_string_equal(mh_memory_find(outcome->memory, "Sent")->directory, ".Later");
}

static void
test_others_help_when_the_first_has_its_place(void **state)
{
    g_autoptr(MhDivision) division = mh_division_new(NULL, NULL, 3);
    (void)state;
    assert_false(division->entered);
    division->at_work = 1;
    mh_division_take(division, NULL, NULL); /* it has died before */
    assert_int_equal(division->at_work, 0);
    assert_int_equal(division->to_start, 0);

    const Counts counts = {MH_DONE_CHANGED, 9, 9, 0, 0, 0};
    g_autoptr(MhDivision) other = after_part(&counts, NULL);
    assert_true(other->entered);
    assert_int_equal(other->to_start, 3);
    assert_int_equal(other->not_linked, 2);
    mh_division_fail_part(other, "ended by signal 9");
    assert_int_equal(mh_findings_count(other->failed, MH_FINDING_PART_FAILED), 1);
    mh_division_give_up(other, "no answer");
    mh_division_give_up(other, "no answer, either");
    assert_string_equal(other->error, "no answer");
    assert_int_equal(other->to_start, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_due),
        cmocka_unit_test(test_counts_are_summed),
        cmocka_unit_test(test_others_are_left_alone),
        cmocka_unit_test(test_rest_of_a_stopped_run),
        cmocka_unit_test(test_rest_does_not_replace_what_is_known),
        cmocka_unit_test(test_others_help_when_the_first_has_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
