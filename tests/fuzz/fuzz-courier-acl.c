/* courierimapacl; what is read and written is read as the same. */
#include "fuzz.h"

#include "access-list.h"
#include "courier/courier-acl.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    g_autoptr(MhFindings) findings = mh_findings_new();
    g_autoptr(GArray) list = courier_acl_parse(input, findings);
    courier_acl_is_default(list);
    g_autoptr(GBytes) text = courier_acl_format(list, NULL);
    if (text == NULL)
        return 0;
    g_autoptr(GArray) again = courier_acl_parse(mh_span_from_bytes(text), NULL);
    FUZZ_CHECK(again->len == list->len);
    for (guint i = 0; i < list->len; i++)
        FUZZ_CHECK(mh_access_list_get(list, i)->rights == mh_access_list_get(again, i)->rights);
    return 0;
}
