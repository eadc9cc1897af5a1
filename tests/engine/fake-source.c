#include "fake-source.h"

#include <string.h>

typedef struct {
    MhSource source;
    FakeMailbox *mailbox;
} FakeSource;

static uint32_t
keyword_set(MhMailbox *out, const char *names)
{
    uint16_t numbers[32];
    size_t count = 0;
    MhSpan rest = mh_span_from_string(names), word;
    while (mh_span_take_word(&rest, &word))
        count += mh_mailbox_keyword(out, word, &numbers[count]);
    return mh_mailbox_keyword_set(out, numbers, count);
}

static bool
fake_index(MhSource *source, MhMailbox *out, MhFindings *findings, GError **error)
{
    FakeMailbox *mailbox = ((FakeSource *)source)->mailbox;
    (void)findings;
    (void)error;
    mailbox->indexed++;
    out->uids = (MhUidState){.uidvalidity = mailbox->uidvalidity, .uidnext = mailbox->uidnext};
    for (size_t i = 0; mailbox->messages[i].text != NULL; i++) {
        const FakeMessage *from = &mailbox->messages[i];
        uint32_t set = keyword_set(out, from->keywords);
        MhMessage *message = mh_mailbox_add(out);
        message->id = mh_digest_of(mh_span_from_string(from->text));
        message->uid = from->uid;
        message->flags = (uint32_t)from->flags & MH_FLAGS_ALL;
        message->keywords = set & MH_KEYWORD_SET_MASK;
        mh_mailbox_set_uidl(out, message, mh_span_from_string(from->uidl));
        message->is_new = from->is_new;
        message->internaldate = 1000000000 + (uint32_t)i;
        message->size_bytes = strlen(from->text) & MH_MESSAGE_SIZE_MAX;
        message->virtual_size = (strlen(from->text) + 10) & MH_MESSAGE_SIZE_MAX;
        message->where = i & MH_MESSAGE_SIZE_MAX;
    }
    return true;
}

static bool
fake_copy(MhSource *source, const MhMessage *message, int fd, GError **error)
{
    const FakeMailbox *mailbox = ((FakeSource *)source)->mailbox;
    return mh_write_all(fd, mh_span_from_string(mailbox->messages[message->where].text), error);
}

static bool
fake_check(MhSource *source, GError **error)
{
    FakeMailbox *mailbox = ((FakeSource *)source)->mailbox;
    if (mailbox->changes == 0)
        return true;
    mailbox->changes--;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "it has changed");
    return false;
}

static void
fake_free(MhSource *source)
{
    g_free(source);
}

static const MhSourceClass fake_class = {
    .index = fake_index,
    .copy = fake_copy,
    .check = fake_check,
    .free = fake_free,
};

MhSource *
fake_source_open(void *user, MhFindings *findings, GError **error)
{
    (void)findings;
    (void)error;
    FakeSource *source = g_new0(FakeSource, 1);
    source->source.class = &fake_class;
    source->mailbox = user;
    return &source->source;
}
