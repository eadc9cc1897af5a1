/* What comes out of a channel, and what it costs to take it from one who means harm. */
#include "channel.h"
#include "printable.h"

#include "testing.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A record as it stands on the wire. */
static void
put_record(MhChannelReader *reader, guchar kind, GVariant *content)
{
    g_autoptr(GVariant) record = g_variant_ref_sink(g_variant_new("(yv)", kind, content));
    uint32_t length = (uint32_t)g_variant_get_size(record);
    g_byte_array_append(reader->bytes, (const guint8 *)&length, sizeof length);
    g_byte_array_append(reader->bytes, g_variant_get_data(record), length);
}

static void
test_one_by_one(void **state)
{
    (void)state;
    MhChannelReader reader;
    MhRecordKind kind;
    GVariant *content = NULL;
    mh_channel_reader_init(&reader);
    put_record(&reader, MH_RECORD_ERROR, g_variant_new("(s)", "one"));
    put_record(&reader, MH_RECORD_END, g_variant_new("(b)", TRUE));
    assert_int_equal(mh_channel_take(&reader, &kind, &content), MH_CHANNEL_RECORD);
    assert_int_equal(kind, MH_RECORD_ERROR);
    g_clear_pointer(&content, g_variant_unref);
    guint8 last = reader.bytes->data[reader.bytes->len - 1];
    g_byte_array_set_size(reader.bytes, reader.bytes->len - 1);
    assert_int_equal(mh_channel_take(&reader, &kind, &content), MH_CHANNEL_MORE);
    g_byte_array_append(reader.bytes, &last, 1);
    assert_int_equal(mh_channel_take(&reader, &kind, &content), MH_CHANNEL_RECORD);
    assert_int_equal(kind, MH_RECORD_END);
    g_clear_pointer(&content, g_variant_unref);
    assert_int_equal(mh_channel_take(&reader, &kind, &content), MH_CHANNEL_MORE);
    mh_channel_reader_clear(&reader);
}

/* A worker that could not tell one thing does not say that it has told all. */
static void
test_lost(void **state)
{
    (void)state;
    int ends[2], full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_true(mh_channel_send(ends[0], MH_RECORD_ERROR, g_variant_new("(s)", "one")));
    assert_false(mh_channel_send(full, MH_RECORD_ERROR, g_variant_new("(s)", "two")));
    assert_false(mh_channel_send(ends[0], MH_RECORD_END, g_variant_new("(b)", FALSE)));
    close(full);
    close(ends[0]);
    close(ends[1]);
}

/* Processor time, in ms, for a record of @count strings. */
static double
cost_of(size_t count)
{
    GVariantBuilder builder;
    MhChannelReader reader;
    MhRecordKind kind;
    g_autoptr(GVariant) content = NULL;
    g_variant_builder_init(&builder, G_VARIANT_TYPE("as"));
    for (size_t i = 0; i < count; i++)
        g_variant_builder_add(&builder, "s", "");
    mh_channel_reader_init(&reader);
    put_record(&reader, MH_RECORD_ERROR, g_variant_builder_end(&builder));
    clock_t began = clock();
    assert_int_equal(mh_channel_take(&reader, &kind, &content), MH_CHANNEL_RECORD);
    g_autoptr(GVariant) printable = mh_printable_variant(content);
    assert_int_equal(g_variant_n_children(printable), count);
    mh_channel_reader_clear(&reader);
    return (double)(clock() - began) * 1000 / CLOCKS_PER_SEC;
}

/* The coordinator, which all accounts wait for, takes it in time that grows with its length. */
static void
test_many_children(void **state)
{
    (void)state;
    enum { FEW = 20000, TIMES = 10 };
    double few = cost_of(FEW), many = cost_of(FEW * TIMES);
    for (int i = 0; i < 4; i++) {
        few = MIN(few, cost_of(FEW));
        many = MIN(many, cost_of(FEW * TIMES));
    }
    if (many > few * TIMES * 4) /* its square would be 10 times as much */
        fail_msg("%d strings take %.1f ms, %d take %.1f ms", FEW, few, FEW * TIMES, many);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_by_one),
                                       cmocka_unit_test(test_lost),
                                       cmocka_unit_test(test_many_children)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
