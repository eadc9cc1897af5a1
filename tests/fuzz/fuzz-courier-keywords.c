/* :list and updates of courierimapkeywords: the input is ":list", an empty line pair, then updates
 * with a name in their first line. */
#include "fuzz.h"

#include "courier/courier-keywords.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    g_autoptr(MhFindings) findings = mh_findings_new();
    g_autoptr(CourierKeywords) keywords = courier_keywords_new();
    MhSpan bases[8], list, name, rest = input;
    size_t count = 0;
    if (mh_span_split(input, 0, &list, &rest))
        courier_keywords_set_list(keywords, list, findings);
    MhSpan updates = rest;
    while (count < G_N_ELEMENTS(bases) && mh_span_split(rest, 0, &name, &rest)) {
        courier_keywords_offer(keywords, name, findings);
        bases[count++] = name;
    }
    g_autoptr(GPtrArray) wanted = courier_keywords_wanted(keywords, bases, count);
    for (guint i = 0; i < wanted->len; i++)
        courier_keywords_set_update(keywords, wanted->pdata[i], updates, findings);
    for (size_t i = 0; i < count; i++) {
        const MhSpan *names;
        for (size_t n = courier_keywords_get(keywords, bases[i], &names, findings); n > 0; n--)
            fuzz_touch(names[n - 1]);
    }
    return 0;
}
