#include "testing.h"

#include "uidlist-text.h"

#include <time.h>

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

/* The same from a file, of which nothing is held. */
static MaildirUidlist *
parse_file(const char *text, size_t len, MhFindings *findings, GError **error)
{
    int fd = uidlist_text_file(mh_span(text, len));
    MhLineText *lines = mh_line_text_open_held(fd, len, 0, NULL);
    assert_non_null(lines);
    return maildir_uidlist_parse_text(lines, findings, error);
}

static char *
format(const MaildirUidlist *list)
{
    g_autoptr(GBytes) bytes = uidlist_text(list);
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
    {"what the source was", "3 V1 N5 C7,0 \n1 :a\n", "3 V1 N5 C7,0\n1 :a\n", 0, 0},
    {"and its order", "3 V1 N5 C7,9,r\n1 :a\n", "3 V1 N5 C7,9,r\n1 :a\n", 0, 0},
    {"other words of others", "3 V1 N5 C7,9,x C7,,r C,r\n", "3 V1 N5 C7,9,x C7,,r C,r\n", 0, 0},
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

typedef MaildirUidlist *(*Parse)(const char *text, size_t len, MhFindings *findings,
                                 GError **error);

static void
check_list(size_t i, Parse parse_it)
{
    g_autoptr(MhFindings) findings = mh_findings_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(MaildirUidlist) list =
        parse_it(lists[i].text, strlen(lists[i].text), findings, &error);
    g_autofree char *written = list != NULL ? format(list) : NULL;
    if (g_strcmp0(written, lists[i].written) != 0)
        fail_msg("%s: '%s'", lists[i].name, written);
    if (list == NULL) {
        assert_true(g_error_matches(error, MAILDIR_ERROR, MAILDIR_ERROR_FORMAT));
        return;
    }
    assert_null(error);
    assert_true(maildir_uidlist_check(list, NULL));
    if (maildir_uidlist_stopped_at(list) != lists[i].stopped_at ||
        mh_findings_kept(findings) != lists[i].findings)
        fail_msg("%s: line %u, %zu findings", lists[i].name,
                 (unsigned)maildir_uidlist_stopped_at(list), mh_findings_kept(findings));

    g_autoptr(MaildirUidlist) again = parse_it(written, strlen(written), NULL, NULL);
    assert_non_null(again);
    g_autofree char *rewritten = format(again);
    assert_string_equal(rewritten, written);
    assert_int_equal(maildir_uidlist_stopped_at(again), 0);
}

static void
test_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        check_list(i, parse);
        check_list(i, parse_file);
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
    MaildirUidlistEntry a, b;
    assert_int_equal(maildir_uidlist_uids(list).uidvalidity, 7);
    assert_int_equal(maildir_uidlist_uids(list).uidnext, 50);
    assert_true(mh_span_equal(maildir_uidlist_guid(list), MH_SPAN_LITERAL(G32)));
    assert_true(maildir_uidlist_get(list, 0, &a));
    assert_int_equal(a.uid, 5);
    assert_int_equal(a.virtual_size, 7);
    assert_int_equal(a.pop3_order, 3);
    assert_true(mh_span_equal(a.uidl, MH_SPAN_LITERAL("uidl")));
    assert_true(mh_span_equal(a.other, MH_SPAN_LITERAL("S5")));

    assert_int_equal(maildir_uidlist_find(list, MH_SPAN_LITERAL("a"), &b), 0);
    assert_int_equal(maildir_uidlist_find(list, MH_SPAN_LITERAL("b"), &b), 1);
    assert_int_equal(b.uid, 9);
    assert_true(maildir_uidlist_find(list, MH_SPAN_LITERAL("c"), &b) == MAILDIR_UIDLIST_NOT_FOUND);
    assert_true(maildir_uidlist_find(list, MH_SPAN_LITERAL(""), &b) == MAILDIR_UIDLIST_NOT_FOUND);

    uint32_t place = maildir_uidlist_place(list, 1);
    maildir_uidlist_forget_index(list);
    assert_true(maildir_uidlist_read(list, place, &b));
    assert_true(mh_span_equal(b.name, MH_SPAN_LITERAL("b")));
    assert_non_null(b.uidl.data);
    assert_int_equal(b.uidl.len, 0);
    assert_null(b.other.data);
}

/* What is known of a message takes the place of the zeros that stood there. */
static void
test_zeros_written_anew(void **state)
{
    (void)state;
    static const char header[] = "3 V7 N5 G" G32 "\n", line[] = "1 S0 O0 MS W0 :a\n";
    g_autofree char *whole = g_strconcat(header, line, NULL);
    g_autoptr(MaildirUidlist) list = parse(whole, strlen(whole), NULL, NULL);
    MaildirUidlistEntry entry;
    assert_true(maildir_uidlist_get(list, 0, &entry));
    MaildirUidlistLine known = {.uid = 1,
                                .has_virtual_size = true,
                                .pop3_order = 4,
                                .carried = "MS",
                                .other = entry.other,
                                .base = entry.name};
    int fd = uidlist_text_file(mh_span(NULL, 0));
    MaildirUidlistWriter writer;
    maildir_uidlist_writer_begin(&writer, fd, maildir_uidlist_uids(list), list,
                                 maildir_uidlist_source(list), NULL);
    maildir_uidlist_writer_add(&writer, &known);
    GString *written = uidlist_text_finish(&writer, fd);
    assert_string_equal(written->str + strlen(header), "1 W0 O4 MS S0 :a\n");
    g_string_free(written, TRUE);
}

/* A file that is cut while it is in use: what cannot be read again is no line, and is told. */
static void
test_cut(void **state)
{
    (void)state;
    MaildirUidlistEntry entry;
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new("3 V7 N20001\n");
    for (int i = 1; i <= 20000; i++)
        g_string_append_printf(text, "%d :name%d\n", i, i);
    int fd = uidlist_text_file(mh_span(text->str, text->len)), other_fd = dup(fd);
    g_autoptr(MaildirUidlist) list =
        maildir_uidlist_parse_text(mh_line_text_open_held(fd, text->len, 0, NULL), NULL, NULL);
    assert_true(maildir_uidlist_get(list, 0, &entry));
    assert_int_equal(ftruncate(other_fd, 1000), 0);
    close(other_fd);
    /* which lines are still held depends on the key of the name index */
    size_t lost = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        if (maildir_uidlist_get(list, i, &entry))
            assert_int_equal(entry.uid, i + 1);
        else
            lost++;
    }
    assert_true(lost > 10000);
    assert_int_equal(entry.uid, 0);
    assert_false(maildir_uidlist_check(list, &error));
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_IO));
    g_clear_error(&error);

    MhLineText *shorter =
        mh_line_text_open_held(uidlist_text_file(mh_span(text->str, 500)), text->len, 0, NULL);
    assert_null(maildir_uidlist_parse_text(shorter, NULL, &error));
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_IO));
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
test_uidls(void **state)
{
    (void)state;
    static const struct {
        const char *uidl;
        bool fits;
    } rows[] = {{"UID7-1058640000", true}, {"a b", false},    {"a\n2", false}, {"\x7f", false},
                {"\x1f", false},           {"!~:\xe9", true}, {"", true}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_int_equal(maildir_uidlist_uidl_fits(mh_span_from_string(rows[i].uidl)),
                         rows[i].fits);
}

static gint64
processor_us(void)
{
    return (gint64)clock() * G_USEC_PER_SEC / CLOCKS_PER_SEC;
}

/* A million messages: the name index holds, and the whole stays fast (the limit is generous, for
 * slow machines and sanitizers). */
static void
test_large(void **state)
{
    (void)state;
    const uint32_t count = 1000000;
    g_autoptr(GString) text = g_string_new("3 V7 N2000001\n");
    for (uint32_t i = 0; i < count; i++)
        g_string_append_printf(text, "%u W%u :10586%05u.M%uP77V0_%u.mail.example,S=%u\n", 2 * i + 1,
                               i + 1, i % 99999, i, i, i);
    gint64 start = processor_us();
    g_autoptr(MaildirUidlist) list = parse_file(text->str, text->len, NULL, NULL);
    gint64 parsed = processor_us();
    g_autoptr(GBytes) written = uidlist_text(list);
    gint64 formatted = processor_us();
    print_message("%zu bytes: parse %d ms, format %d ms\n", text->len,
                  (int)((parsed - start) / 1000), (int)((formatted - parsed) / 1000));
    assert_int_equal(maildir_uidlist_length(list), count);
    assert_true(parsed - start < 20 * G_USEC_PER_SEC);
    for (uint32_t i = 0; i < count; i += 997) {
        MaildirUidlistEntry entry;
        assert_true(maildir_uidlist_get(list, i, &entry));
        assert_int_equal(entry.uid, 2 * i + 1);
        g_autofree char *name = mh_span_dup(entry.name);
        assert_int_equal(maildir_uidlist_find(list, mh_span_from_string(name), &entry), i);
    }
    assert_true(mh_span_equal(mh_span_from_bytes(written), mh_span(text->str, text->len)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_uidls),
        cmocka_unit_test(test_zeros_written_anew),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
