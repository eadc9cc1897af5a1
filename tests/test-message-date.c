#include "testing.h"

#include "message-date.h"

#define BAD INT64_MIN
/* Marks a date without zone: the value is what it means in UTC. */

static int64_t
parse(bool (*parser)(MhSpan, MhDate *), const char *text, size_t len, bool *out_has_zone)
{
    MhDate date = {.year = -7};
    MhSpan copy = testing_exact_copy(text, len);
    bool good = parser(copy, &date);
    g_free((void *)(uintptr_t)copy.data);
    if (!good) {
        assert_int_equal(date.year, -7);
        return BAD;
    }
    assert_true(mh_date_valid(&date));
    *out_has_zone = date.has_zone;
    return mh_date_to_unix(&date, NULL);
}

static const struct {
    const char *name;
    const char *text;
    int64_t value;
    bool has_zone;
} rfc5322_rows[] = {
    {"plain", "Thu, 09 Nov 2000 22:33:52 +0300", 973798432, true},
    {"no weekday", "9 Nov 2000 22:33:52 +0300", 973798432, true},
    {"no seconds", "Thu, 9 Nov 2000 22:33 +0300", 973798380, true},
    {"half-hour zone", "Thu, 09 Nov 2000 22:33:52 +0530", 973789432, true},
    {"half-hour zone, west", "Thu, 09 Nov 2000 22:33:52 -0330", 973821832, true},
    {"unknown side", "Thu, 09 Nov 2000 22:33:52 -0000", 973809232, true},
    {"no zone", "Thu, 09 Nov 2000 22:33:52", 973809232, false},
    {"leap second", "Sat, 31 Dec 2016 23:59:60 +0000", 1483228800, true},
    {"second 61", "Sat, 31 Dec 2016 23:59:61 +0000", BAD, false},
    {"hour 24", "Sat, 31 Dec 2016 24:00:00 +0000", BAD, false},
    {"minute 60", "Sat, 31 Dec 2016 23:60:00 +0000", BAD, false},
    {"epoch", "Thu, 1 Jan 1970 00:00:00 GMT", 0, true},
    {"before the epoch", "Wed, 31 Dec 1969 23:59:59 GMT", -1, true},
    {"two digits, 68", "1 Jan 68 00:00 UT", 3092601600, true},
    {"two digits, 69", "1 Jan 69 00:00 UT", -31536000, true},
    {"three digits", "1 Jan 100 00:00 UT", 946684800, true},
    {"year 0", "1 Jan 0000 00:00 UT", BAD, false},
    {"year 1", "1 Jan 0001 00:00 UT", -62135596800, true},
    {"year 9999", "31 Dec 9999 23:59:59 UT", 253402300799, true},
    {"year of five digits", "1 Jan 10000 00:00 UT", BAD, false},
    {"leap day", "29 Feb 2000 00:00 UT", 951782400, true},
    {"no leap day", "29 Feb 1900 00:00 UT", BAD, false},
    {"leap day 2004", "29 Feb 2004 00:00 UT", 1078012800, true},
    {"day 0", "0 Jan 2000 00:00 UT", BAD, false},
    {"day 31 of 30", "31 Apr 2000 00:00 UT", BAD, false},
    {"EST", "Thu, 9 Nov 2000 22:33:52 EST", 973827232, true},
    {"pdt", "Thu, 9 Nov 2000 22:33:52 pdt", 973834432, true},
    {"CEST", "Thu, 9 Nov 2000 22:33:52 CEST", 973802032, true},
    {"military", "Thu, 9 Nov 2000 22:33:52 A", 973809232, true},
    {"no military J", "Thu, 9 Nov 2000 22:33:52 J", 973809232, true},
    {"a name nobody knows", "Thu, 9 Nov 2000 22:33:52 XYZT", 973809232, true},
    {"GMT+0100", "Thu, 9 Nov 2000 22:33:52 GMT+0100", 973805632, true},
    {"zone with colon", "Thu, 9 Nov 2000 22:33:52 +01:00", 973805632, true},
    {"zone in a comment", "Thu, 9 Nov 2000 22:33:52 (EST)", 973809232, false},
    {"comment behind", "Thu, 9 Nov 2000 22:33:52 +0000 (UTC)", 973809232, true},
    {"zone touching a comment", "Thu, 9 Nov 2000 22:33:52 +0100(CET)", 973805632, true},
    {"comments", "(a)Thu(b(c\\))),(d) 9(e) Nov (f)2000 22(g):(h)33 : 52(i) +0300(", 973798432,
     true},
    {"folded", "Thu,\r\n 9 Nov\n\t2000 22:33:52\r\n +0300\r\n", 973798432, true},
    {"no comma", "Thu 9 Nov 2000 22:33:52 +0300", 973798432, true},
    {"any case", "THU, 9 nOV 2000 22:33:52 +0300", 973798432, true},
    {"long names", "Thursday, 9 November 2000 22:33:52 +0300", 973798432, true},
    {"Sept", "Sat, 9 Sept 2000 00:00:00 +0000", 968457600, true},
    {"Septe", "Sat, 9 Septe 2000 00:00:00 +0000", BAD, false},
    {"hyphens", "Thursday, 09-Nov-00 22:33:52 GMT", 973809232, true},
    {"ctime", "Thu Nov  9 22:33:52 2000", 973809232, false},
    {"ctime, zone before", "Thu Nov  9 22:33:52 EST 2000", 973827232, true},
    {"ctime, zone behind", "Thu Nov  9 22:33:52 2000 +0300", 973798432, true},
    {"junk behind", "Thu, 9 Nov 2000 22:33:52 +0300 there", 973798432, true},
    {"foreign month", "Do, 9 Nov 2000 22:33:52 +0300", BAD, false},
    {"empty", "", BAD, false},
    {"words", "yesterday", BAD, false},
    {"day of three digits", "009 Nov 2000 22:33:52 +0300", BAD, false},
    {"huge day", "99999999999999999999 Nov 2000 22:33:52 +0300", BAD, false},
    {"zone out of range", "9 Nov 2000 22:33:52 +2460", 973809232, false},
};

static void
test_rfc5322(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rfc5322_rows); i++) {
        const char *text = rfc5322_rows[i].text;
        bool has_zone = false;
        int64_t value = parse(mh_date_parse_rfc5322, text, strlen(text), &has_zone);
        if (value != rfc5322_rows[i].value || has_zone != rfc5322_rows[i].has_zone)
            fail_msg("%s: %lld", rfc5322_rows[i].name, (long long)value);
    }
}

static void
test_received(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } rows[] = {
        {"from a by b; Thu, 9 Nov 2000 22:33:52 +0300", 973798432},
        {"from a (x; y) by b;\r\n\tThu, 9 Nov 2000 22:33:52 +0300 (MSK; here)\r\n", 973798432},
        {"from \"a;b(\" by b; Thu, 9 Nov 2000 22:33:52 +0300", 973798432},
        {"from \"a\\\"; by b\"; Thu, 9 Nov 2000 22:33:52 +0300", 973798432},
        {"from (never closed by b; Thu, 9 Nov 2000 22:33:52 +0300", 973798432},
        {"for x; Thu, 9 Nov 2000 22:33:52 +0300; never", BAD},
        {"from a by b", BAD},
        {";", BAD},
        {"", BAD},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        bool has_zone;
        int64_t value =
            parse(mh_date_parse_received, rows[i].text, strlen(rows[i].text), &has_zone);
        if (value != rows[i].value)
            fail_msg("'%s': %lld", rows[i].text, (long long)value);
    }
}

static void
test_local_time(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        int64_t value;
    } rows[] = {
        {"winter", "1 Jan 2004 12:00:00", 1072954800},
        {"summer", "1 Jul 2004 12:00:00", 1088676000},
        {"last second of winter", "28 Mar 2004 01:59:59", 1080435599},
        {"skipped, earlier offset", "28 Mar 2004 02:30:00", 1080437400},
        {"first of summer", "28 Mar 2004 03:00:00", 1080435600},
        {"before the repeated hour", "31 Oct 2004 01:59:59", 1099180799},
        {"repeated, earlier offset", "31 Oct 2004 02:30:00", 1099182600},
        {"behind the repeated hour", "31 Oct 2004 03:00:00", 1099188000},
        {"a zone wins", "1 Jul 2004 12:00:00 +0000", 1088683200},
    };
    /* A rule of its own, so that no zone file is needed. */
    GTimeZone *zone = g_time_zone_new_identifier("CET-1CEST,M3.5.0,M10.5.0/3");
    assert_non_null(zone);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhDate date;
        assert_true(mh_date_parse_rfc5322(mh_span_from_string(rows[i].text), &date));
        int64_t value = mh_date_to_unix(&date, zone);
        if (value != rows[i].value)
            fail_msg("%s: %lld", rows[i].name, (long long)value);
    }
    g_time_zone_unref(zone);
}

/* Every day of ten thousand years, there and back, against a count kept by the day. */
static void
test_calendar(void **state)
{
    (void)state;
    MhDate date;
    int64_t clock = -62135596800;
    assert_false(mh_date_from_clock(clock - 1, &date));
    MhDate last = {.year = 0, .month = 12, .day = 31};
    for (; mh_date_from_clock(clock, &date); clock += 86400) {
        bool next_day = date.day == last.day + 1 && date.month == last.month;
        bool next_month = date.day == 1 && last.day >= 28 && date.month == last.month % 12 + 1 &&
                          date.year == last.year + (last.month == 12);
        if (!mh_date_valid(&date) || mh_date_clock(&date) != clock || !(next_day || next_month))
            fail_msg("%d-%d-%d", date.year, date.month, date.day);
        last = date;
    }
    assert_int_equal(last.year, 9999);
    assert_int_equal(clock, 253402300800);
}

static void
test_fields_that_count_on(void **state)
{
    (void)state;
    MhDate hour25 = {.year = 2000, .month = 12, .day = 31, .hour = 25};
    MhDate result;
    assert_false(mh_date_valid(&hour25));
    assert_true(mh_date_from_clock(mh_date_clock(&hour25), &result));
    assert_int_equal(result.year, 2001);
    assert_int_equal(result.day, 1);
    assert_int_equal(result.hour, 1);
    MhDate year0 = {.year = 0, .month = 1, .day = 1};
    assert_int_equal(mh_date_clock(&year0), -62167219200);
}

static void
test_months_and_zones(void **state)
{
    (void)state;
    assert_int_equal(mh_date_month(MH_SPAN_LITERAL("JAN")), 1);
    assert_int_equal(mh_date_month(MH_SPAN_LITERAL("december")), 12);
    assert_int_equal(mh_date_month(MH_SPAN_LITERAL("sepT")), 9);
    assert_int_equal(mh_date_month(MH_SPAN_LITERAL("Ja")), 0);
    assert_int_equal(mh_date_month(MH_SPAN_LITERAL("")), 0);
    MhDate date = {.zone_offset_min = 99};
    static const char *const bad[] = {"",      "+",    "-1",  "+100", "+01000", "+1:00", "+0160",
                                      "+2400", "0100", "IST", "GMTX", "++100",  "+01:"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        MhSpan word = testing_exact_copy(bad[i], strlen(bad[i]));
        if (mh_date_zone(word, &date) || date.has_zone || date.zone_offset_min != 99)
            fail_msg("zone '%s'", bad[i]);
        g_free((void *)(uintptr_t)word.data);
    }
}

/* Nothing that is cut off or damaged may do more than be refused or give a valid date. */
static void
test_damage(void **state)
{
    (void)state;
    static const char bytes[] = {0,   ' ', '\n', '(', ')', '"', '\\',
                                 ':', ';', ',',  '-', '9', 'A', (char)0xff};
    for (size_t i = 0; i < G_N_ELEMENTS(rfc5322_rows); i++) {
        bool zone;
        char *text = g_strdup_printf("x; %s", rfc5322_rows[i].text);
        size_t len = strlen(text);
        for (size_t cut = 0; cut <= len; cut++) {
            parse(mh_date_parse_rfc5322, text + 3, cut > 3 ? cut - 3 : 0, &zone);
            parse(mh_date_parse_received, text, cut, &zone);
        }
        for (size_t at = 0; at < len; at++) {
            char was = text[at];
            for (size_t b = 0; b < sizeof(bytes); b++) {
                text[at] = bytes[b];
                parse(mh_date_parse_rfc5322, text + 3, len - 3, &zone);
                parse(mh_date_parse_received, text, len, &zone);
            }
            text[at] = was;
        }
        g_free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc5322),
        cmocka_unit_test(test_received),
        cmocka_unit_test(test_local_time),
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_fields_that_count_on),
        cmocka_unit_test(test_months_and_zones),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
