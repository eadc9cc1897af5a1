/* What a file is, from its first bytes; a separator that it names is one. */
#include "fuzz.h"

#include "mbox/mbox-head.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    size_t offset = 0;
    MboxHeadKind kind = mbox_head_judge(input, input.len, &offset);
    if (kind == MBOX_HEAD_MBOX || kind == MBOX_HEAD_DAMAGED)
        FUZZ_CHECK(offset < input.len &&
                   mh_span_starts_with(mh_span_from(input, offset), MH_SPAN_LITERAL("From ")));
    return 0;
}
