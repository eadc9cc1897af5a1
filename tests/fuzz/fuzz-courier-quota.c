/* maildirsize of Courier; what is read and written is read as the same. */
#include "fuzz.h"

#include "courier/courier-quota.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    CourierQuota quota = courier_quota_parse(input, NULL);
    g_autofree char *text = courier_quota_format(&quota);
    CourierQuota again = courier_quota_parse(mh_span_from_string(text), NULL);
    FUZZ_CHECK(again.bytes == quota.bytes && again.messages == quota.messages);
    return 0;
}
