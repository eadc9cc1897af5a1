#include "joined-source.h"

typedef struct {
    MhSource source;
    MhSource **parts;
    size_t count;
} JoinedSource;

/* Which part a message is from stands in the top byte of its place. */
#define PART_SHIFT 56
#define PLACE_MASK ((UINT64_C(1) << PART_SHIFT) - 1)

/* Copies message @from of @part to the end of @out; texts and keywords are @out's own. */
static void
append(MhMailbox *out, const MhMailbox *part, const MhMessage *from, size_t number)
{
    bool first = number == 0;
    size_t count;
    const uint16_t *members = mh_mailbox_keyword_members(part, from->keywords, &count);
    g_autofree uint16_t *numbers = g_new0(uint16_t, count + 1);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = mh_mailbox_keyword_name(part, members[i]);
        kept += mh_mailbox_keyword(out, mh_span_from_string(name), &numbers[kept]);
    }
    uint32_t set = mh_mailbox_keyword_set(out, numbers, kept);
    MhText name = mh_mailbox_text(out, mh_span_from_string(mh_mailbox_get_text(part, from->name)));
    MhText uidl = mh_mailbox_text(out, mh_span_from_string(mh_mailbox_get_text(part, from->uidl)));
    MhMessage *message = mh_mailbox_add(out);
    *message = *from;
    g_assert(from->where <= PLACE_MASK);
    message->where |= (uint64_t)number << PART_SHIFT;
    message->keywords = set;
    message->name = name;
    message->uidl = first ? uidl : 0;
    message->uid = first ? from->uid : 0;
    message->pop3_order = first ? from->pop3_order : 0;
}

static bool
joined_index(MhSource *source, MhMailbox *out, MhFindings *findings, GError **error)
{
    JoinedSource *joined = (JoinedSource *)source;
    for (size_t i = 0; i < joined->count; i++) {
        g_autoptr(MhMailbox) part = mh_mailbox_new();
        joined->parts[i]->careful = source->careful;
        if (!joined->parts[i]->class->index(joined->parts[i], part, findings, error))
            return false;
        if (i == 0)
            out->uids = part->uids;
        out->dialect = part->dialect;
        for (size_t m = 0; m < mh_mailbox_length(part); m++)
            append(out, part, mh_mailbox_get(part, m), i);
        if (out->unread == NULL)
            out->unread = g_steal_pointer(&part->unread);
    }
    return true;
}

/* The part that @message is from, and @message as that part knows it. */
static MhSource *
part_of(MhSource *source, const MhMessage *message, MhMessage *out_message)
{
    JoinedSource *joined = (JoinedSource *)source;
    size_t number = message->where >> PART_SHIFT;
    g_assert(number < joined->count);
    *out_message = *message;
    out_message->where &= PLACE_MASK;
    return joined->parts[number];
}

static bool
joined_copy(MhSource *source, const MhMessage *message, int fd, GError **error)
{
    MhMessage known;
    MhSource *part = part_of(source, message, &known);
    return part->class->copy(part, &known, fd, error);
}

static bool
joined_check(MhSource *source, GError **error)
{
    JoinedSource *joined = (JoinedSource *)source;
    for (size_t i = 0; i < joined->count; i++) {
        if (!joined->parts[i]->class->check(joined->parts[i], error))
            return false;
    }
    return true;
}

static void
joined_free(MhSource *source)
{
    JoinedSource *joined = (JoinedSource *)source;
    for (size_t i = 0; i < joined->count; i++)
        mh_source_free(joined->parts[i]);
    g_free(joined->parts);
    g_free(joined);
}

static const MhSourceClass joined_class = {
    .index = joined_index,
    .copy = joined_copy,
    .open_message = NULL, /* parts that need it are not joined */
    .check = joined_check,
    .free = joined_free,
};

MhSource *
mh_joined_source_new(MhSource **sources, size_t count)
{
    g_assert(count > 0 && count < 256);
    JoinedSource *joined = g_new0(JoinedSource, 1);
    joined->source.class = &joined_class;
    joined->source.stamp = sources[0]->stamp;
    for (size_t i = 1; i < count; i++) {
        MhStamp *stamp = &joined->source.stamp;
        stamp->mtime_ns = MAX(stamp->mtime_ns, sources[i]->stamp.mtime_ns);
        stamp->ctime_ns = MAX(stamp->ctime_ns, sources[i]->stamp.ctime_ns);
    }
    joined->parts = sources;
    joined->count = count;
    return &joined->source;
}
