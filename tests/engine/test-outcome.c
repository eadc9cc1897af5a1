/* The form in which a worker sends what it did, and in which the next run finds it. */
#include "testing.h"

#include "outcome.h"

static MhMailboxOutcome *
full_outcome(void)
{
    MhMailboxOutcome *o = mh_mailbox_outcome_new();
    o->source = g_strdup("Sent/2004");
    o->path = g_strdup("/home/anna/mail/Sent/2004");
    o->target = g_strdup(".Sent.2004");
    o->name_map = g_strdup("");
    o->format = g_strdup("mbox uw");
    o->renamed = true;
    o->done = MH_DONE_CHANGED;
    o->uidvalidity = UINT32_MAX;
    o->uidnext = 2;
    o->messages = UINT64_MAX;
    o->left_out = 7;
    return o;
}

static GVariant *
variant_of(const MhMailboxOutcome *outcome)
{
    return g_variant_ref_sink(mh_mailbox_outcome_to_variant(outcome));
}

static void
test_comes_back(void **state)
{
    g_autoptr(MhMailboxOutcome) o = full_outcome();
    (void)state;
    mh_findings_add(o->findings, MH_FINDING_NO_INBOX, "%s", "here");
    mh_findings_add_of(o->findings, MH_FINDING_MBOX_UIDL_UNFIT, 5, NULL);
    mh_findings_add_count(o->findings, MH_FINDING_KEPT_GONE, 3);
    g_autoptr(GVariant) variant = variant_of(o);
    g_autoptr(MhMailboxOutcome) back = mh_mailbox_outcome_from_variant(variant);
    assert_non_null(back);
    assert_string_equal(back->source, o->source);
    assert_string_equal(back->path, o->path);
    assert_string_equal(back->target, o->target);
    assert_null(back->name);
    assert_string_equal(back->name_map, "");
    assert_string_equal(back->format, o->format);
    assert_null(back->error);
    assert_true(back->renamed);
    assert_int_equal(back->done, MH_DONE_CHANGED);
    assert_int_equal(back->uidvalidity, UINT32_MAX);
    assert_int_equal(back->uidnext, 2);
    assert_true(back->messages == UINT64_MAX);
    assert_int_equal(back->bytes, 0);
    assert_int_equal(back->left_out, 7);
    assert_int_equal(mh_findings_count(back->findings, MH_FINDING_NO_INBOX), 1);
    assert_int_equal(mh_findings_count(back->findings, MH_FINDING_KEPT_GONE), 3);
    assert_int_equal(mh_findings_get(back->findings, 1)->message, 5);
    assert_false(mh_findings_get(back->findings, 1)->has_offset);
    g_autoptr(GVariant) again = variant_of(back);
    assert_true(g_variant_equal(variant, again));
}

/* Each field has its own place. */
static void
test_numbers_stay_apart(void **state)
{
    g_autoptr(MhMailboxOutcome) o = full_outcome();
    (void)state;
    uint64_t *numbers[] = {&o->messages,    &o->bytes,    &o->delivered,  &o->delivered_bytes,
                           &o->retagged,    &o->expunged, &o->unchanged,  &o->foreign,
                           &o->kept_gone,   &o->left_out, &o->sizes_read, &o->sizes_read_bytes,
                           &o->sizes_listed};
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        *numbers[i] = i + 1;
    g_autoptr(GVariant) variant = variant_of(o);
    g_autoptr(MhMailboxOutcome) back = mh_mailbox_outcome_from_variant(variant);
    uint64_t came[] = {back->messages,    back->bytes,    back->delivered,  back->delivered_bytes,
                       back->retagged,    back->expunged, back->unchanged,  back->foreign,
                       back->kept_gone,   back->left_out, back->sizes_read, back->sizes_read_bytes,
                       back->sizes_listed};
    for (size_t i = 0; i < G_N_ELEMENTS(came); i++)
        assert_int_equal(came[i], i + 1);
}

#define NUMBERS "uint64 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15"

/* What a worker that was taken over may send instead, as text of a GVariant. */
static const struct {
    const char *name, *text;
} bad[] = {
    {"another type", "('INBOX', 1)"},
    {"no numbers", "(b'', @at [], @m(a(sbtums)a(st)) nothing)"},
    {"a number too many", "(b'', [" NUMBERS ", 16], @m(a(sbtums)a(st)) nothing)"},
    {"a text that is not there",
     "(@ay [], [uint64 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],"
     " @m(a(sbtums)a(st)) nothing)"},
    {"a text too many", "(b'x', [" NUMBERS "], @m(a(sbtums)a(st)) nothing)"},
    {"a text without an end", "([byte 0x61], [uint64 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,"
                              " 12, 13, 14, 15], @m(a(sbtums)a(st)) nothing)"},
    {"a text that is none", "([byte 0xff, 0], [uint64 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,"
                            " 12, 13, 14, 15], @m(a(sbtums)a(st)) nothing)"},
    {"an eighth text",
     "(b'x', [uint64 128, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],"
     " @m(a(sbtums)a(st)) nothing)"},
    {"done in no way",
     "(@ay [], [uint64 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],"
     " @m(a(sbtums)a(st)) nothing)"},
    {"a UID of 33 bits", "(@ay [], [uint64 0, 0, 0, 1, 4294967296, 3, 4, 5, 6, 7, 8, 9, 10, 11,"
                         " 12, 13, 14, 15], @m(a(sbtums)a(st)) nothing)"},
    {"a finding of no name", "(@ay [], [" NUMBERS "], @m(a(sbtums)a(st)) just ([('no', false, 0, 0,"
                             " nothing)], []))"},
};

static void
test_bad_ones(void **state)
{
    g_autoptr(GVariant) good = g_variant_take_ref(g_variant_parse(
        NULL, "(@ay [], [" NUMBERS "], @m(a(sbtums)a(st)) nothing)", NULL, NULL, NULL));
    g_autoptr(MhMailboxOutcome) taken = mh_mailbox_outcome_from_variant(good);
    (void)state;
    assert_non_null(taken);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) variant = g_variant_parse(NULL, bad[i].text, NULL, NULL, &error);
        if (variant == NULL)
            fail_msg("%s: %s", bad[i].name, error->message);
        if (mh_mailbox_outcome_from_variant(variant) != NULL)
            fail_msg("%s was taken", bad[i].name);
    }
}

/* Every start of a stored form, as a damaged database may have it. */
static void
test_cut_off(void **state)
{
    g_autoptr(MhMailboxOutcome) o = full_outcome();
    (void)state;
    mh_findings_add(o->findings, MH_FINDING_NO_INBOX, "%s", "here");
    g_autoptr(GVariant) variant = variant_of(o);
    g_autoptr(GBytes) whole = g_variant_get_data_as_bytes(variant);
    for (gsize len = 0; len < g_bytes_get_size(whole); len++) {
        g_autoptr(GBytes) part = g_bytes_new(g_bytes_get_data(whole, NULL), len);
        g_autoptr(GVariant) cut = g_variant_ref_sink(
            g_variant_new_from_bytes(G_VARIANT_TYPE(mh_mailbox_outcome_type()), part, FALSE));
        if (mh_mailbox_outcome_from_variant(cut) != NULL)
            fail_msg("%zu bytes were taken", (size_t)len);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_numbers_stay_apart),
        cmocka_unit_test(test_bad_ones),
        cmocka_unit_test(test_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
