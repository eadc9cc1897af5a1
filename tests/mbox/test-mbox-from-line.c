#include "testing.h"

#include "mbox-from-line.h"

#define NONE      MBOX_FROM_NONE
#define WORDS     MBOX_FROM_WORDS
#define BARE      MBOX_FROM_BARE
#define ODD       MBOX_FROM_ODD_DATE
#define DATE      MBOX_FROM_DATE
#define NOT_VALID INT64_MIN

enum {
    D = 1, /* Dovecot accepts */
    C = 2, /* c-client accepts */
    Z = 4, /* the date has a zone */
    B = 8, /* a zone stands before the year */
};

static const struct {
    const char *name;
    const char *line;
    MboxFromKind kind;
    unsigned bits;
    const char *sender;
    int64_t value; /* a date without zone: as if it were UTC */
} rows[] = {
    /* the usual writers */
    {"asctime", "From joe@x Thu Nov  9 22:33:52 2000", DATE, D | C, "joe@x", 973809232},
    {"two blanks", "From joe@x  Thu Nov  9 22:33:52 2000", DATE, D | C, "joe@x", 973809232},
    {"CR", "From joe@x Thu Nov  9 22:33:52 2000\r", DATE, D | C, "joe@x", 973809232},
    {"padded day", "From joe@x Thu Nov 09 22:33:52 2000", DATE, D | C, "joe@x", 973809232},
    {"unpadded day", "From joe@x Thu Nov 9 22:33:52 2000", DATE, D, "joe@x", 973809232},
    {"day of two digits", "From j Fri Nov 10 22:33:52 2000", DATE, D | C, "j", 973895632},
    {"c-client append", "From joe@x Thu Nov  9 22:33:52 2000 +0300", DATE, D | C | Z, "joe@x",
     973798432},
    {"half-hour zone", "From joe@x Thu Nov  9 22:33:52 2000 +0530", DATE, D | C | Z, "joe@x",
     973789432},
    {"named zone behind", "From joe@x Thu Nov  9 22:33:52 2000 EST", DATE, D | C | Z, "joe@x",
     973827232},
    {"zone of four letters behind", "From joe@x Thu Nov  9 22:33:52 2000 CEST", DATE, D | Z,
     "joe@x", 973802032},
    {"named zone before", "From joe@x Thu Nov  9 22:33:52 EST 2000", DATE, D | C | Z | B, "joe@x",
     973827232},
    {"unknown zone before", "From joe@x Thu Nov  9 22:33:52 QQT 2000", DATE, D | C | B, "joe@x",
     973809232},
    {"zone and its name", "From joe@x Thu Nov  9 22:33:52 2000 +0300 (MSK)", DATE, D | Z, "joe@x",
     973798432},
    {"two zones", "From joe@x Thu Nov  9 22:33:52 2000 +0300 MSK", ODD, D | Z, "joe@x", 973798432},
    {"MET DST", "From joe@x Thu Nov  9 22:33:52 MET DST 2000", DATE, Z | B, "joe@x", 973802032},
    {"no seconds", "From joe Thu Nov  9 22:33 2000", DATE, D | C, "joe", 973809180},
    {"no seconds, zone before", "From joe Thu Nov  9 22:33 EST 2000", DATE, D | C | Z | B, "joe",
     973827180},
    {"two-digit year", "From joe Thu Nov  9 22:33:52 00", DATE, 0, "joe", 973809232},
    {"two digits, zone", "From joe Thu Nov  9 22:33 EST 95", DATE, Z | B, "joe", 815974380},
    {"gmail", "From 1234567890123456789@xxx Thu Nov 09 22:33:52 +0000 2000", DATE, D | C | Z | B,
     "1234567890123456789@xxx", 973809232},
    {"thunderbird", "From - Thu Nov 09 22:33:52 2000", DATE, D | C, "-", 973809232},
    {"eudora", "From ?\?\?@?\?? Thu Nov 09 22:33:52 2000", DATE, D | C, "?\?\?@?\??", 973809232},
    {"pipermail", "From joe at x.org  Thu Nov  9 22:33:52 2000", DATE, C, "joe at x.org",
     973809232},
    {"uucp", "From a!b!joe Thu Nov  9 22:33:52 2000 remote from host", DATE, D | C, "a!b!joe",
     973809232},
    {"uucp, zone", "From a!joe Thu Nov  9 22:33 EST 2000 remote from host", DATE, D | C | Z | B,
     "a!joe", 973827180},
    {"git", "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001", DATE, D | C,
     "0123456789012345678901234567890123456789", 1000684800},
    {"epoch", "From x Thu Jan  1 00:00:00 1970", DATE, D | C, "x", 0},
    /* senders */
    {"empty sender", "From  Thu Nov  9 22:33:52 2000", DATE, D | C, "", 973809232},
    {"no sender at all", "From Thu Nov  9 22:33:52 2000", DATE, C, "", 973809232},
    {"quoted", "From \"joe the \\\"x\"@y Thu Nov  9 22:33:52 2000", DATE, D | C,
     "\"joe the \\\"x\"@y", 973809232},
    {"quote never ends", "From \"joe the Thu Nov  9 22:33:52 2000", DATE, C, "\"joe the",
     973809232},
    {"brackets", "From <joe@x> Thu Nov  9 22:33:52 2000", DATE, D | C, "<joe@x>", 973809232},
    {"8-bit", "From j\xf6\xff Thu Nov  9 22:33:52 2000", DATE, D | C, "j\xf6\xff", 973809232},
    {"a sender with a weekday", "From Joe Sun Thu Nov  9 22:33:52 2000", DATE, C, "Joe Sun",
     973809232},
    {"many words", "From a b c d e f g h i j k l m n o p Thu Nov  9 22:33:52 2000", DATE, C,
     "a b c d e f g h i j k l m n o p", 973809232},
    /* spelling */
    {"tab before the date", "From joe@x\tThu Nov  9 22:33:52 2000", DATE, 0, "joe@x", 973809232},
    {"blank and tab", "From joe@x \tThu Nov  9 22:33:52 2000", DATE, 0, "joe@x", 973809232},
    {"trailing blanks", "From joe@x Thu Nov  9 22:33:52 2000  \t", DATE, D, "joe@x", 973809232},
    {"capitals", "From joe@x THU NOV  9 22:33:52 2000", DATE, D | C, "joe@x", 973809232},
    {"small", "From joe@x thu nov  9 22:33:52 2000", DATE, D | C, "joe@x", 973809232},
    {"Sept", "From joe@x Sat Sept  9 22:33:52 2000", DATE, 0, "joe@x", 968538832},
    {"second 60", "From joe@x Sat Dec 31 23:59:60 2016", DATE, D | C, "joe@x", 1483228800},
    {"rfc822 order", "From joe@x Thu, 9 Nov 2000 22:33:52", DATE, D, "joe@x", 973809232},
    {"rfc822, zone", "From joe@x Thu, 09 Nov 2000 22:33:52 +0300", DATE, D | Z, "joe@x", 973798432},
    {"rfc822, two-digit year", "From joe@x Thu, 9 Nov 00 22:33:52 GMT", DATE, Z, "joe@x",
     973809232},
    /* odd ones */
    {"hour 24", "From joe@x Thu Nov  9 24:00:00 2000", ODD, D | C, "joe@x", 973814400},
    {"hour 25", "From joe@x Thu Nov  9 25:00:00 2000", ODD, D | C, "joe@x", 973818000},
    {"hour 25 and a zone", "From joe@x Thu Nov  9 25:00:00 2000 +0000", ODD, C | Z, "joe@x",
     973818000},
    {"30 February", "From joe@x Wed Feb 30 12:00:00 2000", ODD, D | C, "joe@x", 951912000},
    {"long names", "From joe@x Thursday November  9 22:33:52 2000", ODD, 0, "joe@x", 973809232},
    {"iso", "From joe@x 2000-11-09T22:33:52Z", ODD, Z, "joe@x", 973809232},
    {"iso, blanks", "From joe@x 2000-11-09 22:33:52 +0300", ODD, Z, "joe@x", 973798432},
    {"iso, fraction", "From joe@x 2000-11-09T22:33:52.123456+03:00", ODD, Z, "joe@x", 973798432},
    {"iso, slashes", "From joe@x 2000/11/09 22:33", ODD, 0, "joe@x", 973809180},
    {"german", "From joe@x Do M\xc3\xa4r  9 22:33:52 2000", ODD, 0, "joe@x", 952641232},
    {"german, latin-1", "From joe@x Don M\xe4r  9 22:33:52 2000", ODD, C, "joe@x", 952641232},
    {"german, day first", "From joe@x Do 9. Dez 22:33:52 2000", ODD, 0, "joe@x", 976401232},
    {"french", "From joe@x jeu. f\xc3\xa9vr.  9 22:33:52 2000", ODD, 0, "joe@x", 950135632},
    {"a month nobody knows", "From joe@x gio xyz  9 22:33:52 2000", ODD, C, "joe@x", NOT_VALID},
    {"no weekday", "From joe@x Nov  9 22:33:52 2000", ODD, 0, "joe@x", 973809232},
    {"PM", "From joe@x Thu Nov  9 10:33:52 PM EST 2000", ODD, Z | B, "joe@x", 973827232},
    {"12 AM", "From joe@x Thu Nov  9 12:33:52 AM 2000", ODD, D, "joe@x", 973730032},
    {"year 100", "From joe@x Sat Jan  1 00:00:00 100", ODD, 0, "joe@x", 946684800},
    {"year 19100", "From joe@x Sat Jan  1 00:00:00 19100", ODD, D, "joe@x", 946684800},
    {"year 0000", "From joe@x Sat Jan  1 00:00:00 0000", ODD, D | C, "joe@x", NOT_VALID},
    {"something follows", "From joe@x Thu Nov  9 22:33:52 2000 we met", ODD, D, "joe@x", 973809232},
    {"month ???", "From joe@x Thu ?\?\?  9 22:33:52 2000", ODD, D | C, "joe@x", 947457232},
    {"zone of a long name", "From joe@x Thu Nov  9 22:33:52 Europe/Berlin 2000", ODD, D | B,
     "joe@x", 973809232},
    /* no date */
    {"bare", "From ", BARE, 0, "", 0},
    {"bare, CR", "From \r", BARE, 0, "", 0},
    {"bare, blanks", "From   \t", BARE, 0, "", 0},
    {"hyphen", "From -", BARE, 0, "-", 0},
    {"hyphen, CR", "From - \r", BARE, 0, "-", 0},
    {"prose with a date", "From 10:30 on Jan 5 2004 we met", WORDS, 0, "", 0},
    {"prose", "From the desk of the managing director", WORDS, 0, "", 0},
    {"prose, day and year", "From the meeting on Monday, Jan 5 2004", WORDS, 0, "", 0},
    {"prose, time last", "From Monday Jan 5 2004 we meet at 10:30", WORDS, 0, "", 0},
    {"prose in c-client's columns", "From 10 to 12 and so on abc def gh ij:kl 2004", WORDS, C, "",
     0},
    {"sender only", "From joe@x", WORDS, 0, "", 0},
    {"minute of one digit", "From joe@x Thu Nov  9 22:3:52 2000", WORDS, 0, "", 0},
    {"day of three digits", "From joe@x Thu Nov 009 22:33:52 2000", WORDS, 0, "", 0},
    {"year of six digits", "From joe@x Thu Nov  9 22:33:52 200000", ODD, D, "joe@x", 973809232},
    {"no year", "From joe@x Thu Nov  9 22:33:52", WORDS, 0, "", 0},
    /* no separator */
    {"empty", "", NONE, 0, "", 0},
    {"no blank", "From", NONE, 0, "", 0},
    {"header", "From: joe@x", NONE, 0, "", 0},
    {"small letters", "from joe@x Thu Nov  9 22:33:52 2000", NONE, 0, "", 0},
    {"quoted line", ">From joe@x Thu Nov  9 22:33:52 2000", NONE, 0, "", 0},
    {"tab", "From\tjoe@x Thu Nov  9 22:33:52 2000", NONE, 0, "", 0},
};

static void
test_lines(void **state)
{
    (void)state;
    bool failed = false;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhSpan line = testing_exact_copy(rows[i].line, strlen(rows[i].line));
        MboxFromLine from;
        MboxFromKind kind = mbox_from_line_parse(line, &from);
        unsigned bits = (from.dovecot_accepts ? D : 0u) | (from.cclient_accepts ? C : 0u) |
                        (from.date.has_zone ? Z : 0u) | (from.zone_before_year ? B : 0u);
        int64_t value = 0;
        if (kind >= MBOX_FROM_ODD_DATE)
            value = mh_date_valid(&from.date) ? mh_date_to_unix(&from.date, NULL) : NOT_VALID;
        bool same_sender = mh_span_equal(from.sender, mh_span_from_string(rows[i].sender));
        g_free((void *)(uintptr_t)line.data);
        if (kind != from.kind || kind != rows[i].kind || bits != rows[i].bits ||
            value != rows[i].value || !same_sender) {
            failed = true;
            print_error("%s: kind %d, bits %x, %lld, sender %d\n", rows[i].name, (int)kind, bits,
                        (long long)value, same_sender);
        }
    }
    assert_false(failed);
}

static void
test_nul(void **state)
{
    (void)state;
    static const char line[] = "From jo\0e Thu Nov  9 22:33:52 2000";
    MboxFromLine from;
    assert_int_equal(mbox_from_line_parse(mh_span(line, sizeof(line) - 1), &from), MBOX_FROM_DATE);
    assert_true(from.dovecot_accepts);
    assert_false(from.cclient_accepts);
}

/* The short way for usual lines and the search find the same. */
static void
check_both_ways(MhSpan line, const MboxFromLine *found)
{
    MboxFromLine from;
    assert_int_equal(mbox_from_line_search(line, &from), found->kind);
    assert_int_equal(from.sender.len, found->sender.len);
    assert_true(from.sender.len == 0 || from.sender.data == found->sender.data);
    assert_int_equal(from.dovecot_accepts, found->dovecot_accepts);
    assert_int_equal(from.cclient_accepts, found->cclient_accepts);
    assert_int_equal(from.zone_before_year, found->zone_before_year);
    const MhDate *a = &from.date, *b = &found->date;
    assert_int_equal(a->has_zone, b->has_zone);
    assert_int_equal(a->zone_offset_min, b->zone_offset_min);
    assert_true(a->year == b->year && a->month == b->month && a->day == b->day);
    assert_true(a->hour == b->hour && a->minute == b->minute && a->second == b->second);
}

static void
check_survival(const char *text, size_t len)
{
    MhSpan line = testing_exact_copy(text, len);
    MboxFromLine from;
    MboxFromKind kind = mbox_from_line_parse(line, &from);
    assert_int_equal(kind, from.kind);
    check_both_ways(line, &from);
    if (kind == MBOX_FROM_DATE)
        assert_true(mh_date_valid(&from.date));
    if (kind < MBOX_FROM_ODD_DATE)
        assert_int_equal(from.date.year, 0);
    if (from.sender.len > 0)
        assert_true(from.sender.data >= line.data &&
                    from.sender.data + from.sender.len <= line.data + line.len);
    g_free((void *)(uintptr_t)line.data);
}

static void
test_damage(void **state)
{
    (void)state;
    static const char bytes[] = {0,   ' ', '\t', '\r', '\n', '"', '\\',
                                 ':', '-', '+',  '9',  'A',  '(', (char)0xff};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *text = g_strdup(rows[i].line);
        size_t len = strlen(text);
        for (size_t cut = 0; cut <= len; cut++)
            check_survival(text, cut);
        for (size_t at = 0; at < len; at++) {
            char was = text[at];
            for (size_t b = 0; b < sizeof(bytes); b++) {
                text[at] = bytes[b];
                check_survival(text, len);
            }
            text[at] = was;
        }
        g_free(text);
    }
}

/* Words that could be part of a date, in the sender's place, before dates of every field. */
static void
test_usual(void **state)
{
    (void)state;
    static const char *const senders[] = {
        "joe@x",  "-",    "5",          "12",    "Thu",    "Mon,",  "May",
        "mai@x",  "Do",   "2004-01-05", "22:33", "PM",     "+0100", "(CET)",
        "remote", "a\"b", "\"a",        "\xff",  "joe\rx", "99",    "2004-01-05T10:30:00Z",
    };
    static const char *const dates[] = {
        "Thu Nov  9 22:33:52 2000", "thu NOV 09 22:33:52 2000", "Thu Nov  0 22:33:52 2000",
        "Tue Feb 29 00:00:00 2000", "Thu Feb 29 00:00:00 1900", "Thu Nov 31 22:33:52 2000",
        "Thu Nov  9 24:00:00 2000", "Thu Nov  9 23:59:60 2000", "Thu Nov  9 22:33:61 2000",
        "Thu Nov  9 22:33:52 0000", "Thu Nov  9 22:33:52 0099", "Thu Nov  9 22:33:52 9999",
        "Thx Nov  9 22:33:52 2000", "Thu ???  9 22:33:52 2000", "Thu Okt  9 22:33:52 2000",
        "Mon Sep 17 00:00:00 2001", "Thu Nov 9  22:33:52 2000", "Thu  Nov 9 22:33:52 2000",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(senders); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(dates); j++) {
            g_autofree char *line = g_strdup_printf("From %s %s", senders[i], dates[j]);
            check_survival(line, strlen(line));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_usual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
