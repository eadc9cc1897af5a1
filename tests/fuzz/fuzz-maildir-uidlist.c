/* dovecot-uidlist; what is read and written is read as the same, and UIDs ascend. */
#include "fuzz.h"

#include "maildir/maildir-carried.h"
#include "../uidlist-text.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    g_autoptr(MhFindings) findings = mh_findings_new();
    g_autoptr(MaildirUidlist) list = maildir_uidlist_parse(input, findings, NULL);
    if (list == NULL)
        return 0;
    g_autoptr(GBytes) text = uidlist_text(list);
    g_autoptr(MaildirUidlist) again = maildir_uidlist_parse(mh_span_from_bytes(text), NULL, NULL);
    FUZZ_CHECK(again != NULL && maildir_uidlist_stopped_at(again) == 0);
    FUZZ_CHECK(maildir_uidlist_length(again) == maildir_uidlist_length(list));
    g_autoptr(GBytes) same = uidlist_text(again);
    FUZZ_CHECK(g_bytes_equal(text, same));
    uint32_t last = 0;
    for (size_t i = 0; i < maildir_uidlist_length(list); i++) {
        MaildirUidlistEntry entry;
        MaildirCarried carried;
        FUZZ_CHECK(maildir_uidlist_get(list, i, &entry) && entry.uid > last);
        last = entry.uid;
        maildir_carried_parse(entry.other, entry.uid, &carried);
        g_autofree char *name = mh_span_dup(entry.name);
        FUZZ_CHECK(maildir_uidlist_find(list, mh_span_from_string(name), &entry) == i);
    }
    FUZZ_CHECK(last < maildir_uidlist_uids(list).uidnext);
    return 0;
}
