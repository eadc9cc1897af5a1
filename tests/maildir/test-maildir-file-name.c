#include "testing.h"

#include "maildir-file-name.h"

static MhSpan
exact(const char *text)
{
    return testing_exact_copy(text, strlen(text));
}

static void
release(MhSpan span)
{
    g_free((void *)(uintptr_t)span.data);
}

static bool
is_text(MhSpan span, const char *text)
{
    return mh_span_equal(span, mh_span_from_string(text));
}

static const struct {
    const char *entry;
    MaildirEntryKind kind;
    const char *base;
    bool has_info;
    MhFlags flags;
    uint32_t keywords;
} entries[] = {
    {"1.a.b", MAILDIR_ENTRY_MESSAGE, "1.a.b", false, 0, 0},
    {"1.a.b:2,", MAILDIR_ENTRY_MESSAGE, "1.a.b", true, 0, 0},
    {"1:2,S", MAILDIR_ENTRY_MESSAGE, "1", true, MH_FLAG_SEEN, 0},
    {"1:2,TSRFD", MAILDIR_ENTRY_MESSAGE, "1", true, MH_FLAGS_ALL, 0},
    {"1:2,az", MAILDIR_ENTRY_MESSAGE, "1", true, 0, 1u | 1u << 25},
    {"1:2,PSX", MAILDIR_ENTRY_MESSAGE, "1", true, MH_FLAG_SEEN, 0},
    {"1:2,F,S", MAILDIR_ENTRY_MESSAGE, "1", true, MH_FLAG_FLAGGED, 0},
    {"1:1,S", MAILDIR_ENTRY_MESSAGE, "1", false, 0, 0},
    {"1:2", MAILDIR_ENTRY_MESSAGE, "1", false, 0, 0},
    {"1:", MAILDIR_ENTRY_MESSAGE, "1", false, 0, 0},
    {"1:2,S:2,T", MAILDIR_ENTRY_MESSAGE, "1", true, MH_FLAG_DELETED, 0},
    {"1:2,S:x", MAILDIR_ENTRY_MESSAGE, "1", false, 0, 0},
    {"1:2,{`", MAILDIR_ENTRY_MESSAGE, "1", true, 0, 0},
    {"a b\xff,x:2,S", MAILDIR_ENTRY_MESSAGE, "a b\xff,x", true, MH_FLAG_SEEN, 0},
    {".1:2,S", MAILDIR_ENTRY_HIDDEN, ".1", true, MH_FLAG_SEEN, 0},
    {":2,S", MAILDIR_ENTRY_NO_BASE, "", true, MH_FLAG_SEEN, 0},
    {"1\n:2,S", MAILDIR_ENTRY_LINE_BREAK, "1\n", true, MH_FLAG_SEEN, 0},
    {"1:2,S\r", MAILDIR_ENTRY_LINE_BREAK, "1", true, MH_FLAG_SEEN, 0},
    {"", MAILDIR_ENTRY_NO_BASE, "", false, 0, 0},
};

static void
test_entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(entries); i++) {
        MhSpan entry = exact(entries[i].entry);
        MaildirFileName name;
        MaildirEntryKind kind = maildir_file_name_parse(entry, &name);
        if (kind != entries[i].kind || !is_text(name.base, entries[i].base) ||
            name.has_info != entries[i].has_info || name.flags != entries[i].flags ||
            name.keywords != entries[i].keywords)
            fail_msg("row %zu: '%s'", i, entries[i].entry);
        release(entry);
    }
}

static const struct {
    const char *name;
    bool has_s, has_w;
    uint64_t s, w;
} sizes[] = {
    {"1", false, false, 0, 0},
    {"1,S=5", true, false, 5, 0},
    {"1,S=5:2,S", true, false, 5, 0},
    {"1,W=7,S=5", true, true, 5, 7},
    {"1,S=5,W=7,X=9:2,", true, true, 5, 7},
    {"1,S=5,S=6", true, false, 5, 0},
    {"1,S=5x,S=6", false, false, 0, 0},
    {"1,S=-5", false, false, 0, 0},
    {"1,S=", true, false, 0, 0},
    {"1,S", false, false, 0, 0},
    {"S=5", false, false, 0, 0},
    {"1,s=5", false, false, 0, 0},
    {"1:2,S=5", true, false, 5, 0}, /* Dovecot looks for it in the whole name */
    {"1,S=18446744073709551615", true, false, UINT64_MAX, 0},
    {"1,S=18446744073709551616", true, false, UINT64_MAX, 0},
};

static void
test_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        MhSpan entry = exact(sizes[i].name);
        MaildirFileName name;
        maildir_file_name_parse(entry, &name);
        if (name.has_size != sizes[i].has_s || name.has_virtual_size != sizes[i].has_w ||
            name.size_bytes != sizes[i].s || name.virtual_size != sizes[i].w)
            fail_msg("row %zu: '%s'", i, sizes[i].name);
        release(entry);
    }
}

static void
test_faults(void **state)
{
    (void)state;
    g_autofree char *longest = g_strnfill(255 - 34, 'x');
    g_autofree char *too_long = g_strnfill(255 - 33, 'x');
    const struct {
        const char *base;
        MaildirNameFault fault;
    } rows[] = {
        {"1", MAILDIR_FAULT_NONE},
        {"1,S=5,W=7", MAILDIR_FAULT_NONE},
        {"1,S=005", MAILDIR_FAULT_NONE},
        {"1,S=4", MAILDIR_FAULT_WRONG_SIZE},
        {"1,S=", MAILDIR_FAULT_WRONG_SIZE},
        {"1,S=18446744073709551621", MAILDIR_FAULT_WRONG_SIZE}, /* 5 when it wraps around */
        {"1,S=5,W=8", MAILDIR_FAULT_WRONG_VIRTUAL_SIZE},
        {"1,S=5x,W=7", MAILDIR_FAULT_NONE},
        {"", MAILDIR_FAULT_UNUSABLE},
        {".1", MAILDIR_FAULT_UNUSABLE},
        {"1\r", MAILDIR_FAULT_UNUSABLE},
        {"a\nb", MAILDIR_FAULT_UNUSABLE},
        {"a/b", MAILDIR_FAULT_UNUSABLE},
        {longest, MAILDIR_FAULT_NONE},
        {too_long, MAILDIR_FAULT_TOO_LONG},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan base = exact(rows[i].base);
        MaildirNameFault fault = maildir_file_name_fault(base, 5, 7);
        bool agree = maildir_file_name_sizes_agree(base, 5, 7);
        bool wrong = rows[i].fault == MAILDIR_FAULT_WRONG_SIZE ||
                     rows[i].fault == MAILDIR_FAULT_WRONG_VIRTUAL_SIZE;
        if (fault != rows[i].fault || agree == wrong)
            fail_msg("row %zu: '%s': %d", i, rows[i].base, fault);
        release(base);
    }
}

static void
test_format(void **state)
{
    (void)state;
    static const struct {
        MhFlags flags;
        uint32_t keywords;
        const char *info;
        const char *expected;
    } rows[] = {
        {0, 0, "", "1:2,"},
        {MH_FLAGS_ALL, 0, "", "1:2,DFRST"},
        {MH_FLAG_SEEN, 1u | 1u << 25, "", "1:2,Saz"},
        {MH_FLAGS_ALL, (1u << 26) - 1, "", "1:2,DFRSTabcdefghijklmnopqrstuvwxyz"},
        {MH_FLAG_SEEN, UINT32_MAX - ((1u << 26) - 1), "", "1:2,S"},
        {MH_FLAG_SEEN, 0, "P", "1:2,PS"},
        {MH_FLAG_DRAFT | MH_FLAG_SEEN, 1, "PX", "1:2,DPSXa"},
        {MH_FLAG_SEEN, 0, "FabT", "1:2,S"},
        {MH_FLAG_SEEN, 1, "F,X=T", "1:2,Sa,X=T"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan info = exact(rows[i].info);
        g_autofree char *name =
            maildir_file_name_format(MH_SPAN_LITERAL("1"), rows[i].flags, rows[i].keywords, info);
        if (strcmp(name, rows[i].expected) != 0)
            fail_msg("row %zu: '%s'", i, name);
        release(info);
    }
}

/* Every set of flags, with and without keywords, comes back. */
static void
test_round_trip(void **state)
{
    (void)state;
    for (uint32_t i = 0; i <= MH_FLAGS_ALL; i++) {
        uint32_t keywords = i * 2654435761u & ((1u << 26) - 1);
        g_autofree char *text = maildir_file_name_format(MH_SPAN_LITERAL("1.b,S=3"), (MhFlags)i,
                                                         keywords, mh_span(NULL, 0));
        MaildirFileName name;
        assert_int_equal(maildir_file_name_parse(mh_span_from_string(text), &name),
                         MAILDIR_ENTRY_MESSAGE);
        assert_int_equal(name.flags, i);
        assert_int_equal(name.keywords, keywords);
        assert_true(is_text(name.base, "1.b,S=3"));
    }
}

static void
test_own_names(void **state)
{
    (void)state;
    static const int64_t dates[] = {INT64_MIN, -1, 0, 1058640000, INT64_MAX};
    static const uint32_t occurrences[] = {1, 2, UINT32_MAX};
    MhDigest id = mh_digest_of(MH_SPAN_LITERAL("a message"));
    for (size_t i = 0; i < G_N_ELEMENTS(dates) * G_N_ELEMENTS(occurrences); i++) {
        uint32_t occurrence = occurrences[i % G_N_ELEMENTS(occurrences)];
        int64_t date = dates[i / G_N_ELEMENTS(occurrences)];
        g_autofree char *base = maildir_file_name_own(date, &id, occurrence, UINT64_MAX);
        MhDigest again;
        uint32_t number = 0;
        assert_true(maildir_file_name_parse_own(mh_span_from_string(base), &again, &number));
        assert_true(mh_digest_equal(&id, &again));
        assert_int_equal(number, occurrence);
        assert_int_equal(maildir_file_name_fault(mh_span_from_string(base), UINT64_MAX, 0),
                         MAILDIR_FAULT_NONE);
        assert_int_equal(base[0] == '-', 0);
    }
}

/* Only the whole form is ours; any other name is its own identity. */
static void
test_identity(void **state)
{
    (void)state;
    MhDigest id = mh_digest_of(MH_SPAN_LITERAL("a message"));
    g_autofree char *own = maildir_file_name_own(7, &id, 12, 34);
    char digest[MH_DIGEST_TEXT + 1];
    mh_digest_format(&id, digest);
    g_autofree char *expected = g_strdup_printf("7.H%s.12.mailhaul,S=34", digest);
    assert_string_equal(own, expected);

    size_t without_size = strlen(own) - strlen(",S=34");
    for (size_t len = 0; len <= strlen(own); len++) {
        MhSpan prefix = testing_exact_copy(own, len);
        MhDigest found = maildir_file_name_identity(prefix);
        MhDigest of_name = mh_digest_of(prefix);
        assert_true(mh_digest_equal(&found, len >= without_size ? &id : &of_name));
        release(prefix);
    }
    const char *const strangers[] = {
        "%s.H%s.0.mailhaul",  "%s.X%s.1.mailhaul", "%s.H%s.1.mailhaulx", "%sx.H%s.1.mailhaul",
        "%s.H%sa.1.mailhaul", ".H%s%s.1.mailhaul", "%s.H%s.1.1.mailhaul"};
    for (size_t i = 0; i < G_N_ELEMENTS(strangers); i++) {
        g_autoptr(GString) name = g_string_new(strangers[i]);
        g_string_replace(name, "%s", "7", 1);
        g_string_replace(name, "%s", digest, 1);
        if (maildir_file_name_parse_own(mh_span(name->str, name->len), NULL, NULL))
            fail_msg("row %zu: '%s'", i, name->str);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),    cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_faults),     cmocka_unit_test(test_format),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_own_names),
        cmocka_unit_test(test_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
