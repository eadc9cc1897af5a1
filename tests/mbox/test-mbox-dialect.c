#include "testing.h"

#include "mbox-dialect.h"

static void
names_are_read_back(void **state)
{
    (void)state;
    for (int i = MBOX_DIALECT_AUTO; i <= MBOX_DIALECT_PLAIN; i++) {
        MboxDialect dialect;
        assert_true(mbox_dialect_from_name(mbox_dialect_name((MboxDialect)i), &dialect));
        assert_int_equal(dialect, i);
    }
    MboxDialect untouched = MBOX_DIALECT_UW;
    assert_false(mbox_dialect_from_name("", &untouched));
    assert_false(mbox_dialect_from_name("UW", &untouched));
    assert_int_equal(untouched, MBOX_DIALECT_UW);
}

static const struct {
    const char *name;
    MboxMarks marks;
    MboxDialect expected;
} rows[] = {
    {"nothing at all", {0}, MBOX_DIALECT_PLAIN},
    {"no marks", {.messages = 9}, MBOX_DIALECT_PLAIN},
    {"c-client's pseudo message", {.messages = 9, .uw = 1, .server = 8}, MBOX_DIALECT_UW},
    {"c-client's pseudo message, and one that Dovecot has numbered",
     {.messages = 2, .uw = 1, .dovecot = 1, .server = 2},
     MBOX_DIALECT_DOVECOT},
    {"padded base", {.messages = 9, .dovecot = 1, .server = 8}, MBOX_DIALECT_DOVECOT},
    {"padded base, written by c-client before",
     {.base = MBOX_DIALECT_DOVECOT, .messages = 9, .dovecot = 1, .uw = 9},
     MBOX_DIALECT_DOVECOT},
    {"plain base, written by Dovecot before",
     {.base = MBOX_DIALECT_UW, .messages = 9, .dovecot = 9, .uw = 1},
     MBOX_DIALECT_UW},
    {"either server", {.messages = 9, .server = 9}, MBOX_DIALECT_DOVECOT},
    {"server over client", {.messages = 9, .dovecot = 1, .thunderbird = 9}, MBOX_DIALECT_DOVECOT},
    {"Thunderbird", {.messages = 9, .thunderbird = 9}, MBOX_DIALECT_THUNDERBIRD},
    {"one copied from Thunderbird", {.messages = 9, .thunderbird = 1}, MBOX_DIALECT_PLAIN},
    {"Gmail", {.messages = 9, .gmail = 9}, MBOX_DIALECT_GMAIL},
    {"Gmail kept in Thunderbird",
     {.messages = 9, .gmail = 9, .thunderbird = 9},
     MBOX_DIALECT_THUNDERBIRD},
    {"a few with X-UID in Thunderbird",
     {.messages = 9, .server = 2, .thunderbird = 9},
     MBOX_DIALECT_THUNDERBIRD},
};

static void
marks_decide(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MboxDialect dialect = mbox_dialect_decide(&rows[i].marks);
        if (dialect != rows[i].expected)
            fail_msg("%s: %s", rows[i].name, mbox_dialect_name(dialect));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_back),
        cmocka_unit_test(marks_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
