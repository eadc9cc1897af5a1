#include "testing.h"

#include "magic-guess.h"

static int
reset(void **state)
{
    (void)state;
    mh_magic_guess_use_database(NULL);
    return 0;
}

/* What counts of a tar's first block: its checksum and its magic. */
static const uint8_t tar[512] = {[0] = 'x',   [148] = '0', '0', '2', '0', '0',  '7', '\0', ' ',
                                 [257] = 'u', 's',         't', 'a', 'r', '\0', '0', '0'};

static const struct {
    const char *name;
    MhSpan head;
    MhGuessKind kind;
    const char *text; /* what the description starts with */
} rows[] = {
    {"empty", {NULL, 0}, MH_GUESS_EMPTY, "empty"},
    {"mbox", MH_SPAN_LITERAL("From a@b Mon Jan  1 00:00:00 2001\nSubject: x\n\nhello\n"),
     MH_GUESS_TEXT, ""}, /* "ASCII text" or "Mailbox text" */
    {"message", MH_SPAN_LITERAL("Return-Path: <a@b>\nReceived: from x\nSubject: x\n\nhello\n"),
     MH_GUESS_MAIL, "SMTP mail"},
    {"mbx", MH_SPAN_LITERAL("*mbx*\r\n3f00000000000001\r\n"), MH_GUESS_MBX, "MBX mail folder"},
    {"mmdf", MH_SPAN_LITERAL("\1\1\1\1\nFrom a@b Mon Jan  1 00:00:00 2001\n"), MH_GUESS_MMDF,
     "MMDF mailbox"},
    {"gzip", MH_SPAN_LITERAL("\x1f\x8b\x08\0\0\0\0\0\0\3KLLL"), MH_GUESS_COMPRESSED, "gzip"},
    {"bzip2", MH_SPAN_LITERAL("BZh91AY&SY"), MH_GUESS_COMPRESSED, "bzip2"},
    {"xz",
     MH_SPAN_LITERAL("\xfd"
                     "7zXZ\0\0\4\xe6\xd6"),
     MH_GUESS_COMPRESSED, "XZ"},
    {"zstd", MH_SPAN_LITERAL("\x28\xb5\x2f\xfd\4\0"), MH_GUESS_COMPRESSED, "Zstandard"},
    {"compress", MH_SPAN_LITERAL("\x1f\x9d\x90"), MH_GUESS_COMPRESSED, "compress"},
    {"mork", MH_SPAN_LITERAL("// <!-- <mdb:mork:z v=\"1.4\"/> -->\n"), MH_GUESS_TEXT,
     "Mozilla Mork"},
    {"tar", {tar, sizeof tar}, MH_GUESS_COMPRESSED, "POSIX tar"},
    {"zeros", MH_SPAN_LITERAL("\0\0\0\0"), MH_GUESS_BINARY, "data"},
    {"pdf", MH_SPAN_LITERAL("%PDF-1.4\n"), MH_GUESS_BINARY, "PDF document"},
};

static void
test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan head = testing_exact_copy(rows[i].head.data, rows[i].head.len);
        MhGuess guess = mh_magic_guess(head, NULL);
        g_free((void *)(uintptr_t)head.data);
        bool good = guess.kind == rows[i].kind && g_str_has_prefix(guess.text, rows[i].text) &&
                    strstr(guess.text, "a@b") == NULL; /* reports quote no mail */
        if (!good)
            fail_msg("%s: %d '%s'", rows[i].name, (int)guess.kind, guess.text);
        g_free(guess.text);
    }
}

/* Without a database there is no answer, one finding, and no failure. */
static void
test_no_database(void **state)
{
    (void)state;
    MhFindings *findings = mh_findings_new();
    mh_magic_guess_use_database("/nowhere/magic.mgc");
    for (int i = 0; i < 3; i++) {
        MhGuess guess = mh_magic_guess(MH_SPAN_LITERAL("*mbx*\r\n"), findings);
        assert_int_equal(guess.kind, MH_GUESS_UNKNOWN);
        assert_string_equal(guess.text, "");
        g_free(guess.text);
    }
    assert_false(mh_magic_guess_prepare());
    assert_int_equal(mh_findings_count(findings, MH_FINDING_MAGIC_DATABASE), 1);
    mh_findings_free(findings);
    mh_magic_guess_use_database(NULL);
    assert_true(mh_magic_guess_prepare());
}

/* Descriptions repeat bytes of the file: none of them reaches a terminal as it is. */
static void
test_hostile_text(void **state)
{
    (void)state;
    MhGuess guess = mh_magic_guess(MH_SPAN_LITERAL("#! /bin/\033[2J\303\244\n"), NULL);
    assert_null(strchr(guess.text, '\033'));
    assert_true(g_utf8_validate(guess.text, -1, NULL));
    g_free(guess.text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_rows, reset),
        cmocka_unit_test_teardown(test_no_database, reset),
        cmocka_unit_test_teardown(test_hostile_text, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
