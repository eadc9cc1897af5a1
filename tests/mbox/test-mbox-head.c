#include "testing.h"

#include "mbox-head.h"

#define DATE "From a@b Mon Jan  1 00:00:00 2001\n"

static const struct {
    const char *name;
    MhSpan head;
    MboxHeadKind kind;
    size_t offset;
} rows[] = {
    {"no bytes", {NULL, 0}, MBOX_HEAD_EMPTY, 0},
    {"one line end", MH_SPAN_LITERAL("\n"), MBOX_HEAD_EMPTY, 0},
    {"line ends and blanks", MH_SPAN_LITERAL("\r\n\n \t\r\n"), MBOX_HEAD_EMPTY, 0},
    {"plain", MH_SPAN_LITERAL(DATE "Subject: x\n\n"), MBOX_HEAD_MBOX, 0},
    {"separator only", MH_SPAN_LITERAL(DATE), MBOX_HEAD_MBOX, 0},
    {"separator, no line end", MH_SPAN_LITERAL("From a@b Mon Jan  1 00:00:00 2001"), MBOX_HEAD_MBOX,
     0},
    {"CRLF", MH_SPAN_LITERAL("From a@b Mon Jan  1 00:00:00 2001\r\nSubject: x\r\n"), MBOX_HEAD_MBOX,
     0},
    {"date, no header", MH_SPAN_LITERAL(DATE "\nbody\n"), MBOX_HEAD_MBOX, 0},
    {"blank lines first", MH_SPAN_LITERAL("\n\r\n" DATE "Subject: x\n"), MBOX_HEAD_MBOX, 3},
    {"Thunderbird's bare", MH_SPAN_LITERAL("From \r\nX-Mozilla-Status: 0001\r\n"), MBOX_HEAD_MBOX,
     0},
    {"bare, then text", MH_SPAN_LITERAL("From \nnothing of mail\n"), MBOX_HEAD_OTHER, 0},
    {"words, then a header", MH_SPAN_LITERAL("From a@b some day\nSubject: x\n"), MBOX_HEAD_MBOX, 0},
    {"words, then text", MH_SPAN_LITERAL("From here on we walk\nup the hill\n"), MBOX_HEAD_OTHER,
     0},
    {"words, then relayed", MH_SPAN_LITERAL("From uucp\n>From a remote from b\n"), MBOX_HEAD_MBOX,
     0},
    {"lower case", MH_SPAN_LITERAL("from a@b Mon Jan  1 00:00:00 2001\n"), MBOX_HEAD_OTHER, 0},
    {"one message", MH_SPAN_LITERAL("Return-Path: <a@b>\nSubject: x\n\n"), MBOX_HEAD_MESSAGE, 0},
    {"message, separator in body", MH_SPAN_LITERAL("Subject: x\n\n" DATE "Subject: y\n"),
     MBOX_HEAD_MESSAGE, 0},
    {"text", MH_SPAN_LITERAL("hello world\n"), MBOX_HEAD_OTHER, 0},
    {"colon first", MH_SPAN_LITERAL(": hello\n"), MBOX_HEAD_OTHER, 0},
    {"text, then mail", MH_SPAN_LITERAL("end of a body\n\n" DATE "Subject: x\n"), MBOX_HEAD_DAMAGED,
     15},
    {"text, then a date without a header", MH_SPAN_LITERAL("a\n\n" DATE "b\n"), MBOX_HEAD_OTHER, 0},
    {"hole of zeros", MH_SPAN_LITERAL("\0\0\0\0" DATE "Subject: x\n"), MBOX_HEAD_DAMAGED, 4},
    {"BOM", MH_SPAN_LITERAL("\xef\xbb\xbf" DATE "Subject: x\n"), MBOX_HEAD_DAMAGED, 3},
    {"mid-line", MH_SPAN_LITERAL("> " DATE "Subject: x\n"), MBOX_HEAD_OTHER, 0},
    {"four 0x01", MH_SPAN_LITERAL("\1\1\1\1\n" DATE "Subject: x\n"), MBOX_HEAD_DAMAGED, 5},
};

static void
test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t offset = 0;
        MhSpan head = testing_exact_copy(rows[i].head.data, rows[i].head.len);
        MboxHeadKind kind = mbox_head_judge(head, head.len, &offset);
        g_free((void *)(uintptr_t)head.data);
        if (kind != rows[i].kind || offset != rows[i].offset)
            fail_msg("%s: kind %d at %zu", rows[i].name, (int)kind, offset);
    }
}

/* Every prefix is survived, and a file whose head was cut is not called empty. */
static void
test_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (size_t len = 0; len <= rows[i].head.len; len++) {
            MhSpan head = testing_exact_copy(rows[i].head.data, len);
            MboxHeadKind kind = mbox_head_judge(head, rows[i].head.len + 1, NULL);
            g_free((void *)(uintptr_t)head.data);
            assert_int_not_equal(kind, MBOX_HEAD_EMPTY);
        }
    }
}

/* Far more line ends than are looked at: not an empty mailbox for all we know. */
static void
test_long_blank(void **state)
{
    (void)state;
    MhSpan head = {.data = memset(g_malloc(MBOX_HEAD_BYTES + 1), '\n', MBOX_HEAD_BYTES + 1),
                   .len = MBOX_HEAD_BYTES + 1};
    MboxHeadKind whole = mbox_head_judge(head, head.len, NULL);
    MboxHeadKind just = mbox_head_judge(mh_span_from(head, 1), head.len - 1, NULL);
    g_free((void *)(uintptr_t)head.data);
    assert_int_equal(whole, MBOX_HEAD_OTHER);
    assert_int_equal(just, MBOX_HEAD_EMPTY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_long_blank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
