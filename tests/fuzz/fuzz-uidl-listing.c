/* A saved listing of POP3 UIDLs; each is one that the protocol can carry. */
#include "fuzz.h"

#include "uidl-listing.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    g_autoptr(GPtrArray) uidls = mh_uidl_listing_parse(input, NULL);
    for (guint i = 0; uidls != NULL && i < uidls->len; i++) {
        for (const char *c = uidls->pdata[i]; c != NULL && *c != '\0'; c++)
            FUZZ_CHECK(*c > ' ' && *c < 0x7f);
    }
    return 0;
}
