#include "testing.h"

#include "mailbox.h"
#include "size-limits.h"

static int
setup(void **state)
{
    *state = mh_mailbox_new();
    return 0;
}

static int
teardown(void **state)
{
    mh_mailbox_free(*state);
    return 0;
}

static void
test_messages(void **state)
{
    MhMailbox *mailbox = *state;
    static const MhMessage empty = {0};
    assert_int_equal(mh_mailbox_length(mailbox), 0);
    for (uint32_t i = 0; i < 100000; i++) {
        MhMessage *message = mh_mailbox_add(mailbox);
        assert_memory_equal(message, &empty, sizeof empty);
        message->uid = i + 1;
    }
    assert_int_equal(mh_mailbox_length(mailbox), 100000);
    for (uint32_t i = 0; i < 100000; i += 999)
        assert_int_equal(mh_mailbox_get(mailbox, i)->uid, i + 1);
    mh_mailbox_free(NULL);
}

static uint16_t
keyword(MhMailbox *mailbox, const char *name)
{
    uint16_t number = 77;
    MhSpan copy = testing_exact_copy(name, strlen(name));
    bool good = mh_mailbox_keyword(mailbox, copy, &number);
    g_free((void *)(uintptr_t)copy.data);
    assert_true(good);
    return number;
}

static void
test_keywords(void **state)
{
    MhMailbox *mailbox = *state;
    uint16_t number = 77;
    assert_int_equal(keyword(mailbox, "$Label1"), 0);
    assert_int_equal(keyword(mailbox, "Work"), 1);
    assert_int_equal(keyword(mailbox, "$LABEL1"), 0);
    assert_int_equal(keyword(mailbox, "w\xc3\x84"), 2);
    assert_int_equal(keyword(mailbox, "w\xc3\xa4"), 3); /* only ASCII has case */
    assert_int_equal(mh_mailbox_keyword_count(mailbox), 4);
    assert_string_equal(mh_mailbox_keyword_name(mailbox, 0), "$Label1");
    assert_false(mh_mailbox_keyword(mailbox, MH_SPAN_LITERAL(""), &number));
    assert_false(mh_mailbox_keyword(mailbox, MH_SPAN_LITERAL("Work\0x"), &number));
    assert_int_equal(number, 77);
}

static void
test_keyword_limits(void **state)
{
    MhMailbox *mailbox = *state;
    uint16_t number = 77;
    g_autofree char *longest = g_strnfill(MH_LIMIT_KEYWORD_BYTES + 1, 'k');
    assert_true(mh_mailbox_keyword(mailbox, mh_span(longest, MH_LIMIT_KEYWORD_BYTES), &number));
    assert_false(
        mh_mailbox_keyword(mailbox, mh_span(longest, MH_LIMIT_KEYWORD_BYTES + 1), &number));
    for (int i = 1; i < MH_LIMIT_KEYWORDS; i++) {
        g_autofree char *name = g_strdup_printf("k%d", i);
        assert_int_equal(keyword(mailbox, name), i);
    }
    number = 77;
    assert_false(mh_mailbox_keyword(mailbox, MH_SPAN_LITERAL("another"), &number));
    assert_int_equal(number, 77);
    assert_int_equal(keyword(mailbox, "K4095"), 4095); /* known ones are still found */
    assert_int_equal(mh_mailbox_keyword_count(mailbox), MH_LIMIT_KEYWORDS);
}

static void
check_set(MhMailbox *mailbox, uint32_t set, const uint16_t *expected, size_t count)
{
    size_t got;
    const uint16_t *members = mh_mailbox_keyword_members(mailbox, set, &got);
    assert_int_equal(got, count);
    if (count > 0)
        assert_memory_equal(members, expected, count * sizeof *members);
}

static void
test_keyword_sets(void **state)
{
    MhMailbox *mailbox = *state;
    static const uint16_t expected[] = {1, 5, 4095};
    uint16_t mixed[] = {4095, 1, 5, 1, 4095}, sorted[] = {1, 5, 4095}, one[] = {5},
             twice[] = {5, 5};
    check_set(mailbox, 0, NULL, 0);
    assert_int_equal(mh_mailbox_keyword_set(mailbox, NULL, 0), 0);
    uint32_t set = mh_mailbox_keyword_set(mailbox, mixed, G_N_ELEMENTS(mixed));
    assert_int_equal(set, 1);
    assert_int_equal(mh_mailbox_keyword_set(mailbox, sorted, 3), set);
    assert_int_equal(mh_mailbox_keyword_set(mailbox, one, 1), 2);
    assert_int_equal(mh_mailbox_keyword_set(mailbox, twice, 2), 2);
    check_set(mailbox, 0, NULL, 0);
    check_set(mailbox, 1, expected, 3);
    check_set(mailbox, 2, one, 1);
}

static void
test_texts(void **state)
{
    MhMailbox *mailbox = *state;
    for (int i = 0; i < 10000; i++) {
        MhSpan copy = testing_exact_copy("\xff\n:2,S", 6);
        mh_mailbox_set_name(mailbox, mh_mailbox_add(mailbox), copy);
        g_free((void *)(uintptr_t)copy.data);
    }
    MhMessage *none = mh_mailbox_add(mailbox);
    mh_mailbox_set_uidl(mailbox, none, MH_SPAN_LITERAL(""));
    assert_null(mh_mailbox_name(mailbox, none));
    assert_null(mh_mailbox_uidl(mailbox, none));
    assert_int_equal(mh_mailbox_pop3_order(mailbox, none), 0);
    MhMessage *first = mh_mailbox_get(mailbox, 0), *last = mh_mailbox_get(mailbox, 9999);
    mh_mailbox_set_uidl(mailbox, last, MH_SPAN_LITERAL("a b"));
    mh_mailbox_set_pop3_order(mailbox, last, UINT32_MAX);
    assert_string_equal(mh_mailbox_name(mailbox, first), "\xff\n:2,S");
    assert_null(mh_mailbox_uidl(mailbox, first));
    assert_string_equal(mh_mailbox_name(mailbox, last), "\xff\n:2,S");
    assert_string_equal(mh_mailbox_uidl(mailbox, last), "a b");
    assert_true(mh_mailbox_pop3_order(mailbox, last) == UINT32_MAX);
    mh_mailbox_set_name(mailbox, last, MH_SPAN_LITERAL(""));
    assert_null(mh_mailbox_name(mailbox, last));
}

/* UIDLs of two numbers need no text; whatever is not just that is kept as it is. */
static void
test_numbered_uidls(void **state)
{
    MhMailbox *mailbox = *state;
    static const char *const uidls[] = {
        "UID1-1058640000",
        "UID134217727-4294967295",
        "UID134217728-1", /* more than there is room for */
        "UID1-4294967296",
        "UID0-0",
        "UID01-1",
        "UID1-01",
        "UID+1-1",
        "UID1-1 ",
        "UID1-",
        "UID-1",
        "UID1",
        "uid1-1",
        "UID1-1-1",
        "",
    };
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(uidls); i++) {
        MhMessage *message = mh_mailbox_add(mailbox);
        if (i >= G_N_ELEMENTS(uidls))
            mh_mailbox_set_name(mailbox, message, MH_SPAN_LITERAL("name"));
        mh_mailbox_set_uidl(mailbox, message, mh_span_from_string(uidls[i % G_N_ELEMENTS(uidls)]));
    }
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(uidls); i++) {
        const char *uidl = mh_mailbox_uidl(mailbox, mh_mailbox_get(mailbox, i));
        assert_string_equal(uidl != NULL ? uidl : "", uidls[i % G_N_ELEMENTS(uidls)]);
    }
    assert_null(mh_mailbox_name(mailbox, mh_mailbox_get(mailbox, 0)));
}

static void
test_many_validities(void **state)
{
    MhMailbox *mailbox = *state;
    for (uint32_t i = 0; i < 40; i++) {
        char uidl[32];
        g_snprintf(uidl, sizeof uidl, "UID%u-%u", 7 * i, 40 - i);
        mh_mailbox_set_uidl(mailbox, mh_mailbox_add(mailbox), mh_span_from_string(uidl));
    }
    for (uint32_t i = 0; i < 40; i++) {
        char uidl[32];
        g_snprintf(uidl, sizeof uidl, "UID%u-%u", 7 * i, 40 - i);
        assert_string_equal(mh_mailbox_uidl(mailbox, mh_mailbox_get(mailbox, i)), uidl);
    }
}

/* A message whose UIDL is held as a number gets something besides, another UIDL, and none. */
static void
test_numbered_uidl_changed(void **state)
{
    MhMailbox *mailbox = *state;
    MhMessage *message = mh_mailbox_add(mailbox);
    mh_mailbox_set_uidl(mailbox, message, MH_SPAN_LITERAL("UID7-9"));
    assert_int_equal(mh_mailbox_pop3_order(mailbox, message), 0);
    mh_mailbox_set_pop3_order(mailbox, message, 3);
    assert_string_equal(mh_mailbox_uidl(mailbox, message), "UID7-9");
    assert_int_equal(mh_mailbox_pop3_order(mailbox, message), 3);
    mh_mailbox_set_uidl(mailbox, message, MH_SPAN_LITERAL("UID8-9"));
    assert_string_equal(mh_mailbox_uidl(mailbox, message), "UID8-9");
    assert_int_equal(mh_mailbox_pop3_order(mailbox, message), 3);

    message = mh_mailbox_add(mailbox);
    mh_mailbox_set_uidl(mailbox, message, MH_SPAN_LITERAL("UID7-9"));
    mh_mailbox_set_uidl(mailbox, message, MH_SPAN_LITERAL("other"));
    assert_string_equal(mh_mailbox_uidl(mailbox, message), "other");

    message = mh_mailbox_add(mailbox);
    mh_mailbox_set_uidl(mailbox, message, MH_SPAN_LITERAL("UID7-9"));
    mh_mailbox_set_uw_uidl(message);
    message->uid = 1;
    assert_string_equal(mh_mailbox_uidl(mailbox, message), "0000000000000001");
    mh_mailbox_set_uidl(mailbox, message, MH_SPAN_LITERAL(""));
    assert_null(mh_mailbox_uidl(mailbox, message));
}

static void
test_uw_uidl(void **state)
{
    MhMailbox *mailbox = *state;
    MhMessage *message = mh_mailbox_add(mailbox);
    mailbox->uids.uidvalidity = 0xabcdef;
    message->uid = UINT32_MAX;
    mh_mailbox_set_uw_uidl(message);
    assert_string_equal(mh_mailbox_uidl(mailbox, message), "00abcdefffffffff");
    mh_mailbox_set_uidl(mailbox, message, MH_SPAN_LITERAL("listed"));
    assert_string_equal(mh_mailbox_uidl(mailbox, message), "listed");
}

/* The largest sizes and places stay apart. */
static void
test_bits(void **state)
{
    MhMessage *message = mh_mailbox_add(*state);
    message->where = MH_LIMIT_MESSAGE_BYTES - 1;
    message->where_len = 1;
    message->size_bytes = MH_LIMIT_MESSAGE_BYTES;
    message->virtual_size = 2 * MH_LIMIT_MESSAGE_BYTES;
    message->keywords = MH_KEYWORD_SET_MASK;
    assert_true(message->where == MH_LIMIT_MESSAGE_BYTES - 1);
    assert_true(message->where_len == 1);
    assert_true(message->size_bytes == MH_LIMIT_MESSAGE_BYTES);
    assert_true(message->virtual_size == 2 * MH_LIMIT_MESSAGE_BYTES);
    assert_int_equal(message->keywords, MH_KEYWORD_SET_MASK);
    assert_int_equal(message->flags, 0);
    assert_false(message->is_new || message->has_uw_uidl);
}

/* Places at the POP3 server that go with those in the mailbox, until one is given apart. */
static void
test_pop3_orders(void **state)
{
    (void)state;
    static const uint32_t orders[] = {2, 3, 1, 4, 6, 5};
    g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++)
        mh_mailbox_add(mailbox);
    mh_mailbox_set_pop3_orders(mailbox, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++)
        assert_int_equal(mh_mailbox_pop3_order(mailbox, mh_mailbox_get(mailbox, i)), i + 1);
    mh_mailbox_set_pop3_orders(mailbox, orders);
    for (int spelled = 0; spelled < 2; spelled++) {
        for (size_t i = 0; i < G_N_ELEMENTS(orders); i++)
            assert_int_equal(mh_mailbox_pop3_order(mailbox, mh_mailbox_get(mailbox, i)), orders[i]);
        mh_mailbox_set_pop3_order(mailbox, mh_mailbox_get(mailbox, 0), 9);
        mh_mailbox_set_pop3_order(mailbox, mh_mailbox_get(mailbox, 0), 2);
    }
    mh_mailbox_forget_messages(mailbox);
    assert_int_equal(mh_mailbox_pop3_order(mailbox, mh_mailbox_add(mailbox)), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keywords, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keyword_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keyword_sets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbered_uidls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_validities, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbered_uidl_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_uw_uidl, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bits, setup, teardown),
        cmocka_unit_test(test_pop3_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
