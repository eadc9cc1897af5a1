/* subscriptions of Dovecot; what is read and written is read as the same. */
#include "fuzz.h"

#include "maildir/maildir-subscriptions.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    g_autoptr(MhFindings) findings = mh_findings_new();
    g_autoptr(MaildirSubscriptions) list = maildir_subscriptions_parse(input, findings);
    g_autoptr(GString) text = maildir_subscriptions_format(list);
    g_autoptr(MaildirSubscriptions) again =
        maildir_subscriptions_parse(mh_span(text->str, text->len), NULL);
    FUZZ_CHECK(again->names->len == list->names->len && again->version == list->version);
    for (guint i = 0; i < list->names->len; i++)
        FUZZ_CHECK(g_str_equal(list->names->pdata[i], again->names->pdata[i]));
    return 0;
}
