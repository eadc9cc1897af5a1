/* dovecot-keywords, and names made into atoms. */
#include "fuzz.h"

#include "maildir/maildir-keywords.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    bool changed;
    g_autoptr(MaildirKeywords) keywords = maildir_keywords_parse(input, NULL);
    g_autoptr(GString) text = maildir_keywords_format(keywords);
    g_autoptr(MaildirKeywords) again = maildir_keywords_parse(mh_span(text->str, text->len), NULL);
    g_autoptr(GString) same = maildir_keywords_format(again);
    FUZZ_CHECK(g_string_equal(text, same));
    g_autofree char *atom = maildir_keyword_sanitise(input, &changed);
    if (atom != NULL) {
        g_autofree char *atom_again = maildir_keyword_sanitise(mh_span_from_string(atom), &changed);
        FUZZ_CHECK(!changed && g_strcmp0(atom, atom_again) == 0);
    }
    return 0;
}
