/* courierimapsubscribed; what is read can be written. */
#include "fuzz.h"

#include "courier/courier-subscribed.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    g_autoptr(MhFindings) findings = mh_findings_new();
    g_autoptr(GArray) list = courier_subscribed_parse(input, findings);
    for (guint i = 0; i < list->len; i++) {
        const CourierSubscribed *entry = &g_array_index(list, CourierSubscribed, i);
        fuzz_touch(entry->name);
        if (entry->kind != COURIER_SUBSCRIBED_FOLDER)
            continue;
        g_autoptr(GBytes) text = courier_subscribed_format(&entry->path, 1, NULL);
        FUZZ_CHECK(text != NULL);
    }
    return 0;
}
