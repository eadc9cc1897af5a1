/* From_ lines; what they borrow lies within the line. */
#include "fuzz.h"

#include "mbox/mbox-from-line.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    MboxFromLine line;
    MboxFromKind kind = mbox_from_line_parse(input, &line);
    FUZZ_CHECK(kind == line.kind);
    FUZZ_CHECK(kind == MBOX_FROM_NONE || mh_span_starts_with(input, MH_SPAN_LITERAL("From ")));
    FUZZ_CHECK(kind != MBOX_FROM_DATE || mh_date_valid(&line.date));
    FUZZ_CHECK(line.sender.len <= input.len);
    fuzz_touch(line.sender);
    return 0;
}
