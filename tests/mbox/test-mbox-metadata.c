#include "testing.h"

#include "mbox-metadata.h"

static MboxMetadata
read_text(const char *text)
{
    MboxMetadata metadata;
    mbox_metadata_read(mh_span_from_string(text), &metadata);
    return metadata;
}

static void
test_flags(void **state)
{
    (void)state;
    enum { S = MH_FLAG_SEEN, A = MH_FLAG_ANSWERED, F = MH_FLAG_FLAGGED };
    enum { D = MH_FLAG_DELETED, T = MH_FLAG_DRAFT };
    static const struct {
        const char *header;
        int dovecot, uw, thunderbird;
        bool recent;
    } rows[] = {
        {"", 0, 0, 0, true},
        {"Status: RO\n", S, S, S, false},
        {"Status: R\n", S, S, S, true},
        {"Status: O\r\n", 0, 0, 0, false},
        {"Status: OR\nX-Status: AFTD\n", S | A | F | T | D, S | A | F | T | D, S | A | F | T | D,
         false},
        {"Status: ro\nX-Status: aftd\n", 0, 0, 0, true},
        {"Status: RODF\n", S, S | D | F, S, false},
        {"X-Status: RA\n", A, S | A, A, true},
        {"status : RO\nx-status:\tF\n", S | F, S | F, S | F, false},
        {"Status: O\nStatus: R\n", S, S, S, false},
        {"Status:\n RO\n", S, S, S, false},
        {"\nStatus: RO\n", 0, 0, 0, true},
        {"Subject: x\n Status: RO\n", 0, 0, 0, true},
        {"no header\nStatus: RO\n", S, S, S, false},
        {"Status: O\nX-Mozilla-Status: 0007\n", 0, 0, S | A | F, false},
        {"Status: RO\nX-Mozilla-Status: 0000\nX-Mozilla-Status2: 00200000\n", S, S, D, false},
        {"Status: RO\nX-Mozilla-Status: 100000000\n", S, S, 0, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MboxMetadata m = read_text(rows[i].header);
        if (mbox_metadata_flags(&m, MBOX_HIDING_DOVECOT) != rows[i].dovecot ||
            mbox_metadata_flags(&m, MBOX_HIDING_UW) != rows[i].uw ||
            mbox_metadata_flags(&m, MBOX_HIDING_THUNDERBIRD) != rows[i].thunderbird ||
            mbox_metadata_is_recent(&m, MBOX_HIDING_DOVECOT) != rows[i].recent)
            fail_msg("'%s'", rows[i].header);
    }
}

static void
test_mozilla(void **state)
{
    (void)state;
    MboxMetadata m = read_text("X-Mozilla-Status: 0009\nX-Mozilla-Status2: 00010000\n"
                               "X-Mozilla-Keys: $label1 work                  \n");
    assert_true(mbox_metadata_is_expunged(&m, MBOX_HIDING_THUNDERBIRD));
    assert_false(mbox_metadata_is_expunged(&m, MBOX_HIDING_DOVECOT));
    assert_false(mbox_metadata_is_recent(&m, MBOX_HIDING_THUNDERBIRD));
    assert_true(mh_span_equal(m.mozilla_keys, MH_SPAN_LITERAL("$label1 work")));
    assert_int_equal(m.marks, MBOX_MARK_THUNDERBIRD);
    m = read_text("X-Mozilla-Status: 0000\nX-Mozilla-Status2: 00010000\n");
    assert_true(mbox_metadata_is_recent(&m, MBOX_HIDING_THUNDERBIRD));
    m = read_text("X-Mozilla-Status: 0000\n");
    assert_false(mbox_metadata_is_recent(&m, MBOX_HIDING_THUNDERBIRD));
}

static void
test_uids(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool present, repeated, below, below_repeated;
        uint32_t uid, uid_below;
    } rows[] = {
        {"Subject: x\n", false, false, false, false, 0, 0},
        {"X-UID: 10\n", true, false, false, false, 10, 0},
        {"X-UID:10", true, false, false, false, 10, 0},
        {"X-UID: 10            \r\n", true, false, false, false, 10, 0},
        {"X-UID: 10  \n  \n", true, false, false, false, 10, 0},
        {"X-UID:\n 20\n", true, false, false, false, 0, 0},
        {"X-UID: 1 0\n", true, false, false, false, 0, 0},
        {"X-UID: 0\n", true, false, false, false, 0, 0},
        {"X-UID: 4294967295\n", true, false, false, false, UINT32_MAX, 0},
        {"X-UID: 4294967296\n", true, false, false, false, 0, 0},
        {"X-UID: 15\nX-UID: 16\n", true, true, false, false, 15, 0},
        {"X-UID: x\nX-UID: 16\n", true, true, false, false, 16, 0},
        {"X-IMAPbase: 7 30\nX-UID: 10\n", true, false, true, false, 10, 10},
        {"X-UID: 10\nX-IMAPbase: 7 30\n", true, false, false, false, 10, 0},
        {"X-UID: 10\nX-IMAPbase: 7 30\nX-UID: 11\n", true, true, true, false, 10, 11},
        {"X-IMAPbase: 0 30\nX-UID: 10\n", true, false, false, false, 10, 0},
        {"x-imap: 7 30\nx-uid: 10\nX-Uid: 11\n", true, true, true, true, 10, 10},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MboxMetadata m = read_text(rows[i].header);
        if (m.uid.present != rows[i].present || m.uid.repeated != rows[i].repeated ||
            m.uid.uid != rows[i].uid || m.uid_below_base.present != rows[i].below ||
            m.uid_below_base.repeated != rows[i].below_repeated ||
            m.uid_below_base.uid != rows[i].uid_below)
            fail_msg("'%s'", rows[i].header);
    }
}

static void
test_bases(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool has_base, broken, is_x_imap, has_last;
        uint32_t uidvalidity, uidlast;
        const char *keywords; /* each followed by ';' */
        unsigned marks;
    } rows[] = {
        {"X-IMAPbase: 1111111111 0000000030 Work NonJunk\n", true, false, false, true, 1111111111,
         30, "Work;NonJunk;", MBOX_MARK_DOVECOT},
        {"X-IMAPbase: 1111111111 30 Work\n", true, false, false, true, 1111111111, 30, "Work;",
         MBOX_MARK_CCLIENT},
        {"X-IMAPbase: 1111111111 1000000030\r\n", true, false, false, true, 1111111111, 1000000030,
         "", 0},
        {"X-IMAP: 1111111111 0000000030\n", true, false, true, true, 1111111111, 30, "",
         MBOX_MARK_CCLIENT},
        {"X-IMAPbase: 7   30   a\r\n\tb\r\n  c  \r\n", true, false, false, true, 7, 30, "a;b;c;",
         MBOX_MARK_CCLIENT},
        {"X-IMAPbase: 7 \n 30 a\n", true, false, false, true, 7, 30, "a;", MBOX_MARK_CCLIENT},
        {"X-IMAPbase: 7\n", true, false, false, false, 7, 0, "", 0},
        {"X-IMAPbase: 7 99999999999\n", true, false, false, true, 7, UINT32_MAX, "",
         MBOX_MARK_CCLIENT},
        {"X-IMAPbase: 0 30\n", false, true, false, false, 0, 0, "", 0},
        {"X-IMAPbase: 4294967296 30\n", false, true, false, false, 0, 0, "", 0},
        {"X-IMAPbase: 7\t30\n", false, true, false, false, 0, 0, "", 0},
        {"X-IMAPbase: 7 Work\n", false, true, false, false, 0, 0, "", 0},
        {"X-IMAPbase: 7 30x\n", false, true, false, false, 0, 0, "", 0},
        {"X-IMAPbase: 30\n 7\n", false, true, false, false, 0, 0, "", 0},
        {"X-IMAPbase:\n", false, true, false, false, 0, 0, "", 0},
        {"X-IMAPbase: 7 0000000030\nX-IMAP: 8 40\n", true, false, false, true, 7, 30, "",
         MBOX_MARK_DOVECOT},
        {"X-IMAPbase: 0\nX-IMAP: 8 40\n", true, true, true, true, 8, 40, "", MBOX_MARK_CCLIENT},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MboxMetadata m = read_text(rows[i].header);
        GString *names = g_string_new(NULL);
        MhSpan rest = m.base.keywords, name;
        while (mbox_metadata_next_keyword(&rest, &name))
            g_string_append_printf(names, "%.*s;", (int)name.len, (const char *)name.data);
        bool same_names = strcmp(names->str, rows[i].keywords) == 0;
        g_string_free(names, TRUE);
        if (m.has_base != rows[i].has_base || m.base_broken != rows[i].broken ||
            m.base.is_x_imap != rows[i].is_x_imap || m.base.has_last != rows[i].has_last ||
            m.base.uidvalidity != rows[i].uidvalidity || m.base.uidlast != rows[i].uidlast ||
            m.marks != rows[i].marks || !same_names)
            fail_msg("'%s': marks %u", rows[i].header, m.marks);
    }
}

static void
test_other_fields(void **state)
{
    (void)state;
    MboxMetadata m = read_text("Received: from a;\r\n\t1 Jan 2004 00:00 UT\r\n"
                               "Received: from b; never\r\n"
                               "Date: Thu, 9 Nov 2000 22:33:52 +0300\r\n"
                               "Date: another\r\n"
                               "Content-Length: x\r\n"
                               "Content-Length: 60  \r\n"
                               "Content-Length: 61\r\n"
                               "Lines: 4\r\n"
                               "X-UIDL: abc!d\r\n"
                               "X-Status: \r\n"
                               "X-Keywords: a b              \r\n"
                               "X-Keywords: c\r\n"
                               "X-UID: 3   \r\n"
                               "X-Delivery-ID: 1\r\n"
                               "X-GM-THRID: 12\r\n"
                               "\r\n"
                               "X-Mozilla-Status: 0001\r\n");
    assert_true(mh_span_equal(m.received, MH_SPAN_LITERAL("from a;\r\n\t1 Jan 2004 00:00 UT")));
    assert_true(mh_span_equal(m.date, MH_SPAN_LITERAL("Thu, 9 Nov 2000 22:33:52 +0300")));
    assert_true(m.has_content_length);
    assert_int_equal(m.content_length, 60);
    assert_true(m.has_lines);
    assert_int_equal(m.lines, 4);
    assert_true(mh_span_equal(m.uidl, MH_SPAN_LITERAL("abc!d")));
    assert_true(mh_span_equal(m.keywords, MH_SPAN_LITERAL("a b")));
    assert_true(m.has_delivery_id);
    assert_int_equal(m.marks,
                     MBOX_MARK_QPOPPER | MBOX_MARK_CCLIENT | MBOX_MARK_DOVECOT | MBOX_MARK_GMAIL);
    assert_false(m.has_mozilla_status);
    assert_int_equal(read_text("X-UID: 3\nStatus: O\nX-Keywords:    \nX-Status: \n").marks, 0);
}

static void
test_placeholder(void **state)
{
    (void)state;
    MboxMetadata m =
        read_text("Date: 05 Jan 2023 10:11:12 +0000\n"
                  "From: Mail System Internal Data <MAILER-DAEMON@h>\n"
                  "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
                  "Message-ID: <1@h>\nX-IMAP: 1111111111 0000000030 Work\nStatus: RO\n\n");
    assert_true(m.is_internal_data && m.has_base && m.base.is_x_imap);
    m = read_text("From: joe\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n");
    assert_false(m.is_internal_data);
    m = read_text("From: <MAILER-DAEMON@h>\nSubject: Re: DON'T DELETE THIS MESSAGE -- FOLDER "
                  "INTERNAL DATA\n");
    assert_false(m.is_internal_data);
}

static bool
keep(MhSpan kept, void *user)
{
    assert_true(kept.len > 0);
    g_string_append_len(user, (const char *)kept.data, (gssize)kept.len);
    return true;
}

static void
test_filter(void **state)
{
    (void)state;
    static const struct {
        const char *name, *header, *dovecot, *thunderbird;
        const char *uw; /* NULL: as Dovecot */
    } rows[] = {
        {"empty", "", "", "", NULL},
        {"none", "A: 1\nB: 2\n\n", "A: 1\nB: 2\n\n", "A: 1\nB: 2\n\n", NULL},
        {"all", "Status: RO\n", "", "", NULL},
        {"between", "A: 1\nStatus: RO\nX-UID: 3\nB: 2\n\n", "A: 1\nB: 2\n\n", "A: 1\nB: 2\n\n",
         NULL},
        {"folded", "X-Keywords: a\n b\n\tc\nB: 2\n", "B: 2\n", "B: 2\n", NULL},
        {"folded, CRLF", "A: 1\r\nX-IMAPbase: 1 2\r\n b\r\n \r\nB: 2\r\n\r\n",
         "A: 1\r\nB: 2\r\n\r\n", "A: 1\r\nB: 2\r\n\r\n", NULL},
        {"no final LF", "A: 1\nX-IMAP: 1 2", "A: 1\n", "A: 1\n", NULL},
        {"any case", "CONTENT-length : 3\nx-STATUS:\nA: 1\n", "A: 1\n", "A: 1\n",
         "CONTENT-length : 3\nA: 1\n"},
        {"longer names", "X-Statuses: 1\nX-UIDL: 2\nX-UI: 3\n",
         "X-Statuses: 1\nX-UIDL: 2\nX-UI: 3\n", "X-Statuses: 1\nX-UIDL: 2\nX-UI: 3\n", NULL},
        {"behind the header", "Status: R\n\nStatus: O\n", "\nStatus: O\n", "\nStatus: O\n", NULL},
        {"no header line", "words\n more\nStatus: R\n>From x\n", "words\n more\n>From x\n",
         "words\n more\n>From x\n", NULL},
        {"blank first", " Status: R\nStatus: O\n", " Status: R\n", " Status: R\n", NULL},
        {"mozilla", "X-Mozilla-Status: 0001\nX-Mozilla-Status2: 0\nX-Mozilla-Keys: \nA: 1\n",
         "X-Mozilla-Status: 0001\nX-Mozilla-Status2: 0\nX-Mozilla-Keys: \nA: 1\n", "A: 1\n", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan header = testing_exact_copy(rows[i].header, strlen(rows[i].header));
        GString *dovecot = g_string_new(NULL), *uw = g_string_new(NULL);
        GString *thunderbird = g_string_new(NULL);
        bool all = mbox_metadata_filter(header, MBOX_HIDING_DOVECOT, keep, dovecot) &&
                   mbox_metadata_filter(header, MBOX_HIDING_UW, keep, uw) &&
                   mbox_metadata_filter(header, MBOX_HIDING_THUNDERBIRD, keep, thunderbird);
        if (!all || strcmp(dovecot->str, rows[i].dovecot) != 0 ||
            strcmp(uw->str, rows[i].uw != NULL ? rows[i].uw : rows[i].dovecot) != 0 ||
            strcmp(thunderbird->str, rows[i].thunderbird) != 0)
            fail_msg("%s: '%s' '%s'", rows[i].name, dovecot->str, thunderbird->str);
        g_string_free(dovecot, TRUE);
        g_string_free(uw, TRUE);
        g_string_free(thunderbird, TRUE);
        g_free((void *)(uintptr_t)header.data);
    }
}

static bool
refuse(MhSpan kept, void *user)
{
    (void)kept;
    ++*(int *)user;
    return false;
}

static void
test_filter_stops(void **state)
{
    (void)state;
    int calls = 0;
    MhSpan header = MH_SPAN_LITERAL("A: 1\nStatus: R\nB: 2\n");
    assert_false(mbox_metadata_filter(header, MBOX_HIDING_DOVECOT, refuse, &calls));
    assert_int_equal(calls, 1);
}

static bool
count(MhSpan kept, void *user)
{
    *(size_t *)user += kept.len;
    return true;
}

static void
check_survival(const char *text, size_t len)
{
    MhSpan header = testing_exact_copy(text, len);
    MboxMetadata m;
    mbox_metadata_read(header, &m);
    size_t steps = 0;
    MhSpan rest = m.base.keywords, name;
    while (mbox_metadata_next_keyword(&rest, &name))
        steps++;
    assert_true(steps <= len);
    size_t kept = 0;
    assert_true(mbox_metadata_filter(header, MBOX_HIDING_THUNDERBIRD, count, &kept));
    assert_true(kept <= len);
    g_free((void *)(uintptr_t)header.data);
}

static void
test_damage(void **state)
{
    (void)state;
    static const char good[] = "X-IMAPbase: 1111111111 0000000030 Work\r\n\tNonJunk\r\n"
                               "X-UID: 10     \r\nStatus: RO\r\nX-Status: \r\n"
                               "X-Keywords: Work\r\n NonJunk  \r\nContent-Length: 5\r\n"
                               "Date: 1 Jan 2004 00:00 UT\r\nX-Mozilla-Status: 0001\r\n\r\n";
    static const char bytes[] = {0, ' ', '\t', '\r', '\n', ':', '9', 'A', (char)0xff};
    char text[sizeof(good)];
    memcpy(text, good, sizeof(good));
    for (size_t cut = 0; cut < sizeof(good); cut++)
        check_survival(text, cut);
    for (size_t at = 0; at < sizeof(good) - 1; at++) {
        for (size_t b = 0; b < sizeof(bytes); b++) {
            text[at] = bytes[b];
            check_survival(text, sizeof(good) - 1);
        }
        text[at] = good[at];
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags),        cmocka_unit_test(test_mozilla),
        cmocka_unit_test(test_uids),         cmocka_unit_test(test_bases),
        cmocka_unit_test(test_other_fields), cmocka_unit_test(test_placeholder),
        cmocka_unit_test(test_filter),       cmocka_unit_test(test_filter_stops),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
