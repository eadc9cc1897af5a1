/* What a worker that has been taken over may send to its coordinator. The last byte chooses: a
 * stream of records as it is, or a record's content of a type that is expected. */
#include "fuzz.h"

#include "channel.h"
#include "difference.h"
#include "memory.h"
#include "outcome.h"
#include "printable.h"

/* Everything that takes a record apart; each must refuse what is none of its own. */
static void
take_apart(GVariant *received)
{
    g_autoptr(GVariant) content = mh_printable_variant(received);
    g_autoptr(GVariant) again = mh_printable_variant(content);
    g_autoptr(MhMemory) memory = mh_memory_new();
    FUZZ_CHECK(again == content);
    mh_mailbox_outcome_free(mh_mailbox_outcome_from_variant(content));
    mh_findings_free(mh_findings_from_variant(content));
    mh_difference_free(mh_difference_from_variant(content));
    mh_mailbox_memory_free(mh_mailbox_memory_from_variant(content));
    mh_memory_from_variant(memory, content);
}

static void
read_stream(MhSpan input)
{
    MhChannelReader reader;
    MhRecordKind kind;
    mh_channel_reader_init(&reader);
    g_byte_array_append(reader.bytes, input.data, (guint)input.len);
    for (;;) {
        g_autoptr(GVariant) content = NULL;
        if (mh_channel_take(&reader, &kind, &content) != MH_CHANNEL_RECORD)
            break;
        take_apart(content);
    }
    mh_channel_reader_clear(&reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    const char *const types[] = {mh_mailbox_outcome_type(),
                                 "(a(sbtums)a(st))",
                                 "(symsuums)",
                                 MH_MAILBOX_MEMORY_TYPE,
                                 mh_memory_type(),
                                 "(vmv)",
                                 "v",
                                 "(sv)"};
    uint8_t choice = fuzz_take_byte(&input);
    if (choice % 16 >= G_N_ELEMENTS(types)) {
        read_stream(input);
        return 0;
    }
    g_autoptr(GBytes) bytes = g_bytes_new(input.data, input.len);
    g_autoptr(GVariant) content = g_variant_ref_sink(
        g_variant_new_from_bytes(G_VARIANT_TYPE(types[choice % 16]), bytes, FALSE));
    if (g_variant_is_normal_form(content)) /* as the channel sees to */
        take_apart(content);
    return 0;
}
