/* Dates of header fields; what is taken is a date that exists. */
#include "fuzz.h"

#include "message-date.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    MhDate date, again;
    if (mh_date_parse_rfc5322(input, &date)) {
        FUZZ_CHECK(mh_date_valid(&date));
        FUZZ_CHECK(mh_date_from_clock(mh_date_clock(&date), &again) || date.year < 1970);
        mh_date_to_unix(&date, NULL);
    }
    if (mh_date_parse_received(input, &date))
        FUZZ_CHECK(mh_date_valid(&date));
    mh_date_zone(input, &date);
    int year;
    if (mh_date_year(input, &year))
        FUZZ_CHECK(year >= 0 && year <= 9999);
    return 0;
}
