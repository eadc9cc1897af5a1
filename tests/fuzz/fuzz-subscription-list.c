/* Subscriptions of UW and of Dovecot at the source. */
#include "fuzz.h"

#include "subscription-list.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    g_autoptr(MhFindings) findings = mh_findings_new();
    g_autoptr(MhSubscriptionList) list = mh_subscription_list_new();
    if (fuzz_take_byte(&input) & 1)
        mh_subscription_list_add_uw(list, input, "/home/fred", "mail", findings);
    else
        mh_subscription_list_add_dovecot(list, input, findings);
    for (guint i = 0; i < list->entries->len; i++) {
        const MhSubscription *entry = list->entries->pdata[i];
        FUZZ_CHECK(entry->is_inbox || mh_subscription_list_has(list, entry->path));
        for (size_t l = 0; entry->levels[l] != NULL; l++)
            FUZZ_CHECK(g_utf8_validate(entry->levels[l], -1, NULL));
    }
    return 0;
}
