/* The headers of mail programs; taking the private ones out twice takes no more. */
#include "fuzz.h"

#include "mbox/mbox-metadata.h"
#include "mbox/mbox-uids.h"

static bool
keep(MhSpan kept, void *user)
{
    g_byte_array_append(user, kept.data, (guint)kept.len);
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    MboxHiding hiding = (MboxHiding)(fuzz_take_byte(&input) % 3);
    g_autoptr(GByteArray) once = g_byte_array_new();
    g_autoptr(GByteArray) twice = g_byte_array_new();
    FUZZ_CHECK(mbox_metadata_filter(input, hiding, keep, once));
    FUZZ_CHECK(mbox_metadata_filter(mh_span(once->data, once->len), hiding, keep, twice));
    FUZZ_CHECK(once->len <= input.len && once->len == twice->len);
    MboxMetadata metadata;
    mbox_metadata_read(input, &metadata);
    mbox_metadata_flags(&metadata, hiding);
    mbox_metadata_is_recent(&metadata, hiding);
    mbox_metadata_is_expunged(&metadata, hiding);
    mbox_uids_row(&metadata, true);
    mbox_uids_base(&metadata);
    MhSpan lists[] = {metadata.keywords, metadata.mozilla_keys, metadata.base.keywords}, name;
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        while (mbox_metadata_next_keyword(&lists[i], &name))
            FUZZ_CHECK(name.len > 0);
    }
    fuzz_touch(metadata.date);
    fuzz_touch(metadata.received);
    fuzz_touch(metadata.uidl);
    return 0;
}
