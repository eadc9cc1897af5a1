#include "testing.h"

#include "maildir-folder-name.h"
#include "size-limits.h"

#define PARTS_MAX 4

/* "a|b" as components of exact size. */
static size_t
split(const char *text, MhSpan out_parts[PARTS_MAX])
{
    g_auto(GStrv) parts = g_strsplit(text, "|", PARTS_MAX);
    size_t count = 0;
    for (; parts[count] != NULL; count++)
        out_parts[count] = testing_exact_copy(parts[count], strlen(parts[count]));
    return count;
}

static void
release(MhSpan *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        g_free((void *)(uintptr_t)parts[i].data);
}

static char *
from_path(const char *text, char escape, MhFindings *findings, GError **error)
{
    MhSpan parts[PARTS_MAX];
    size_t count = split(text, parts);
    char *directory = maildir_folder_name_from_path(parts, count, escape, findings, error);
    release(parts, count);
    return directory;
}

/* The directories are those that Dovecot 2.3.19 with listescape makes for these names, except
 * where it refuses to create (control characters) or does not compose (NFD). */
static const struct {
    const char *path; /* '|' between components */
    const char *directory;
    const char *text; /* what comes back; NULL: the same */
    unsigned findings;
} names[] = {
    {"Sent", ".Sent", NULL, 0},
    {"A|B|C", ".A.B.C", NULL, 0},
    {"a.b", ".a^2eb", NULL, 0},
    {"x|~b", ".x.^7eb", NULL, 0},
    {"~c", ".^7ec", NULL, 0},
    {"~~d", ".^7e~d", NULL, 0},
    {"a~b", ".a~b", NULL, 0},
    {".", ".^2e", NULL, 0},
    {"..", ".^2e^2e", NULL, 0},
    {"e|..", ".e.^2e^2e", NULL, 0},
    {"e|.h", ".e.^2eh", NULL, 0},
    {"f.", ".f^2e", NULL, 0},
    {"^x", ".^5ex", NULL, 0},
    {"^2e", ".^5e2e", NULL, 0},
    {"a/b", ".a^2fb", NULL, 0},
    {"cur", ".cur", NULL, 0},
    {"new|tmp", ".new.tmp", NULL, 0},
    {"maildirfolder", ".maildirfolder", NULL, 0},
    {"a\"q", ".a\"q", NULL, 0},
    {"a\\b", ".a\\b", NULL, 0},
    {"a*b%c#", ".a*b%c#", NULL, 0},
    {"sp  ace ", ".sp  ace ", NULL, 0},
    {" lead", ". lead", NULL, 0},
    {"a,b", ".a,b", NULL, 0},
    {"a&b", ".a&-b", NULL, 0},
    {"&AOQ-", ".&-AOQ-", NULL, 0},
    {"\xc3\xbcml\xc3\xa4ut", ".&APw-ml&AOQ-ut", NULL, 0},
    {"\xf0\x9f\x98\x80", ".&2D3eAA-", NULL, 0},
    {"\xfcml\xe4ut", ".&APw-ml&AOQ-ut", "\xc3\xbcml\xc3\xa4ut", 1},
    {"\xc3\xbc\xff", ".&AMMAvAD,-", "\xc3\x83\xc2\xbc\xc3\xbf", 1}, /* half UTF-8 is none */
    {"u\xcc\x88", ".&APw-", "\xc3\xbc", 1},
    {"l\nf", ".l&AAo-f", NULL, 0},
    {"tab\t\x7f", ".tab&AAkAfw-", NULL, 0},
    {"\x80", ".&AIA-", "\xc2\x80", 1},
    {"INBOX|Sub", ".INBOX.Sub", NULL, 0},
    {"\xe6\x97\xa5.\xe6\x9c\xac", ".&ZeU-^2e&Zyw-", NULL, 0},
};

static void
test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        g_autoptr(GError) error = NULL;
        g_autofree char *directory = from_path(names[i].path, '^', findings, &error);
        if (g_strcmp0(directory, names[i].directory) != 0 ||
            mh_findings_kept(findings) != names[i].findings)
            fail_msg("'%s': '%s', %zu findings", names[i].path, directory,
                     mh_findings_kept(findings));
        MhSpan copy = testing_exact_copy(directory, strlen(directory));
        g_auto(GStrv) path = maildir_folder_name_to_path(copy, '^', &error);
        release(&copy, 1);
        if (path == NULL)
            fail_msg("'%s' does not come back", directory);
        g_autofree char *text = g_strjoinv("|", path);
        assert_string_equal(text, names[i].text != NULL ? names[i].text : names[i].path);
        g_autofree char *again = from_path(text, '^', NULL, NULL);
        assert_string_equal(again, directory);
    }
}

static void
test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        char escape;
    } rows[] = {
        {"", '^'}, {"a|", '^'}, {"|a", '^'}, {"a.b", 0}, {"a/b", 0}, {"~a", 0}, {"a|.", 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        if (from_path(rows[i].path, rows[i].escape, NULL, &error) != NULL ||
            !g_error_matches(error, MAILDIR_ERROR, MAILDIR_ERROR_VALUE))
            fail_msg("'%s'", rows[i].path);
    }
    g_autoptr(GError) error = NULL;
    MhSpan nul = MH_SPAN_LITERAL("a\0b");
    assert_null(maildir_folder_name_from_path(&nul, 1, '^', NULL, &error));
    assert_non_null(error);
    g_autofree char *plain = from_path("a^b|a~", 0, NULL, NULL);
    assert_string_equal(plain, ".a^b.a~");
}

static void
test_length(void **state)
{
    (void)state;
    for (size_t len = MH_LIMIT_NAME_BYTES - 3; len < MH_LIMIT_NAME_BYTES + 2; len++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *part = g_strnfill(len, 'x');
        g_autofree char *directory = from_path(part, '^', NULL, &error);
        assert_int_equal(directory != NULL, len < MH_LIMIT_NAME_BYTES);
        if (directory == NULL)
            assert_true(g_error_matches(error, MAILDIR_ERROR, MAILDIR_ERROR_TOO_LONG));
    }
    g_autofree char *dots = g_strnfill(85, '.'); /* 1 + 3 * 85 bytes */
    assert_null(from_path(dots, '^', NULL, NULL));
}

/* Directories that Dovecot lists but cannot open, and what is no folder at all. */
static void
test_not_canonical(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",    ".",     "a",     ".a.",  "..a",    ".a..b",     ".a^2Eb", ".a^62",  ".^",    ".a^2",
        ".~a", ".a.~b", ".&utf", ".&-&", ".&AGE-", ".\xc3\xbc", ".a^00b", ".a^7eb", ".a\nb", ".a/b",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        MhSpan copy = testing_exact_copy(rows[i], strlen(rows[i]));
        g_auto(GStrv) path = maildir_folder_name_to_path(copy, '^', &error);
        g_autofree char *key = maildir_folder_name_key(copy, '^');
        release(&copy, 1);
        if (path != NULL || !g_error_matches(error, MAILDIR_ERROR, MAILDIR_ERROR_VALUE))
            fail_msg("row %zu: '%s'", i, rows[i]);
        assert_int_equal(strlen(key), strlen(rows[i]));
    }
}

static const struct {
    const char *directory;
    MaildirCourierCharset charset;
    const char *expected;
    unsigned findings;
} couriers[] = {
    {".a.b", MAILDIR_COURIER_MUTF7, ".a.b", 0},
    {".&APw-x", MAILDIR_COURIER_MUTF7, ".&APw-x", 0},
    {".R&D", MAILDIR_COURIER_MUTF7, ".R&-D", 1},
    {".R&-D", MAILDIR_COURIER_MUTF7, ".R&-D", 0},
    {".a&AC4-b", MAILDIR_COURIER_MUTF7, ".a&-AC4-b", 1},
    {".&APw", MAILDIR_COURIER_MUTF7, ".&-APw", 1},
    {".\xc3\xbc", MAILDIR_COURIER_MUTF7, ".&APw-", 1},
    {".\xfc", MAILDIR_COURIER_MUTF7, ".&APw-", 2},
    {".&AHUDCA-", MAILDIR_COURIER_MUTF7, ".&-AHUDCA-", 1}, /* ASCII in base64 */
    {".u&Awg-", MAILDIR_COURIER_MUTF7, ".&APw-", 1},       /* NFD */
    {".\xc3\xbc.x", MAILDIR_COURIER_UTF8, ".&APw-.x", 0},
    {".u\xcc\x88", MAILDIR_COURIER_UTF8, ".&APw-", 1},
    {".\xfc.\xc3\xbc", MAILDIR_COURIER_UTF8, ".&APw-.&APw-", 1},
    {".R&D", MAILDIR_COURIER_UTF8, ".R&-D", 0},
    {".R&-D", MAILDIR_COURIER_UTF8, ".R&--D", 0},
    {".v1\\0562", MAILDIR_COURIER_UTF8, ".v1\\0562", 0},
    {".~a^", MAILDIR_COURIER_UTF8, ".^7ea^5e", 0},
    {".a\nb", MAILDIR_COURIER_UTF8, ".a&AAo-b", 0},
    {".INBOX", MAILDIR_COURIER_UTF8, ".INBOX", 0},
    {"..a", MAILDIR_COURIER_UTF8, NULL, 0},
    {".a.", MAILDIR_COURIER_UTF8, NULL, 0},
    {".a..b", MAILDIR_COURIER_UTF8, NULL, 0},
    {"a", MAILDIR_COURIER_UTF8, NULL, 0},
    {".", MAILDIR_COURIER_UTF8, NULL, 0},
    {"", MAILDIR_COURIER_UTF8, NULL, 0},
};

static void
test_courier(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(couriers); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        MhSpan copy = testing_exact_copy(couriers[i].directory, strlen(couriers[i].directory));
        g_autofree char *directory =
            maildir_folder_name_from_courier(copy, couriers[i].charset, '^', findings, NULL);
        release(&copy, 1);
        if (g_strcmp0(directory, couriers[i].expected) != 0 ||
            mh_findings_kept(findings) != couriers[i].findings)
            fail_msg("row %zu: '%s': '%s', %zu findings", i, couriers[i].directory, directory,
                     mh_findings_kept(findings));
        if (directory == NULL)
            continue;
        g_auto(GStrv) path = maildir_folder_name_to_path(mh_span_from_string(directory), '^', NULL);
        assert_non_null(path);
    }
    g_autofree char *plain = maildir_folder_name_from_courier(
        MH_SPAN_LITERAL(".a^b"), MAILDIR_COURIER_UTF8, MAILDIR_ESCAPE_NONE, NULL, NULL);
    assert_string_equal(plain, ".a^b");
}

static void
test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } rows[] = {
        {".Sent", ".sent", true},           {".Sent", ".Send", false},
        {".&ANw-", ".&APw-", true},  /* U and u with diaeresis */
        {".&APw-", ".u&Awg-", true}, /* composed or not */
        {".&A6M-", ".&A8I-", true},  /* capital and final sigma */
        {".stra&AN8-e", ".strasse", false}, {".a^2eb", ".A^2eB", true},
        {".a^2eb", ".a.b", false},          {".&utf", ".&UTF", true},
        {".&AN8-", ".&an8-", false}, /* base64 has case */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *a = maildir_folder_name_key(mh_span_from_string(rows[i].a), '^');
        g_autofree char *b = maildir_folder_name_key(mh_span_from_string(rows[i].b), '^');
        if ((strcmp(a, b) == 0) != rows[i].same)
            fail_msg("'%s' '%s': '%s' '%s'", rows[i].a, rows[i].b, a, b);
    }
}

static void
test_inbox(void **state)
{
    (void)state;
    assert_true(maildir_folder_name_is_inbox(MH_SPAN_LITERAL(".INBOX")));
    assert_true(maildir_folder_name_is_inbox(MH_SPAN_LITERAL(".inBox")));
    assert_false(maildir_folder_name_is_inbox(MH_SPAN_LITERAL(".INBOX.a")));
    assert_false(maildir_folder_name_is_inbox(MH_SPAN_LITERAL(".INBOXa")));
    assert_false(maildir_folder_name_is_inbox(MH_SPAN_LITERAL(".a.INBOX")));
    assert_true(maildir_folder_name_is_below_inbox(MH_SPAN_LITERAL(".Inbox.a")));
    assert_false(maildir_folder_name_is_below_inbox(MH_SPAN_LITERAL(".INBOX")));
    assert_false(maildir_folder_name_is_below_inbox(MH_SPAN_LITERAL(".INBOX^2ea")));
}

static void
test_escape_characters(void **state)
{
    (void)state;
    static const char good[] = "^\\%!=_#$'\"";
    static const char bad[] = "./~&+,-aZ0 \t\n\x80";
    for (size_t i = 0; i < sizeof good - 1; i++) {
        assert_true(maildir_folder_name_escape_fits(good[i]));
        g_autofree char *path = g_strdup_printf("a%c2e.b/~|~", good[i]);
        g_autofree char *directory = from_path(path, good[i], NULL, NULL);
        g_auto(GStrv) parts =
            maildir_folder_name_to_path(mh_span_from_string(directory), good[i], NULL);
        g_autofree char *again = parts != NULL ? g_strjoinv("|", parts) : NULL;
        assert_string_equal(again, path);
    }
    for (size_t i = 0; i < sizeof bad; i++)
        assert_false(maildir_folder_name_escape_fits(bad[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_length),  cmocka_unit_test(test_not_canonical),
        cmocka_unit_test(test_courier), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_inbox),   cmocka_unit_test(test_escape_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
