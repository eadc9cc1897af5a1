/* mbox-zone: does the zone that separator dates are read in fit the mail's own headers?
 *
 * A separator has no zone: it is the old machine's local time. The first Received header of a
 * message is the old machine's own, too, of the same moment, and has one ("... ; Mon, 1 Jan 2001
 * 10:00:00 +0100"). What lies between them, in quarters of an hour, is the zone in which the
 * separator was written; the seconds on top are the time of delivery. Where that is more than a few
 * minutes (mail that was copied between folders, a hop that is not the last) nothing is known.
 */
#pragma once

#include "finding.h"
#include "mbox-from-line.h"

/* Quarters of an hour from -12:00 to +14:00. */
#define MBOX_ZONE_SLOTS 105

typedef struct {
    uint32_t tried;                  /* messages that have both */
    uint32_t known, off;             /* of which it is known; and which are read wrongly */
    uint32_t zones[MBOX_ZONE_SLOTS]; /* how many separators were written in each */
} MboxZone;

/* Takes a message in: its separator, the value of its first Received header, and the date that it
 * was given. The first few hundred of a mailbox are enough. */
void mbox_zone_add(MboxZone *zone, const MboxFromLine *from, MhSpan received, int64_t date);
/* A finding when nearly all are off, and were written in one zone, or in its winter and summer. */
void mbox_zone_finish(const MboxZone *zone, MhFindings *findings);
