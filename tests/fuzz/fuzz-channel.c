/* What a worker that has been taken over may send to its coordinator. */
#include "fuzz.h"

#include "channel.h"
#include "outcome.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    MhChannelReader reader;
    MhRecordKind kind;
    mh_channel_reader_init(&reader);
    g_byte_array_append(reader.bytes, input.data, (guint)input.len);
    for (;;) {
        g_autoptr(GVariant) content = NULL;
        if (mh_channel_take(&reader, &kind, &content) != MH_CHANNEL_RECORD)
            break;
        mh_mailbox_outcome_free(mh_mailbox_outcome_from_variant(content));
        mh_findings_free(mh_findings_from_variant(content));
    }
    mh_channel_reader_clear(&reader);
    return 0;
}
