/* dovecot-acl and quota; what is read and written is read as the same. */
#include "fuzz.h"

#include "maildir/maildir-acl.h"
#include "maildir/maildir-quota.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    MaildirQuota quota;
    bool unknown;
    if (maildir_quota_parse(input, &quota, NULL)) {
        MaildirQuota quota_again;
        g_autofree char *line = maildir_quota_format(&quota);
        FUZZ_CHECK(maildir_quota_parse(mh_span_from_string(line), &quota_again, NULL));
        FUZZ_CHECK(quota_again.bytes == quota.bytes && quota_again.messages == quota.messages);
    }
    maildir_acl_rights_from_imap(input, &unknown);
    g_autoptr(MaildirAcl) acl = maildir_acl_parse(input, NULL);
    if (acl == NULL)
        return 0;
    g_autoptr(GString) text = maildir_acl_format(acl);
    g_autoptr(MaildirAcl) again = maildir_acl_parse(mh_span(text->str, text->len), NULL);
    FUZZ_CHECK(again != NULL && again->entries->len == acl->entries->len);
    return 0;
}
