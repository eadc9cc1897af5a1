/* mbox-from-date: the date of a From_ line, in the forms that mail programs have written.
 *
 *     Mon Jan  5 10:30:00 2004             asctime(3), sendmail and most others
 *     Mon Jan  5 10:30:00 2004 +0100       UW's c-client
 *     Mon Jan  5 10:30 MET DST 04          BSD and System V
 *     5 januari 2004, 2004-01-05T10:30:00Z, 10:30:00 PM   odd ones
 *
 * "remote from host" may follow (UUCP). Words are read from the end of the line, so that a sender
 * with blanks in it does no harm.
 */
#pragma once

#include "message-date.h"

typedef struct {
    MhDate date;   /* may lack a month or year that we know: then mh_date_valid() says no */
    MhSpan sender; /* what stands before it; borrowed, may be empty */
    bool odd;      /* in a form that no mail program writes by itself */
    bool zone_before_year;
} MboxFromDate;

/* @text is what follows "From ", without blanks at both ends. Finds the leftmost date that some
 * program writes, or else the leftmost odd one; false, and no date, where there is none. */
bool mbox_from_date_find(MhSpan text, MboxFromDate *out);

/* Fields that are out of range count on: hour 24 is the next day's 0. */
void mbox_from_date_bring_into_range(MhDate *date);
