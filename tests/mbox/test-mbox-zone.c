#include "mbox-zone.h"

#include "testing.h"

typedef struct {
    const char *name, *local; /* the zone in which separators are read */
    int count;                /* messages, a fortnight apart */
    int separator_s;          /* between the old machine's clock in UTC and the separator */
    int summer_s;             /* the same from April to September */
    const char *zone;         /* of Received */
    int scatter_s;            /* what each message's delivery takes longer than the one before */
    const char *said;         /* the finding's detail; NULL: none */
} Row;

static const Row rows[] = {
    {"the right zone", "Europe/Berlin", 26, 3600, 7200, "+0100", 0, NULL},
    {"UTC for Berlin", "UTC", 26, 3600, 7200, "+0100", 0,
     "26 of 26 messages; the old machine was at +0100 or +0200"},
    {"Berlin for UTC", "Europe/Berlin", 20, 0, 0, "+0000", 0,
     "20 of 20 messages; the old machine was at +0000"},
    {"half hours", "UTC", 20, 19800, 19800, "+0530", 0,
     "20 of 20 messages; the old machine was at +0530"},
    {"west", "UTC", 20, -18000, -14400, "-0500", 0,
     "20 of 20 messages; the old machine was at -0500 or -0400"},
    {"slow deliveries", "UTC", 20, 3610, 3610, "+0100", 10,
     "20 of 20 messages; the old machine was at +0100"},
    {"too slow to tell", "UTC", 20, 3600, 3600, "+0100", 97, NULL},
    {"too few to tell", "UTC", 9, 3600, 3600, "+0100", 0, NULL},
    {"no zone in Received", "UTC", 20, 3600, 3600, "", 0, NULL},
};

static void
add_message(MboxZone *zone, const Row *row, int number, GTimeZone *local)
{
    int64_t came = INT64_C(1041379200) + number * INT64_C(1209600); /* 2003-01-01 */
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(came);
    int month = g_date_time_get_month(at);
    int shift = month >= 4 && month <= 9 ? row->summer_s : row->separator_s;
    g_autoptr(GDateTime) clock =
        g_date_time_new_from_unix_utc(came + shift + number * row->scatter_s);
    g_autofree char *line = g_date_time_format(clock, "From a@b %a %b %d %H:%M:%S %Y");
    g_autoptr(GTimeZone) zone_of_header =
        g_time_zone_new_identifier(row->zone[0] != '\0' ? row->zone : "UTC");
    g_autoptr(GDateTime) there = g_date_time_to_timezone(at, zone_of_header);
    g_autofree char *stamp = g_date_time_format(there, "from x by y; %a, %d %b %Y %H:%M:%S ");
    g_autofree char *received = g_strconcat(stamp, row->zone, NULL);
    MboxFromLine from;
    mbox_from_line_parse(mh_span_from_string(line), &from);
    mbox_zone_add(zone, &from, mh_span_from_string(received), mh_date_to_unix(&from.date, local));
}

static void
test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MboxZone zone = {0};
        g_autoptr(MhFindings) findings = mh_findings_new();
        g_autoptr(GTimeZone) local = g_time_zone_new_identifier(rows[i].local);
        for (int number = 0; number < rows[i].count; number++)
            add_message(&zone, &rows[i], number, local);
        mbox_zone_finish(&zone, findings);
        const char *said =
            mh_findings_kept(findings) > 0 ? mh_findings_get(findings, 0)->detail : NULL;
        if (g_strcmp0(said, rows[i].said) != 0)
            fail_msg("%s: %s", rows[i].name, said != NULL ? said : "nothing");
    }
}

/* Separators that name their zone are not read in the local one. */
static void
test_named_zone(void **state)
{
    (void)state;
    MboxZone zone = {0};
    MboxFromLine from;
    mbox_from_line_parse(MH_SPAN_LITERAL("From a@b Mon Jan  1 10:00:00 2001 +0300"), &from);
    mbox_zone_add(&zone, &from, MH_SPAN_LITERAL("by x; Mon, 1 Jan 2001 10:00:00 +0000"), 0);
    assert_int_equal(zone.known, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_named_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
