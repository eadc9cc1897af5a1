/* The date of a message from its From_ line, Date and Received; it always fits 32 bits. */
#include "fuzz.h"

#include "mbox/mbox-internaldate.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    uint8_t how = fuzz_take_byte(&input);
    MboxDateSources sources = {.file_time = how & 2 ? INT64_MAX : -5,
                               .reading = how & 1 ? MBOX_DATES_DOVECOT : MBOX_DATES_WRITTEN};
    mh_span_take_line(&input, &sources.from_line, NULL);
    mh_span_take_line(&input, &sources.date, NULL);
    sources.received = input;
    g_autoptr(MhFindings) findings = mh_findings_new();
    int64_t date = mbox_internaldate_choose(&sources, findings);
    FUZZ_CHECK(date >= 0 && date <= UINT32_MAX);
    return 0;
}
