/* Unquoting gives the same however the text is cut, and never more than there was. */
#include "fuzz.h"

#include "mbox/mbox-quoting.h"

static bool
keep(MhSpan text, void *user)
{
    g_string_append_len(user, (const char *)text.data, (gssize)text.len);
    return true;
}

static GString *
unquote(MhSpan input, uint8_t how, size_t piece)
{
    MboxUnquoter unquoter;
    GString *out = g_string_new(NULL);
    mbox_unquoter_init(&unquoter, (MboxUnquote)(how % 3));
    for (; input.len > 0; input = mh_span_from(input, MIN(piece, input.len)))
        FUZZ_CHECK(mbox_unquoter_feed(&unquoter, mh_span_first(input, piece), keep, out));
    FUZZ_CHECK(mbox_unquoter_finish(&unquoter, keep, out));
    return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    uint8_t how = fuzz_take_byte(&input);
    g_autoptr(GString) whole = unquote(input, how, input.len + 1);
    g_autoptr(GString) pieces = unquote(input, how, 1 + how / 3 % 7);
    FUZZ_CHECK(g_string_equal(whole, pieces));
    FUZZ_CHECK(whole->len <= input.len);
    return 0;
}
