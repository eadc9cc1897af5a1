/* Hand-made Maildirs in odd states, and what clients of the server see in them. Where no row says
 * otherwise, Courier-IMAP 5.0.13 gave its clients exactly this. */
#include "courier-maildir.h"
#include "courier-show.h"

typedef struct {
    const char *name;
    const char *content; /* NULL: a message */
} Entry;

static void
build(CourierMaildir *maildir, const char *folder, const Entry *entries)
{
    for (; entries->name != NULL; entries++) {
        g_autofree char *name = g_build_filename(folder, entries->name, NULL);
        const char *content = entries->content != NULL ? entries->content : "Subject: x\n\nb\n";
        courier_maildir_write(maildir, name, content, strlen(content));
    }
}

#define NONE     MH_FINDING_COUNT
#define UIDDB    "courierimapuiddb"
#define SIZELIST "courierpop3dsizelist"
#define KEYWORDS "courierimapkeywords/"

typedef struct {
    const char *name;
    Entry entries[12];
    const char *expected;
    MhFindingCode finding; /* one that must be among them */
    CourierSourceOptions options;
} Row;

static void
run_rows(const Row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        g_autoptr(CourierMaildir) maildir = courier_maildir_new();
        g_autoptr(MhFindings) findings = mh_findings_new();
        build(maildir, "", rows[i].entries);
        g_autofree char *shown = courier_show(maildir->fd, ".", &rows[i].options, findings);
        if (strcmp(shown, rows[i].expected) != 0)
            fail_msg("%s: '%s'", rows[i].name, shown);
        if (rows[i].finding != NONE && mh_findings_count(findings, rows[i].finding) == 0)
            fail_msg("%s: no finding '%s'", rows[i].name, mh_finding_name(rows[i].finding));
        if (rows[i].finding == NONE && mh_findings_kept(findings) > 0)
            fail_msg("%s: finding '%s'", rows[i].name,
                     mh_finding_name(mh_findings_get(findings, 0)->code));
    }
}

static void
test_imap_uids(void **state)
{
    (void)state;
    const CourierSourceOptions quiet = {.uidl = COURIER_UIDL_NONE};
    const Row rows[] = {
        {"empty", {{NULL, NULL}}, "0/0", NONE, quiet},
        {"listed, unlisted and new mail",
         {{"cur/1.a:2,S", NULL},
          {"cur/2.b:2,", NULL},
          {"cur/3.c:2,", NULL},
          {"cur/4.d:2,F", NULL},
          {"new/0.n", NULL},
          {"new/3.n", NULL},
          {UIDDB, "1 500 9\n7 1.a\n3 2.b\n5 4.d:2,S\n"}},
         "500/12 3|2.b|||-|0 5|4.d|F||-|0 7|1.a|S||-|0 9|0.n|n||-|0 10|3.c|||-|0 11|3.n|n||-|0",
         NONE,
         quiet},
        {"no list: order only",
         {{"cur/2.b:2,S", NULL}, {"new/1.a", NULL}},
         "0/0 0|1.a|n||-|0 0|2.b|S||-|0",
         MH_FINDING_COURIER_UIDS_NONE,
         quiet},
        {"lost header",
         {{"cur/2.b:2,S", NULL}, {"cur/1.a:2,", NULL}, {UIDDB, "1 500\n7 1.a\n"}},
         "0/0 0|1.a|||-|0 0|2.b|S||-|0",
         MH_FINDING_COURIER_UIDS_LOST,
         quiet},
        {"UID 0 (the server shows it)",
         {{"cur/1.a:2,", NULL}, {UIDDB, "1 500 9\n0 1.a\n"}},
         "500/10 9|1.a|||-|0",
         MH_FINDING_COURIER_UID_INVALID,
         quiet},
        {"NEXTUID too low (the server hands out a UID again)",
         {{"cur/1.a:2,", NULL}, {"cur/2.b:2,", NULL}, {UIDDB, "1 500 2\n7 1.a\n"}},
         "500/9 7|1.a|||-|0 8|2.b|||-|0",
         MH_FINDING_COURIER_UIDNEXT_INVALID,
         quiet},
        {"one UID for two (the server gives it to both)",
         {{"cur/1.a:2,", NULL}, {"cur/2.b:2,", NULL}, {UIDDB, "1 500 9\n7 1.a\n7 2.b\n"}},
         "500/10 7|1.a|||-|0 9|2.b|||-|0",
         MH_FINDING_COURIER_UID_REPEATED,
         quiet},
        {"two files for one line (the server hides one)",
         {{"cur/1.a:2,", "one"}, {"cur/1.a:2,S", "two"}, {UIDDB, "1 500 9\n7 1.a\n"}},
         "500/10 7|1.a|S||-|0 9|1.a|||-|0",
         MH_FINDING_COURIER_FILE_TWICE,
         quiet},
        {"listed name in new/",
         {{"cur/2.b:2,", NULL}, {"new/1.a", NULL}, {UIDDB, "1 500 9\n7 1.a\n8 2.b\n"}},
         "500/10 8|2.b|||-|0 9|1.a|n||-|0",
         MH_FINDING_COURIER_LISTED_IN_NEW,
         quiet},
        {"info in new/",
         {{"new/1.a:2,S", NULL}, {"new/3.c:1,F", NULL}, {UIDDB, "1 500 9\n"}},
         "500/11 9|1.a|nS||-|0 10|3.c|n||-|0",
         NONE,
         quiet},
        {"list with CR",
         {{"cur/1.a:2,", NULL}, {UIDDB, "1 500 9\r\n7 1.a\r\n"}},
         "500/10 9|1.a|||-|0",
         MH_FINDING_COURIER_UIDDB_ODD,
         quiet},
        {"last line cut",
         {{"cur/1.a:2,", NULL}, {UIDDB, "1 500 9\n7 1.a"}},
         "500/10 9|1.a|||-|0",
         MH_FINDING_COURIER_UIDDB_UNENDED,
         quiet},
        {"last line cut, as 6.0 reads it",
         {{"cur/1.a:2,", NULL}, {UIDDB, "1 500 9\n7 1.a"}},
         "500/9 7|1.a|||-|0",
         MH_FINDING_COURIER_UIDDB_UNENDED,
         {.uidl = COURIER_UIDL_NONE, .read_unended = true}},
        {"odd names",
         {{"cur/a:x:2,S", NULL},
          {"cur/ 5.x:2,", NULL},
          {"cur/-5.x:2,F", NULL},
          {"cur/M99999.x:2,", NULL},
          {"cur/M100000.x:2,", NULL},
          {"cur/1.x:1,S", NULL},
          {"cur/01.x:2,RSX", NULL},
          {"cur/1.\xc3\xa9:2,", NULL},
          {"cur/1.a~:2,abS", NULL},
          {UIDDB, "1 500 9\n"}},
         "500/18 9|-5.x|F||-|0 10|M100000.x|||-|0 11|M99999.x|||-|0 12|a|S||-|0 13|01.x|RS||-|0"
         " 14|1.a~|S||-|0 15|1.x|||-|0 16|1.\xc3\xa9|||-|0 17| 5.x|||-|0",
         NONE,
         quiet},
    };
    run_rows(rows, G_N_ELEMENTS(rows));
}

static void
test_pop3_uidls(void **state)
{
    (void)state;
    const CourierSourceOptions strict = {.strict_match = true};
    const CourierSourceOptions old = {.era = COURIER_ERA_OLD}, new = {.era = COURIER_ERA_NEW};
    const CourierSourceOptions by_name = {.uidl = COURIER_UIDL_FILE_NAMES};
    const Row rows[] = {
        {"v2 with all three styles, and new mail",
         {{UIDDB, "1 500 9\n1 1200000000.M1\n"},
          {"cur/1100000000.M1P2.mx:2,S", NULL},
          {"cur/1056000000.M1P2.mx:2,R", NULL},
          {"cur/1041379201.471.a b:2,RS", NULL},
          {"new/1200000000.M1", NULL},
          {"new/1000000000.M1", NULL},
          {SIZELIST, "/2 8 1058640000\n"
                     "1100000000.M1P2.mx:2,S 320 7:1058640000\n"
                     "1056000000.M1P2.mx:2, 301 3:0\n"
                     "1041379201.471.a b:2,RS 412 0:0\n"}},
         "500/14"
         " 9|1000000000.M1|n||UID8-1058640000|1"
         " 10|1041379201.471.a b|RS||1041379201.471.a+20b|2"
         " 11|1056000000.M1P2.mx|R||UID3|3"
         " 12|1100000000.M1P2.mx|S||UID7-1058640000|4"
         " 13|1200000000.M1|n||UID9-1058640000|5",
         MH_FINDING_COURIER_LISTED_IN_NEW,
         {0}},
        {"v3",
         {{UIDDB, "1 500 9\n"}, {"cur/1.a:2,", NULL}, {SIZELIST, "/3 8 77\n1.a:2, 5 4:66:1\n"}},
         "500/10 9|1.a|||UID4-66|1",
         NONE,
         {0}},
        {"v0",
         {{UIDDB, "1 500 9\n"},
          {"cur/1.a:2,", NULL},
          {"cur/2.b:2,", NULL},
          {SIZELIST, "1.a:2, 5\n"}},
         "500/11 9|1.a|||1.a|1 10|2.b|||-|2",
         NONE,
         {0}},
        {"v0, but a new server was last",
         {{UIDDB, "1 500 9\n"}, {"cur/1.a:2,", NULL}, {SIZELIST, "1.a:2, 5\n"}},
         "500/10 9|1.a|||-|1",
         MH_FINDING_COURIER_POP3_LIST_LOST,
         new},
        {"v1",
         {{UIDDB, "1 500 9\n"}, {"cur/1.a:2,", NULL}, {SIZELIST, "/1 6\n1.a:2, 5 4\n"}},
         "500/10 9|1.a|||UID4|1",
         NONE,
         {0}},
        {"v1, but a new server was last: the header counts",
         {{UIDDB, "1 500 9\n"}, {"cur/1.a:2,", NULL}, {SIZELIST, "/1 6 99\n1.a:2, 5 4\n"}},
         "500/10 9|1.a|||UID6-99|1",
         MH_FINDING_COURIER_POP3_LIST_LOST,
         new},
        {"no list",
         {{UIDDB, "1 500 9\n"}, {"cur/1.a:2,", NULL}},
         "500/10 9|1.a|||-|1",
         MH_FINDING_COURIER_POP3_LIST_NONE,
         {0}},
        {"no list, file names",
         {{UIDDB, "1 500 9\n"}, {"cur/1.a+b:2,", NULL}},
         "500/10 9|1.a+b|||1.a+2Bb|1",
         NONE,
         by_name},
        {"no list, an old server was last",
         {{UIDDB, "1 500 9\n"}, {"new/1.a", NULL}},
         "500/10 9|1.a|n||1.a|1",
         NONE,
         old},
        {"empty list is not no list",
         {{UIDDB, "1 500 9\n"}, {"cur/1.a:2,", NULL}, {SIZELIST, ""}},
         "500/10 9|1.a|||-|1",
         NONE,
         old},
        {"':' on one side only, as the server",
         {{UIDDB, "1 500 9\n"},
          {"cur/1.a:2,S", NULL},
          {"cur/2.b", NULL},
          {"cur/3.c", NULL},
          {SIZELIST, "/3 8 77\n1.a 5 4:77:0\n2.b 5 5:66:1\n3.c:2, 6 6:66:0\n"}},
         "500/12 9|1.a|S||UID8-77|1 10|2.b|||UID5-66|2 11|3.c|||UID9-77|3",
         NONE,
         strict},
        {"':' on one side only, to be kind (the server does not)",
         {{UIDDB, "1 500 9\n"},
          {"cur/1.a:2,S", NULL},
          {"cur/3.c", NULL},
          {SIZELIST, "/3 8 77\n1.a 5 4:77:0\n3.c:2, 6 6:66:0\n"}},
         "500/11 9|1.a|S||UID4-77|1 10|3.c|||UID6-66|2",
         MH_FINDING_COURIER_POP3_INFO_DIFFERS,
         {0}},
        {"two files for one line",
         {{UIDDB, "1 500 9\n7 1.a\n"},
          {"cur/1.a:2,", "one"},
          {"cur/1.a:2,S", "two"},
          {SIZELIST, "/3 8 77\n1.a:2, 5 4:77:0\n"}},
         "500/10 7|1.a|S||UID8-77|2 9|1.a|||UID4-77|1",
         MH_FINDING_COURIER_FILE_TWICE,
         {0}},
        {"two files for two lines",
         {{UIDDB, "1 500 9\n7 1.a\n"},
          {"cur/1.a:2,", "one"},
          {"cur/1.a:2,S", "two"},
          {"cur/2.b:2,", "three"},
          {SIZELIST, "/3 8 77\n1.a:2, 5 4:77:0\n1.a:2,S 5 5:77:0\n2.b:2, 5 6:77:0\n"}},
         "500/11 7|1.a|S||UID4-77|2 9|1.a|||UID5-77|1 10|2.b|||UID6-77|3",
         MH_FINDING_COURIER_POP3_NAME_REPEATED,
         {0}},
        {"one UIDL for two",
         {{UIDDB, "1 500 9\n"},
          {"cur/1.a:2,", NULL},
          {"cur/2.b:2,", NULL},
          {SIZELIST, "/3 8 77\n1.a:2, 5 4:77:0\n2.b:2, 5 4:77:1\n"}},
         "500/11 9|1.a|||UID4-77|1 10|2.b|||UID4-77|2",
         MH_FINDING_COURIER_UIDL_REPEATED,
         {0}},
        {"V is the UIDVALIDITY: UIDs to come are above N",
         {{UIDDB, "1 77 9\n7 1.a\n"},
          {"cur/1.a:2,", NULL},
          {SIZELIST, "/3 40 66\n1.a:2, 5 30:77:0\ngone:2, 5 31:77:0\n"}},
         "77/32 7|1.a|||UID30-77|1",
         NONE,
         {0}},
        {"V of the header is, and there is mail not listed yet",
         {{UIDDB, "1 77 9\n7 1.a\n"},
          {"cur/1.a:2,", NULL},
          {"cur/2.b:2,", NULL},
          {SIZELIST, "/3 40 77\n1.a:2, 5 30:66:0\n"}},
         "77/42 7|1.a|||UID30-66|1 9|2.b|||UID40-77|2",
         NONE,
         {0}},
        {"V is, and N is no UID",
         {{UIDDB, "1 77 9\n7 1.a\n"},
          {"cur/1.a:2,", NULL},
          {SIZELIST, "/3 4294967295 77\n1.a:2, 5 4294967295:77:0\n"}},
         "77/9 7|1.a|||UID4294967295-77|1",
         NONE,
         {0}},
        {"a foretold UIDL that another has (the server gives it to both)",
         {{UIDDB, "1 500 9\n"},
          {"cur/1.a:2,", NULL},
          {"cur/2.b:2,", NULL},
          {SIZELIST, "/3 4 77\n2.b:2, 5 4:77:1\n"}},
         "500/11 9|1.a|||-|1 10|2.b|||UID4-77|2",
         MH_FINDING_COURIER_UIDL_REPEATED,
         {0}},
        {"signed bytes sort first, ':' is a byte",
         {{UIDDB, "1 500 9\n"},
          {"cur/1.a:2,", NULL},
          {"cur/1.\xc3\xa9:2,", NULL},
          {"cur/1.a.b:2,", NULL},
          {"new/1.a-", NULL},
          {SIZELIST, "/3 4 77\n"}},
         "500/13 9|1.a|||UID7-77|4 10|1.a-|n||UID5-77|2 11|1.a.b|||UID6-77|3"
         " 12|1.\xc3\xa9|||UID4-77|1",
         NONE,
         {0}},
        {"numbers that do not fit",
         {{UIDDB, "1 500 9\n"},
          {"cur/1.a:2,", NULL},
          {"cur/2.b:2,", NULL},
          {"cur/3.c:2,", NULL},
          {SIZELIST, "/3 -1 5\n1.a:2, 5 99999999999999999999:-1:0\n2.b:2, -1 -3:0:0\n"
                     "3.c:2, 5 0:7:0\n"}},
         "500/12 9|1.a|||UID18446744073709551615-18446744073709551615|1"
         " 10|2.b|||UID18446744073709551613|2 11|3.c|||3.c|3",
         NONE,
         {0}},
    };
    run_rows(rows, G_N_ELEMENTS(rows));
}

static void
test_keywords(void **state)
{
    (void)state;
    const CourierSourceOptions quiet = {.uidl = COURIER_UIDL_NONE};
    const Row rows[] = {
        {"precedence, spelling, aged and foreign files",
         {{UIDDB, "1 500 9\n"},
          {"cur/1.a:2,", NULL},
          {"cur/2.b:2,", NULL},
          {"cur/4.d:2,", NULL},
          {"cur/5.e:2,", NULL},
          {KEYWORDS ":list", "Aa\nBb\nc c\n\n1.a:0 1\n2.b:1\n4.d:0\n5.e:0\n5.e:1\n9.gone:0\n"},
          {KEYWORDS "2.b", "New\nbB\n"},
          {KEYWORDS ".9.1.a", "nine\n"},
          {KEYWORDS ".10.1.a", "ten\n"},
          {KEYWORDS "4.d", ""},
          {KEYWORDS "gone", "g\n"}},
         "500/13 9|1.a||ten|-|0 10|2.b||Bb,New|-|0 11|4.d|||-|0 12|5.e||Bb|-|0",
         MH_FINDING_COURIER_KEYWORD_CHANGED,
         quiet},
        {"a copy from the future does not count beside the newest",
         {{UIDDB, "1 500 9\n"},
          {"cur/1.a:2,", NULL},
          {"cur/2.b:2,", NULL},
          {KEYWORDS ":list", "\n"},
          {KEYWORDS ".99999999999.1.a", "future\n"},
          {KEYWORDS "1.a", "now"},
          {KEYWORDS ".3.2.b", "three\n"},
          {KEYWORDS ".4.2.b", "\n"}},
         "500/11 9|1.a||now|-|0 10|2.b|||-|0",
         NONE,
         quiet},
        {"no directory (the server knows no keywords then)",
         {{UIDDB, "1 500 9\n"}, {"cur/1.a:2,", NULL}, {"courierimapkeywords", "A\n"}},
         "500/10 9|1.a|||-|0",
         MH_FINDING_COURIER_KEYWORDS_UNREADABLE,
         quiet},
        {"garbage that some servers loop over",
         {{UIDDB, "1 500 9\n"},
          {"cur/1.a:2,S", NULL},
          {KEYWORDS ".007.1.a", "x\n"},
          {KEYWORDS "1.a:2,S", "y\n"}},
         "500/10 9|1.a|S||-|0",
         MH_FINDING_COURIER_KEYWORD_ENTRY,
         quiet},
        {"mail in new/ and a name that is there twice",
         {{UIDDB, "1 500 9\n1 1.a\n"},
          {"cur/1.a:2,", "one"},
          {"cur/1.a:2,S", "two"},
          {"new/2.b", NULL},
          {KEYWORDS ":list", "A\n\n1.a:0\n2.b:0\n"}},
         "500/11 1|1.a|S|A|-|0 9|1.a||A|-|0 10|2.b|n|A|-|0",
         MH_FINDING_COURIER_FILE_TWICE,
         quiet},
    };
    run_rows(rows, G_N_ELEMENTS(rows));
}

/* The message at @index of the only folder. */
static void
assert_sizes(CourierMaildir *maildir, const CourierSourceOptions *options, size_t index,
             uint64_t size, uint64_t virtual_size)
{
    g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
    g_autoptr(MhSource) source = courier_source_open(maildir->fd, ".", options, NULL);
    assert_true(source->class->index(source, mailbox, NULL, NULL));
    const MhMessage *message = mh_mailbox_get(mailbox, index);
    assert_true(message->size_bytes == size);
    assert_true(message->virtual_size == virtual_size);
    assert_true(message->internaldate == COURIER_MAILDIR_TIME + (int64_t)index);
}

static void
test_sizes_and_dates(void **state)
{
    static const struct {
        const char *name, *content;
        uint64_t virtual_size;
    } rows[] = {
        {"cur/1.lf:2,", "a: b\n\nc\n", 11},
        {"cur/2.crlf:2,", "a: b\r\n\r\nc\r\n", 11},
        {"cur/3.mixed:2,", "a: b\n\nc\r\n\r\r\n", 14},
        {"cur/4.no-end:2,", "a: b\n\nc", 9},
        {"cur/5.empty:2,", "", 0},
        {"new/6.lf", "\n", 2},
    };
    CourierMaildir *maildir = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        courier_maildir_write(maildir, rows[i].name, rows[i].content, strlen(rows[i].content));
    /* A list that is wrong about all of them. */
    build(maildir, "",
          (Entry[]){{SIZELIST, "/3 9 7\n1.lf:2, 9 1:7:0\n2.crlf:2, 14 2:7:0\n"}, {NULL, NULL}});
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_sizes(maildir, NULL, i, strlen(rows[i].content), rows[i].virtual_size);
}

/* @count messages with @text, but for one with @odd_text, and a list that gives all @size. */
static void
write_listed(CourierMaildir *maildir, size_t count, const char *text, uint64_t size, size_t odd_at,
             const char *odd_text)
{
    g_autoptr(GString) list = g_string_new("/3 9999 7\n");
    for (size_t i = 0; i < count; i++) {
        const char *content = i == odd_at ? odd_text : text;
        g_autofree char *name = g_strdup_printf("cur/%zu.a:2,", 1000 + i);
        courier_maildir_write(maildir, name, content, strlen(content));
        g_string_append_printf(list, "%s %" G_GUINT64_FORMAT " %zu:7:0\n", name + 4, (guint64)size,
                               i + 1);
    }
    g_autofree char *path = g_build_filename(maildir->path, SIZELIST, NULL);
    assert_true(g_file_set_contents(path, list->str, -1, NULL)); /* younger than all */
}

static uint64_t
virtual_size_of(CourierMaildir *maildir, CourierSizes sizes, size_t index)
{
    CourierSourceOptions options = {.sizes = sizes};
    g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
    g_autoptr(MhSource) source = courier_source_open(maildir->fd, ".", &options, NULL);
    assert_true(source->class->index(source, mailbox, NULL, NULL));
    return mh_mailbox_get(mailbox, index)->virtual_size;
}

/* "a\nb\n" has 4 bytes and is sent as 6; "a\r\nbc" has 5 and is sent as 5, where Courier says 6. */
static void
test_listed_sizes(void **state)
{
    CourierMaildir *maildir = *state;
    write_listed(maildir, 300, "a\nb\n", 6, SIZE_MAX, NULL);
    assert_int_equal(virtual_size_of(maildir, COURIER_SIZES_LIST, 150), 6);
    /* Not in the sample: the list is believed, unless it must not be. */
    write_listed(maildir, 300, "a\nb\n", 6, 151, "a\r\nbc");
    assert_int_equal(virtual_size_of(maildir, COURIER_SIZES_LIST, 151), 6);
    assert_int_equal(virtual_size_of(maildir, COURIER_SIZES_KNOWN, 151), 5);
    assert_int_equal(virtual_size_of(maildir, COURIER_SIZES_READ, 151), 5);
}

/* One message of the sample makes the list doubtful for all. */
static void
test_listed_sizes_wrong(void **state)
{
    CourierMaildir *maildir = *state;
    write_listed(maildir, 300, "a\nb\nc", 8, 0, "a\nb\ncd\n"); /* of 4.18: with a last CR LF */
    assert_int_equal(virtual_size_of(maildir, COURIER_SIZES_LIST, 0), 10);
    assert_int_equal(virtual_size_of(maildir, COURIER_SIZES_LIST, 151), 7);
}

/* What has been written to after the list was is read. */
static void
test_listed_sizes_older(void **state)
{
    CourierMaildir *maildir = *state;
    write_listed(maildir, 300, "a\nb\n", 6, SIZE_MAX, NULL);
    g_autofree char *path = g_build_filename(maildir->path, "cur/1151.a:2,", NULL);
    assert_true(g_file_set_contents(path, "a\r\nb", -1, NULL));
    assert_int_equal(virtual_size_of(maildir, COURIER_SIZES_LIST, 151), 4);
}

static bool
known_size(void *data, MhSpan base, uint64_t size_bytes, uint64_t *out_virtual_size,
           bool *out_listed)
{
    if (!mh_span_equal(base, MH_SPAN_LITERAL("1.a")) || size_bytes != 3)
        return false;
    *out_virtual_size = *(const uint64_t *)data & UINT32_MAX;
    *out_listed = *(const uint64_t *)data > UINT32_MAX;
    return true;
}

static void
test_known_sizes(void **state)
{
    CourierMaildir *maildir = *state;
    uint64_t told = 77, listed = UINT64_C(1) << 32;
    CourierSourceOptions options = {.known_size = known_size, .known_size_data = &told};
    courier_maildir_write(maildir, "cur/1.a:2,", "a\n\n", 3);
    courier_maildir_write(maildir, "cur/2.a:2,", "a\n\n", 3);
    assert_sizes(maildir, &options, 0, 3, 77);
    assert_sizes(maildir, &options, 1, 3, 5);
    /* One that was only listed is not good enough, unless lists are. */
    told |= listed;
    assert_sizes(maildir, &options, 0, 3, 5);
    for (options.sizes = COURIER_SIZES_KNOWN; options.sizes <= COURIER_SIZES_LIST; options.sizes++)
        assert_sizes(maildir, &options, 0, 3, 77);
}

/* Whence a size is stands beside it. */
static void
test_whence_sizes_are(void **state)
{
    CourierMaildir *maildir = *state;
    write_listed(maildir, 300, "a\nb\n", 6, SIZE_MAX, NULL);
    for (CourierSizes sizes = COURIER_SIZES_READ; sizes <= COURIER_SIZES_LIST; sizes++) {
        CourierSourceOptions options = {.sizes = sizes};
        g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
        g_autoptr(MhSource) source = courier_source_open(maildir->fd, ".", &options, NULL);
        size_t read = 0, listed = 0;
        assert_true(source->class->index(source, mailbox, NULL, NULL));
        for (size_t i = 0; i < 300; i++) {
            read += mh_mailbox_get(mailbox, i)->size_read;
            listed += mh_mailbox_get(mailbox, i)->size_listed;
        }
        assert_int_equal(read, sizes == COURIER_SIZES_LIST ? 64 + 236 / 128 : 300);
        assert_int_equal(listed, 300 - read);
    }
}

/* Names that Dovecot would misread: the message gets another, and keeps its identity. */
static void
test_wrong_size_in_name(void **state)
{
    CourierMaildir *maildir = *state;
    g_autoptr(MhFindings) findings = mh_findings_new();
    build(maildir, "",
          (Entry[]){{"cur/1.a,S=14:2,", "Subject: x\n\nb\n"},
                    {"cur/2.a,S=15:2,", "Subject: x\n\nb\n"},
                    {"cur/3.a,W=17,S=14:2,", "Subject: x\n\nb\n"},
                    {"cur/4.a,W=16:2,", "Subject: x\n\nb\n"},
                    {"cur/5.a,S=9,S=14:2,", "Subject: x\n\nb\n"},
                    {"cur/6.a:2,,S=1", "Subject: x\n\nb\n"},
                    {NULL, NULL}});
    g_autofree char *shown = courier_show(
        maildir->fd, ".", &(CourierSourceOptions){.uidl = COURIER_UIDL_NONE}, findings);
    assert_string_equal(shown, "0/0 0|1.a,S=14|||-|0 0|-|||-|0 0|3.a,W=17,S=14|||-|0 0|-|||-|0"
                               " 0|-|||-|0 0|6.a|S||-|0");
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_NAME_SIZE_WRONG), 3);
}

/* A name with a comma carries one. */
static bool
own_identity(MhSpan base, MhDigest *out_id)
{
    size_t at;
    MhDigest digest = {{0}};
    if (!mh_span_find(base, ',', &at))
        return false;
    memcpy(digest.bytes, base.data, MIN(base.len, sizeof digest.bytes));
    *out_id = digest;
    return true;
}

static void
test_identity(void **state)
{
    CourierMaildir *maildir = *state;
    build(maildir, "", (Entry[]){{"cur/1.a:2,S", NULL}, {"cur/2.b,S=3:2,", NULL}, {NULL, NULL}});
    CourierSourceOptions own = {.own_identity = own_identity};
    for (int pass = 0; pass < 2; pass++) {
        g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
        g_autoptr(MhSource) source =
            courier_source_open(maildir->fd, ".", pass == 0 ? NULL : &own, NULL);
        assert_true(source->class->index(source, mailbox, NULL, NULL));
        static const char *const bases[] = {"1.a", "2.b,S=3"};
        for (size_t i = 0; i < 2; i++) {
            MhSpan base = mh_span_from_string(bases[i]);
            MhDigest due = mh_digest_of(base);
            assert_int_equal(own_identity(base, &due), i == 1);
            if (pass == 0)
                due = mh_digest_of(base);
            assert_true(mh_digest_equal(&mh_mailbox_get(mailbox, i)->id, &due));
        }
    }
}

static void
test_what_is_no_message(void **state)
{
    CourierMaildir *maildir = *state;
    g_autoptr(MhFindings) findings = mh_findings_new();
    build(maildir, "",
          (Entry[]){{"cur/1.a:2,", NULL},
                    {"cur/.hidden", NULL},
                    {".other/cur/9.z", NULL},
                    {"cur/new\nline:2,", NULL},
                    {"cur/:2,S", NULL},
                    {NULL, NULL}});
    courier_maildir_mkdir(maildir, "cur/2.dir");
    courier_maildir_link(maildir, "../.other/cur/9.z", "cur/3.inside:2,F");
    courier_maildir_link(maildir, "/etc/passwd", "cur/4.outside:2,");
    courier_maildir_link(maildir, "nothing", "new/5.dangling");
    g_autofree char *fifo = g_build_filename(maildir->path, "new/6.fifo", NULL);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    g_autofree char *shown = courier_show(
        maildir->fd, ".", &(CourierSourceOptions){.uidl = COURIER_UIDL_NONE}, findings);
    assert_string_equal(shown, "0/0 0|-|S||-|0 0|-|||-|0 0|1.a|||-|0 0|3.inside|F||-|0");
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_NOT_A_FILE), 2);
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_MESSAGE_LINK), 1);
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_MESSAGE_LINK_OUT), 2);
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_NAME_UNUSABLE), 2);
}

/* A rename that stopped half way: one file, two names. */
static void
test_linked_twice(void **state)
{
    CourierMaildir *maildir = *state;
    g_autoptr(MhFindings) findings = mh_findings_new();
    build(maildir, "", (Entry[]){{"new/1.a", NULL}, {UIDDB, "1 500 9\n7 1.a\n"}, {NULL, NULL}});
    g_autofree char *from = g_build_filename(maildir->path, "new/1.a", NULL);
    g_autofree char *to = g_build_filename(maildir->path, "cur/1.a:2,S", NULL);
    assert_int_equal(link(from, to), 0);
    g_autofree char *shown = courier_show(
        maildir->fd, ".", &(CourierSourceOptions){.uidl = COURIER_UIDL_NONE}, findings);
    assert_string_equal(shown, "500/9 7|1.a|S||-|0");
    assert_int_equal(mh_findings_count(findings, MH_FINDING_COURIER_FILE_LINKED_TWICE), 1);
}

static void
test_other_folders_have_no_uidls(void **state)
{
    CourierMaildir *maildir = *state;
    build(maildir, ".a.b",
          (Entry[]){{"cur/1.a:2,", NULL},
                    {UIDDB, "1 500 9\n7 1.a\n"},
                    {SIZELIST, "/3 8 77\n1.a:2, 5 4:66:1\n"},
                    {NULL, NULL}});
    g_autofree char *shown = courier_show(maildir->fd, ".a.b", NULL, NULL);
    assert_string_equal(shown, "500/9 7|1.a|||-|0");
    g_autofree char *none = courier_show(maildir->fd, ".a", NULL, NULL);
    assert_true(g_str_has_prefix(none, "error: cannot open Courier folder '.a': "));
}

static void
test_lists_that_cannot_be_read(void **state)
{
    CourierMaildir *maildir = *state;
    build(maildir, "", (Entry[]){{"cur/1.a:2,", NULL}, {NULL, NULL}});
    static const char *const lists[] = {UIDDB, SIZELIST};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autofree char *path = g_build_filename(maildir->path, lists[i], NULL);
        courier_maildir_mkdir(maildir, lists[i]);
        g_autofree char *shown = courier_show(maildir->fd, ".", NULL, NULL);
        assert_true(g_str_has_prefix(shown, "error: "));
        assert_int_equal(rmdir(path), 0);
    }
}

/* Reads what is in @fd from its beginning. */
static char *
read_back(int fd)
{
    char buffer[64] = "";
    ssize_t got = pread(fd, buffer, sizeof buffer - 1, 0);
    return g_strndup(buffer, got > 0 ? (gsize)got : 0);
}

static void
test_copy_and_check(void **state)
{
    CourierMaildir *maildir = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
    build(maildir, "", (Entry[]){{"cur/1.a:2,", "one\r\ntwo\n"}, {NULL, NULL}});
    g_autoptr(MhSource) source = courier_source_open(maildir->fd, ".", NULL, NULL);
    assert_true(source->class->index(source, mailbox, NULL, NULL));
    const MhMessage *message = mh_mailbox_get(mailbox, 0);
    FILE *to = tmpfile();
    assert_true(source->class->copy(source, message, fileno(to), NULL));
    g_autofree char *copied = read_back(fileno(to));
    assert_string_equal(copied, "one\r\ntwo\n");
    int fd = source->class->open_message(source, message, NULL);
    g_autofree char *opened = read_back(fd);
    assert_string_equal(opened, "one\r\ntwo\n");
    close(fd);
    assert_true(source->class->check(source, NULL));

    g_autofree char *old = g_build_filename(maildir->path, "cur/1.a:2,", NULL);
    g_autofree char *renamed = g_build_filename(maildir->path, "cur/1.a:2,S", NULL);
    assert_int_equal(rename(old, renamed), 0);
    assert_false(source->class->check(source, &error));
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN));
    g_clear_error(&error);
    assert_false(source->class->copy(source, message, fileno(to), &error));
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN));
    g_clear_error(&error);
    /* Another file under the old name is not the message. */
    build(maildir, "", (Entry[]){{"cur/1.a:2,", "other bytes"}, {NULL, NULL}});
    assert_int_equal(source->class->open_message(source, message, &error), -1);
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN));
    fclose(to);
}

/* Every list that index() reads is watched, and all of them show in the source's stamp. */
static void
test_stamps(void **state)
{
    CourierMaildir *maildir = *state;
    static const char *const watched[] = {
        "cur/1.a:2,", "new/2.b", UIDDB, SIZELIST, KEYWORDS "1.a", ".x/" UIDDB,
    };
    MhStamp before;
    for (size_t i = 0; i < G_N_ELEMENTS(watched); i++) {
        g_autoptr(MhSource) source = courier_source_open(maildir->fd, ".", NULL, NULL);
        bool seen = i < G_N_ELEMENTS(watched) - 1;
        before = source->stamp;
        g_usleep(20000);
        courier_maildir_write(maildir, watched[i], "1 2 3\n", 6);
        g_autoptr(MhSource) later = courier_source_open(maildir->fd, ".", NULL, NULL);
        if (source->class->check(source, NULL) == seen ||
            mh_stamp_equal(&before, &later->stamp) == seen)
            fail_msg("%s", watched[i]);
    }
}

static int
setup(void **state)
{
    *state = courier_maildir_new();
    return 0;
}

/* @message may be a copy of one whose mailbox has gone. */
static void
check_file_name(MhSource *source, const MhMessage *message, const char *name)
{
    MhSourceFile file;
    assert_true(source->class->find_message(source, message, &file));
    assert_string_equal(file.name, name);
}

/* The mailbox and the source have one text for both the base and the name of the file. */
static void
test_names_held_once(void **state)
{
    static const char *const names[] = {"1.a:2,S", "2.b", "3.\xff:2,FS:x", "4.new"};
    static const char *const bases[] = {"1.a", "2.b", "3.\xff", "4.new"};
    CourierMaildir *maildir = *state;
    MhMessage messages[G_N_ELEMENTS(names)];
    g_autofree char *uidl = g_strnfill(5000, 'u');
    build(maildir, "",
          (Entry[]){{"cur/1.a:2,S", NULL},
                    {"cur/2.b", NULL},
                    {"cur/3.\xff:2,FS:x", NULL},
                    {"new/4.new", NULL},
                    {NULL, NULL}});
    g_autoptr(MhSource) source = courier_source_open(maildir->fd, ".", NULL, NULL);
    MhMailbox *mailbox = mh_mailbox_new();
    assert_true(source->class->index(source, mailbox, NULL, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        mh_mailbox_set_uidl(mailbox, mh_mailbox_get(mailbox, i), mh_span_from_string(uidl));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        messages[i] = *mh_mailbox_get(mailbox, i);
        assert_string_equal(mh_mailbox_name(mailbox, &messages[i]), bases[i]);
        check_file_name(source, &messages[i], names[i]);
        assert_string_equal(mh_mailbox_name(mailbox, &messages[i]), bases[i]);
    }
    mh_mailbox_free(mailbox);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        check_file_name(source, &messages[i], names[i]);
    mailbox = mh_mailbox_new(); /* read again, what another mailbox has is not touched */
    assert_true(source->class->index(source, mailbox, NULL, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        assert_string_equal(mh_mailbox_name(mailbox, mh_mailbox_get(mailbox, i)), bases[i]);
    mh_mailbox_free(mailbox);
}

static int
teardown(void **state)
{
    courier_maildir_free(*state);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_imap_uids),
        cmocka_unit_test(test_pop3_uidls),
        cmocka_unit_test(test_keywords),
        cmocka_unit_test_setup_teardown(test_sizes_and_dates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_listed_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_listed_sizes_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_listed_sizes_older, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_whence_sizes_are, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_size_in_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_held_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_message, setup, teardown),
        cmocka_unit_test_setup_teardown(test_linked_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_folders_have_no_uidls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists_that_cannot_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy_and_check, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stamps, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
