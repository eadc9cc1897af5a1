#include "testing.h"

#include "maildir-uidlist.h"

#define G32 "0123456789abcdefABCDEF0123456789"

static void
release(MhSpan span)
{
    g_free((void *)(uintptr_t)span.data);
}

/* Parses a copy of exactly @len bytes, which is gone when this returns. */
static MaildirUidlist *
parse(const char *text, size_t len, MhFindings *findings, GError **error)
{
    MhSpan copy = testing_exact_copy(text, len);
    MaildirUidlist *list = maildir_uidlist_parse(copy, findings, error);
    release(copy);
    return list;
}

static char *
format(const MaildirUidlist *list)
{
    g_autoptr(GBytes) bytes = maildir_uidlist_format(list);
    return mh_span_dup(mh_span_from_bytes(bytes));
}

/* What is read, as it will be written. NULL: the whole list is refused. */
static const struct {
    const char *name;
    const char *text;
    const char *written;
    uint64_t stopped_at;
    unsigned findings;
} lists[] = {
    /* headers */
    {"v1", "1 1111 50\n10 a.b\n20 c d\n", "3 V1111 N50\n10 :a.b\n20 :c d\n", 0, 0},
    {"v1, next UID equals last", "1 1111 20\n10 a\n20 b\n30 c\n", "3 V1111 N20\n10 :a\n", 3, 1},
    {"v1, info behind the name", "1 9 50\n10 a:2,S\n", "3 V9 N50\n10 :a\n", 0, 0},
    {"v1, one number", "1 1111\n", NULL, 0, 0},
    {"v1, not a number", "1 1111 x\n", NULL, 0, 0},
    {"v3", "3 V1111 N50 G" G32 "\n1 :a\n", "3 V1111 N50 G" G32 "\n1 :a\n", 0, 0},
    {"v3, no lines", "3 V1 N1\n", "3 V1 N1\n", 0, 0},
    {"fields in any order, others kept", "3 Zbar N5 Pfoo V4294967295 Y\n1 :a\n",
     "3 V4294967295 N5 Zbar Pfoo Y\n1 :a\n", 0, 0},
    {"more spaces", "3  V1   N5 \n1   W5  :a\n", "3 V1 N5\n1 W5 :a\n", 0, 0},
    {"next UID too low", "3 V1 N2\n10 :a\n20 :b\n", "3 V1 N21\n10 :a\n20 :b\n", 0, 1},
    {"CRLF", "3 V1 N5\r\n1 :a\r\n2 :b\r\n", "3 V1 N5\n1 :a\n2 :b\n", 0, 0},
    {"GUID zero", "3 V1 N5 G00000000000000000000000000000000\n1 :a\n", "3 V1 N5\n1 :a\n", 0, 1},
    {"GUID short", "3 V1 N5 G0123456789abcdef0123456789abcde\n1 :a\n", NULL, 0, 0},
    {"GUID long", "3 V1 N5 G" G32 "0\n1 :a\n", NULL, 0, 0},
    {"GUID empty", "3 V1 N5 G\n1 :a\n", NULL, 0, 0},
    {"GUID not hex", "3 V1 N5 Gg123456789abcdef0123456789abcdef\n1 :a\n", NULL, 0, 0},
    {"no UIDVALIDITY", "3 N5\n1 :a\n", NULL, 0, 0},
    {"UIDVALIDITY 0", "3 V0 N5\n1 :a\n", NULL, 0, 0},
    {"UIDVALIDITY 2^32", "3 V4294967296 N5\n1 :a\n", NULL, 0, 0},
    {"no next UID", "3 V1\n1 :a\n", NULL, 0, 0},
    {"next UID 0", "3 V1 N0\n1 :a\n", NULL, 0, 0},
    {"next UID 2^32", "3 V1 N4294967296\n", NULL, 0, 0},
    {"version 2", "2 V1 N5\n1 :a\n", NULL, 0, 0},
    {"version 33", "33 V1 N5\n1 :a\n", NULL, 0, 0},
    {"only a version", "3\n", NULL, 0, 0},
    {"empty", "", NULL, 0, 0},
    {"empty line", "\n", NULL, 0, 0},
    {"header without LF", "3 V1 N5", NULL, 0, 0},
    /* lines */
    {"all fields", "3 V1 N5\n1 W7 Pu:1 O3 S5 Gabc X :a,S=5\n",
     "3 V1 N5\n1 W7 Pu:1 O3 S5 Gabc X :a,S=5\n", 0, 0},
    {"fields out of order", "3 V1 N5\n1 Gabc O3 S5 Pu W7 :a\n", "3 V1 N5\n1 W7 Pu O3 Gabc S5 :a\n",
     0, 0},
    {"empty UIDL", "3 V1 N5\n1 P :a\n", "3 V1 N5\n1 P :a\n", 0, 0},
    {"zeros stay", "3 V1 N5\n1 W0 O0 :a\n", "3 V1 N5\n1 W0 O0 :a\n", 0, 0},
    {"the first of a key counts", "3 V1 N5\n1 W7 W8 Px Py O1 O2 :a\n", "3 V1 N5\n1 W7 Px O1 :a\n",
     0, 3},
    {"largest numbers", "3 V1 N4294967295\n4294967294 W18446744073709551615 O4294967295 :a\n",
     "3 V1 N4294967295\n4294967294 W18446744073709551615 O4294967295 :a\n", 0, 0},
    {"bad numbers", "3 V1 N5\n1 W Ox W18446744073709551616 O4294967296 W-1 :a\n", "3 V1 N5\n1 :a\n",
     0, 5},
    {"lower-case key, empty G", "3 V1 N5\n1 wfoo G 5 Sx :a\n2 :b\n", "3 V1 N5\n1 Sx :a\n2 :b\n", 0,
     3},
    {"info behind the name", "3 V1 N5\n1 :a:2,RS\n", "3 V1 N5\n1 :a\n", 0, 0},
    {"8-bit and spaces in a name", "3 V1 N5\n1 :a b\xff\n", "3 V1 N5\n1 :a b\xff\n", 0, 0},
    {"a name twice", "3 V1 N50\n1 :a\n2 :b\n3 :a\n4 :a\n5 :c\n", "3 V1 N50\n2 :b\n4 :a\n5 :c\n", 0,
     2},
    {"a name twice, by its info", "3 V1 N50\n1 :a\n2 :a:2,S\n", "3 V1 N50\n2 :a\n", 0, 1},
    /* where reading stops */
    {"unsorted", "3 V1 N50\n10 :a\n30 :b\n20 :c\n40 :d\n", "3 V1 N50\n10 :a\n30 :b\n", 4, 1},
    {"UID twice", "3 V1 N50\n10 :a\n10 :b\n20 :c\n", "3 V1 N50\n10 :a\n", 3, 1},
    {"UID 0", "3 V1 N50\n0 :a\n1 :b\n", "3 V1 N50\n", 2, 1},
    {"UID 4294967295", "3 V1 N50\n1 :a\n4294967295 :b\n", "3 V1 N50\n1 :a\n", 3, 1},
    {"UID 2^32 + 2", "3 V1 N50\n1 :a\n4294967298 :b\n", "3 V1 N50\n1 :a\n", 3, 1},
    {"UID with a sign", "3 V1 N50\n+1 :a\n", "3 V1 N50\n", 2, 1},
    {"space before the UID", "3 V1 N50\n 1 :a\n", "3 V1 N50\n", 2, 1},
    {"empty line inside", "3 V1 N50\n1 :a\n\n2 :b\n", "3 V1 N50\n1 :a\n", 3, 1},
    {"no colon", "3 V1 N50\n1 :a\n2 B\n3 :c\n", "3 V1 N50\n1 :a\n", 3, 1},
    {"colon within a field", "3 V1 N50\n1 W5:a\n", "3 V1 N50\n", 2, 2},
    {"only a UID", "3 V1 N50\n1\n", "3 V1 N50\n", 2, 1},
    {"no name", "3 V1 N50\n1 :\n", "3 V1 N50\n", 2, 1},
    {"name is only info", "3 V1 N50\n1 ::2,S\n", "3 V1 N50\n", 2, 1},
    {"slash", "3 V1 N50\n1 :a/b\n", "3 V1 N50\n", 2, 1},
    {"last line without LF", "3 V1 N50\n1 :a\n2 :b", "3 V1 N50\n1 :a\n", 3, 1},
};

static void
test_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        g_autoptr(GError) error = NULL;
        g_autoptr(MaildirUidlist) list =
            parse(lists[i].text, strlen(lists[i].text), findings, &error);
        g_autofree char *written = list != NULL ? format(list) : NULL;
        if (g_strcmp0(written, lists[i].written) != 0)
            fail_msg("%s: '%s'", lists[i].name, written);
        if (list == NULL) {
            assert_true(g_error_matches(error, MAILDIR_ERROR, MAILDIR_ERROR_FORMAT));
            continue;
        }
        assert_null(error);
        if (maildir_uidlist_stopped_at(list) != lists[i].stopped_at ||
            mh_findings_kept(findings) != lists[i].findings)
            fail_msg("%s: line %u, %zu findings", lists[i].name,
                     (unsigned)maildir_uidlist_stopped_at(list), mh_findings_kept(findings));

        g_autoptr(MaildirUidlist) again = parse(written, strlen(written), NULL, NULL);
        assert_non_null(again);
        g_autofree char *rewritten = format(again);
        assert_string_equal(rewritten, written);
        assert_int_equal(maildir_uidlist_stopped_at(again), 0);
    }
}

static void
test_nul(void **state)
{
    (void)state;
    static const char inside[] = "3 V1 N5\n1 :a\n2 :b\0c\n3 :d\n";
    static const char header[] = "3 V1 N5 X\0\n";
    g_autoptr(MaildirUidlist) list = parse(inside, sizeof inside - 1, NULL, NULL);
    assert_int_equal(maildir_uidlist_length(list), 1);
    assert_int_equal(maildir_uidlist_stopped_at(list), 3);
    assert_null(parse(header, sizeof header - 1, NULL, NULL));
}

static void
test_fields(void **state)
{
    (void)state;
    static const char text[] = "3 V7 N50 G" G32 "\n5 W7 Puidl O3 S5 :a\n9 P :b\n";
    g_autoptr(MaildirUidlist) list = parse(text, sizeof text - 1, NULL, NULL);
    const MaildirUidlistEntry *a = maildir_uidlist_get(list, 0);
    const MaildirUidlistEntry *b = maildir_uidlist_get(list, 1);
    assert_int_equal(maildir_uidlist_uids(list).uidvalidity, 7);
    assert_int_equal(maildir_uidlist_uids(list).uidnext, 50);
    assert_true(mh_span_equal(maildir_uidlist_guid(list), MH_SPAN_LITERAL(G32)));
    assert_int_equal(a->uid, 5);
    assert_int_equal(a->virtual_size, 7);
    assert_int_equal(a->pop3_order, 3);
    assert_true(mh_span_equal(maildir_uidlist_text(list, a->uidl), MH_SPAN_LITERAL("uidl")));
    assert_true(mh_span_equal(maildir_uidlist_text(list, a->other), MH_SPAN_LITERAL("S5")));
    assert_true(mh_span_equal(maildir_uidlist_text(list, b->name), MH_SPAN_LITERAL("b")));
    assert_int_not_equal(b->uidl.at, 0);
    assert_int_equal(b->uidl.len, 0);
    assert_int_equal(b->other.at, 0);

    assert_int_equal(maildir_uidlist_find(list, MH_SPAN_LITERAL("a")), 0);
    assert_int_equal(maildir_uidlist_find(list, MH_SPAN_LITERAL("b")), 1);
    assert_true(maildir_uidlist_find(list, MH_SPAN_LITERAL("c")) == MAILDIR_UIDLIST_NOT_FOUND);
    assert_true(maildir_uidlist_find(list, MH_SPAN_LITERAL("")) == MAILDIR_UIDLIST_NOT_FOUND);
    assert_int_equal(maildir_uidlist_find_uid(list, 9), 1);
    assert_true(maildir_uidlist_find_uid(list, 6) == MAILDIR_UIDLIST_NOT_FOUND);
    assert_true(maildir_uidlist_find_uid(list, 10) == MAILDIR_UIDLIST_NOT_FOUND);
}

/* Cut anywhere, what is read is a beginning of the whole, and only whole lines count. */
static void
test_prefixes(void **state)
{
    (void)state;
    static const char text[] = "3 V7 N5 G" G32 " Xy\r\n1 W7 Pu O3 S5 :a\n2 :b:2,S\n3 P :c\n";
    static const char whole[] = "3 V7 N5 G" G32 " Xy\n1 W7 Pu O3 S5 :a\n2 :b\n3 P :c\n";
    size_t header_len = (size_t)(strchr(text, '\n') - text) + 1;
    for (size_t len = 0; len < sizeof text; len++) {
        g_autoptr(MaildirUidlist) list = parse(text, len, NULL, NULL);
        assert_int_equal(list != NULL, len >= header_len);
        if (list == NULL)
            continue;
        g_autofree char *written = format(list);
        assert_true(strncmp(whole, written, strlen(written)) == 0);
        size_t lines = 0;
        for (size_t i = header_len; i < len; i++)
            lines += text[i] == '\n';
        assert_int_equal(maildir_uidlist_length(list), lines);
        assert_int_equal(maildir_uidlist_stopped_at(list), text[len - 1] == '\n' ? 0 : lines + 2);
    }
}

static void
test_append(void **state)
{
    (void)state;
    g_autoptr(MaildirUidlist) list =
        maildir_uidlist_new((MhUidState){.uidvalidity = 77, .uidnext = 0});
    static const struct {
        const char *name;
        uint32_t uid;
        bool good;
    } rows[] = {
        {"a", 0, false},         {"a", 3, true},    {"b", 3, false},      {"b", 2, false},
        {"a", 4, false},         {"", 4, false},    {"b/c", 4, false},    {"b:2,S", 4, false},
        {"b\nc", 4, false},      {"b\r", 4, false}, {"b\xff c", 4, true}, {"c", 4294967295, false},
        {"c", 4294967294, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        MhSpan name = testing_exact_copy(rows[i].name, strlen(rows[i].name));
        const MaildirUidlistEntry *entry = maildir_uidlist_append(list, rows[i].uid, name, &error);
        release(name);
        if ((entry != NULL) != rows[i].good ||
            (entry == NULL && !g_error_matches(error, MAILDIR_ERROR, MAILDIR_ERROR_VALUE)))
            fail_msg("row %zu: '%s'", i, rows[i].name);
    }
    maildir_uidlist_get(list, 0)->virtual_size = 12;
    maildir_uidlist_get(list, 1)->pop3_order = 1;
    g_autofree char *written = format(list);
    assert_string_equal(written, "3 V77 N4294967295\n3 W12 :a\n4 O1 :b\xff c\n4294967294 :c\n");
    maildir_uidlist_set_uids(list, (MhUidState){.uidvalidity = 78, .uidnext = 5});
    assert_int_equal(maildir_uidlist_uids(list).uidvalidity, 78);
    assert_int_equal(maildir_uidlist_uids(list).uidnext, 4294967295);
}

static void
test_uidls(void **state)
{
    (void)state;
    g_autoptr(MaildirUidlist) list =
        maildir_uidlist_new((MhUidState){.uidvalidity = 1, .uidnext = 1});
    assert_non_null(maildir_uidlist_append(list, 1, MH_SPAN_LITERAL("a"), NULL));
    static const struct {
        const char *uidl;
        const char *written;
    } rows[] = {
        {"UID7-1058640000", "3 V1 N2\n1 PUID7-1058640000 :a\n"},
        {"a b", NULL},
        {"a\n2", NULL},
        {"\x7f", NULL},
        {"\x1f", NULL},
        {"!~:\xe9", "3 V1 N2\n1 P!~:\xe9 :a\n"},
        {"", "3 V1 N2\n1 P :a\n"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        bool set = maildir_uidlist_set_uidl(list, 0, mh_span_from_string(rows[i].uidl), &error);
        assert_int_equal(set, rows[i].written != NULL);
        if (!set) {
            assert_true(g_error_matches(error, MAILDIR_ERROR, MAILDIR_ERROR_VALUE));
            continue;
        }
        g_autofree char *written = format(list);
        assert_string_equal(written, rows[i].written);
    }
}

/* A list is rewritten with new mail between and behind the old: nothing of the old is lost. */
static void
test_append_from(void **state)
{
    (void)state;
    static const char text[] = "3 V7 N9\n1 W7 Pu O3 S5 :a\n2 P :b\n5 Gx :c\n";
    g_autoptr(MaildirUidlist) old = parse(text, sizeof text - 1, NULL, NULL);
    g_autoptr(MaildirUidlist) list = maildir_uidlist_new(maildir_uidlist_uids(old));
    for (size_t i = 0; i < 3; i++) {
        const MaildirUidlistEntry *entry = maildir_uidlist_get(old, i);
        if (i == 2)
            assert_non_null(maildir_uidlist_append(list, 3, MH_SPAN_LITERAL("new"), NULL));
        assert_non_null(maildir_uidlist_append_from(list, old, entry, entry->uid, NULL));
    }
    const MaildirUidlistEntry *first = maildir_uidlist_get(old, 0);
    assert_null(maildir_uidlist_append_from(list, old, first, 10, NULL));
    g_autofree char *written = format(list);
    assert_string_equal(written, "3 V7 N9\n1 W7 Pu O3 S5 :a\n2 P :b\n3 :new\n5 Gx :c\n");
}

/* A million messages: the name index holds, and the whole stays fast (the limit is generous, for
 * slow machines and sanitizers). */
static void
test_large(void **state)
{
    (void)state;
    const uint32_t count = 1000000;
    g_autoptr(MaildirUidlist) list =
        maildir_uidlist_new((MhUidState){.uidvalidity = 7, .uidnext = 1});
    for (uint32_t i = 0; i < count; i++) {
        char name[64];
        g_snprintf(name, sizeof name, "10586%05u.M%uP77V0_%u.mail.example,S=%u", i % 99999, i, i,
                   i);
        MaildirUidlistEntry *entry =
            maildir_uidlist_append(list, 2 * i + 1, mh_span_from_string(name), NULL);
        entry->virtual_size = i + 1;
    }
    gint64 start = g_get_monotonic_time();
    g_autoptr(GBytes) bytes = maildir_uidlist_format(list);
    gint64 formatted = g_get_monotonic_time();
    g_autoptr(MaildirUidlist) again = maildir_uidlist_parse(mh_span_from_bytes(bytes), NULL, NULL);
    gint64 parsed = g_get_monotonic_time();
    print_message("%zu bytes: format %d ms, parse %d ms\n", g_bytes_get_size(bytes),
                  (int)((formatted - start) / 1000), (int)((parsed - formatted) / 1000));
    assert_int_equal(maildir_uidlist_length(again), count);
    assert_true(parsed - formatted < 20 * G_USEC_PER_SEC);
    for (uint32_t i = 0; i < count; i += 997) {
        const MaildirUidlistEntry *entry = maildir_uidlist_get(list, i);
        MhSpan name = maildir_uidlist_text(list, entry->name);
        assert_int_equal(maildir_uidlist_find(again, name), i);
        assert_int_equal(maildir_uidlist_find_uid(again, 2 * i + 1), i);
    }
    g_autoptr(GBytes) rewritten = maildir_uidlist_format(again);
    assert_true(g_bytes_equal(bytes, rewritten));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),       cmocka_unit_test(test_nul),
        cmocka_unit_test(test_fields),      cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_append),      cmocka_unit_test(test_uidls),
        cmocka_unit_test(test_append_from), cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
