#include "testing.h"

#include "mbox-internaldate.h"

#define FILE_TIME 77
#define SEPARATOR MH_FINDING_COUNT /* no finding */
#define HEADER    MH_FINDING_MBOX_DATE_FROM_HEADER
#define RECEIVED  MH_FINDING_MBOX_DATE_FROM_RECEIVED
#define OF_FILE   MH_FINDING_MBOX_DATE_FROM_FILE
#define RANGE     MH_FINDING_MBOX_DATE_OUT_OF_RANGE

static const char some_date[] = "Thu, 9 Nov 2000 22:33:52 +0300";
static const char some_received[] = "from a by b; Thu, 9 Nov 2000 22:33:53 +0300";

/* The local zone is an hour east of UTC, two in summer. */
static const struct {
    const char *name;
    const char *line;
    int64_t written, dovecot;
    MhFindingCode finding;
} rows[] = {
    {"local", "From a Thu Nov  9 22:33:52 2000", 973805632, 973805632, SEPARATOR},
    {"CR", "From a Thu Nov  9 22:33:52 2000\r", 973805632, 973805632, SEPARATOR},
    {"local summer", "From a Sun Jul  9 22:33:52 2000", 963174832, 963174832, SEPARATOR},
    {"whole hours", "From a Thu Nov  9 22:33:52 2000 +0300", 973798432, 973798432, SEPARATOR},
    {"minutes", "From a Thu Nov  9 22:33:52 2000 +0530", 973789432, 973791202, SEPARATOR},
    {"minutes, west", "From a Thu Nov  9 22:33:52 2000 -0330", 973821832, 973820062, SEPARATOR},
    {"zone before", "From a Thu Nov  9 22:33:52 +0300 2000", 973798432, 973805632, SEPARATOR},
    {"named before", "From a Thu Nov  9 22:33:52 EST 2000", 973827232, 973805632, SEPARATOR},
    {"named behind", "From a Thu Nov  9 22:33:52 2000 EST", 973827232, 973805632, SEPARATOR},
    {"rfc822", "From a Thu, 9 Nov 2000 22:33:52 +0300", 973798432, 973798432, SEPARATOR},
    {"hour 25", "From a Thu Nov  9 25:61:61 2000", 973818121, 973818121, SEPARATOR},
    {"day 0", "From a Thu Nov  0 22:33:52 2000", 973028032, 973114432, SEPARATOR},
    {"hour 25, zone", "From a Thu Nov  9 25:00:00 2000 +0300", 973807200, 973807200, SEPARATOR},
    {"second 60", "From a Sat Dec 31 23:59:60 2016", 1483225200, 1483225200, SEPARATOR},
    {"second 60, zone", "From a Sat Dec 31 23:59:60 2016 +0000", 1483228800, 1483228799, SEPARATOR},
    {"two-digit year", "From a Thu Nov  9 22:33:52 00", 973805632, 973805632, SEPARATOR},
    {"epoch", "From a Thu Jan  1 00:00:00 1970 +0000", 0, 0, SEPARATOR},
    {"before the epoch", "From a Thu Jan  1 00:59:59 1970", 0, 0, RANGE},
    {"last second", "From a Sun Feb  7 06:28:15 2106 +0000", UINT32_MAX, UINT32_MAX, SEPARATOR},
    {"too late", "From a Sun Feb  7 06:28:16 2106 +0000", UINT32_MAX, UINT32_MAX, RANGE},
    {"bare", "From ", 973798432, 973798432, HEADER},
    {"hyphen", "From -\r", 973798432, 973798432, HEADER},
    {"words", "From here", 973798432, 973798432, HEADER},
    {"unknown month", "From a b gio xyz  9 22:33:52 2000", 973798432, 973798432, HEADER},
    {"no line", "", 973798432, 973798432, HEADER},
};

static int64_t
choose(const char *line, const char *date, const char *received, MboxDatesReading reading,
       MhFindings *findings)
{
    MhSpan copy = testing_exact_copy(line, strlen(line));
    MboxDateSources sources = {.from_line = copy,
                               .date = mh_span_from_string(date),
                               .received = mh_span_from_string(received),
                               .file_time = FILE_TIME,
                               .local = g_time_zone_new_identifier("CET-1CEST,M3.5.0,M10.5.0/3"),
                               .reading = reading,
                               .message = 4};
    assert_non_null(sources.local);
    int64_t time = mbox_internaldate_choose(&sources, findings);
    g_time_zone_unref(sources.local);
    g_free((void *)(uintptr_t)copy.data);
    return time;
}

static bool
only_finding(const MhFindings *findings, MhFindingCode code)
{
    if (code == SEPARATOR)
        return mh_findings_kept(findings) == 0;
    return mh_findings_kept(findings) == 1 && mh_findings_get(findings, 0)->code == code &&
           mh_findings_get(findings, 0)->message == 4;
}

static void
test_separators(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhFindings *written_findings = mh_findings_new();
        MhFindings *dovecot_findings = mh_findings_new();
        int64_t written =
            choose(rows[i].line, some_date, some_received, MBOX_DATES_WRITTEN, written_findings);
        int64_t dovecot =
            choose(rows[i].line, some_date, some_received, MBOX_DATES_DOVECOT, dovecot_findings);
        bool good = written == rows[i].written && dovecot == rows[i].dovecot &&
                    only_finding(written_findings, rows[i].finding) &&
                    only_finding(dovecot_findings, rows[i].finding);
        mh_findings_free(written_findings);
        mh_findings_free(dovecot_findings);
        if (!good)
            fail_msg("%s: %lld %lld", rows[i].name, (long long)written, (long long)dovecot);
    }
}

static void
test_fallbacks(void **state)
{
    (void)state;
    static const struct {
        const char *date, *received;
        int64_t time;
        MhFindingCode finding;
    } fallbacks[] = {
        {some_date, some_received, 973798432, HEADER},
        {"9 Nov 2000 22:33:52", NULL, 973805632, HEADER},
        {"never", some_received, 973798433, RECEIVED},
        {NULL, some_received, 973798433, RECEIVED},
        {NULL, "from a by b", FILE_TIME, OF_FILE},
        {NULL, NULL, FILE_TIME, OF_FILE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(fallbacks); i++) {
        MhFindings *findings = mh_findings_new();
        int64_t time =
            choose("From ", fallbacks[i].date, fallbacks[i].received, MBOX_DATES_WRITTEN, findings);
        bool good = time == fallbacks[i].time && only_finding(findings, fallbacks[i].finding);
        mh_findings_free(findings);
        if (!good)
            fail_msg("row %zu: %lld", i, (long long)time);
    }
}

static void
test_damage(void **state)
{
    (void)state;
    static const char bytes[] = {0, ' ', ':', '-', '+', '9', 'A', (char)0xff};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *line = g_strdup(rows[i].line);
        for (size_t at = 0; at < strlen(rows[i].line); at++) {
            for (size_t b = 0; b < sizeof(bytes); b++) {
                line[at] = bytes[b];
                int64_t time =
                    choose(line, NULL, NULL, i % 2 ? MBOX_DATES_DOVECOT : MBOX_DATES_WRITTEN, NULL);
                assert_true(time >= 0 && time <= UINT32_MAX);
            }
            line[at] = rows[i].line[at];
        }
        g_free(line);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_separators),
        cmocka_unit_test(test_fallbacks),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
