/* Modified UTF-7; what is decoded is encoded as it was, and what is encoded comes back. */
#include "fuzz.h"

#include "mutf7.h"
#include "printable.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    g_autofree char *utf8 = mh_mutf7_decode(input);
    if (utf8 != NULL) {
        FUZZ_CHECK(g_utf8_validate(utf8, -1, NULL));
        g_autofree char *again = mh_mutf7_encode(utf8);
        FUZZ_CHECK(mh_span_equal(mh_span_from_string(again), input));
    }
    g_autofree char *text = mh_span_dup(input);
    if (strlen(text) == input.len && g_utf8_validate(text, -1, NULL)) {
        g_autofree char *name = mh_mutf7_encode(text);
        g_autofree char *back = mh_mutf7_decode(mh_span_from_string(name));
        FUZZ_CHECK(g_strcmp0(back, text) == 0);
    }
    g_autofree char *shown = mh_printable(input);
    FUZZ_CHECK(g_utf8_validate(shown, -1, NULL));
    for (const char *c = shown; *c != '\0'; c++)
        FUZZ_CHECK((unsigned char)*c >= ' ' && *c != 0x7f);
    return 0;
}
