#include "mbox-zone.h"

#define QUARTER_S  900
#define FIRST_SLOT (-48)
/* What a delivery may take, and what two clocks may differ by. */
#define LATE_S  300
#define EARLY_S 60
/* So many are enough, and so many are too few to tell. */
#define ENOUGH 500
#define FEWEST 10

/* The number of whole quarters in @seconds, when little is left of them. */
static bool
take_quarters(int64_t seconds, int64_t *out_quarters)
{
    int64_t moved = seconds + EARLY_S;
    int64_t quarters = moved / QUARTER_S - (moved % QUARTER_S < 0);
    *out_quarters = quarters;
    return moved - quarters * QUARTER_S <= EARLY_S + LATE_S;
}

void
mbox_zone_add(MboxZone *zone, const MboxFromLine *from, MhSpan received, int64_t date)
{
    MhDate other;
    int64_t quarters, off;
    if (zone->tried >= ENOUGH || received.len == 0 || from->kind < MBOX_FROM_ODD_DATE ||
        from->date.has_zone || !mh_date_valid(&from->date) ||
        !mh_date_parse_received(received, &other) || !other.has_zone)
        return;
    zone->tried++;
    int64_t came = mh_date_to_unix(&other, NULL);
    if (!take_quarters(mh_date_clock(&from->date) - came, &quarters) || quarters < FIRST_SLOT ||
        quarters >= FIRST_SLOT + MBOX_ZONE_SLOTS || !take_quarters(date - came, &off))
        return;
    zone->known++;
    zone->off += off != 0;
    zone->zones[quarters - FIRST_SLOT]++;
}

static void
append_zone(GString *out, int slot)
{
    int minutes = (slot + FIRST_SLOT) * 15;
    g_string_append_printf(out, "%s%c%02d%02d", out->len > 0 ? " or " : "", minutes < 0 ? '-' : '+',
                           ABS(minutes) / 60, ABS(minutes) % 60);
}

void
mbox_zone_finish(const MboxZone *zone, MhFindings *findings)
{
    g_autoptr(GString) zones = g_string_new(NULL);
    unsigned count = 0;
    if (zone->known < FEWEST || zone->off * 10 < zone->known * 8 ||
        zone->known * 3 < zone->tried * 2)
        return;
    for (int slot = 0; slot < MBOX_ZONE_SLOTS; slot++) {
        if (zone->zones[slot] * 10 >= zone->known) {
            append_zone(zones, slot);
            count++;
        }
    }
    if (count == 1 || count == 2)
        mh_findings_add(findings, MH_FINDING_MBOX_ZONE_DOUBTFUL,
                        "%u of %u messages; the old machine was at %s", zone->off, zone->known,
                        zones->str);
}
