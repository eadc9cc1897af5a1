#include "joined-source.h"

#include "size-limits.h"

typedef struct {
    MhSource source;
    MhSource **parts;
    size_t count;
    uint64_t *ends; /* of each part's places, which follow those of the one before */
} JoinedSource;

/* Copies message @from of @part to the end of @out; texts and keywords are @out's own. The places
 * of this part begin at @begin. */
static void
append(MhMailbox *out, const MhMailbox *part, const MhMessage *from, uint64_t begin, bool first)
{
    size_t count;
    const uint16_t *members = mh_mailbox_keyword_members(part, from->keywords, &count);
    g_autofree uint16_t *numbers = g_new0(uint16_t, count + 1);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = mh_mailbox_keyword_name(part, members[i]);
        kept += mh_mailbox_keyword(out, mh_span_from_string(name), &numbers[kept]);
    }
    uint32_t set = mh_mailbox_keyword_set(out, numbers, kept);
    MhMessage *message = mh_mailbox_add(out);
    *message = *from;
    message->where = (begin + from->where) & MH_MESSAGE_SIZE_MAX;
    message->keywords = set & MH_KEYWORD_SET_MASK;
    message->extra = 0;
    mh_mailbox_set_name(out, message, mh_span_from_string(mh_mailbox_name(part, from)));
    message->has_uw_uidl = first && from->has_uw_uidl;
    message->uid = first ? from->uid : 0;
    if (!first)
        return;
    if (!from->has_uw_uidl)
        mh_mailbox_set_uidl(out, message, mh_span_from_string(mh_mailbox_uidl(part, from)));
    mh_mailbox_set_pop3_order(out, message, mh_mailbox_pop3_order(part, from));
}

/* How many places the messages of @part take. */
static uint64_t
places_of(const MhMailbox *part)
{
    uint64_t end = 0;
    for (size_t i = 0; i < mh_mailbox_length(part); i++)
        end = MAX(end, mh_mailbox_get(part, i)->where + UINT64_C(1));
    return end;
}

static bool
joined_index(MhSource *source, MhMailbox *out, MhFindings *findings, GError **error)
{
    JoinedSource *joined = (JoinedSource *)source;
    uint64_t begin = 0;
    for (size_t i = 0; i < joined->count; i++) {
        g_autoptr(MhMailbox) part = mh_mailbox_new();
        joined->parts[i]->careful = source->careful;
        if (!joined->parts[i]->class->index(joined->parts[i], part, findings, error))
            return false;
        if (i == 0) {
            out->uids = part->uids;
            out->foretold = part->foretold;
            out->pop3_foretold = part->pop3_foretold;
        }
        out->dialect = part->dialect;
        for (size_t m = 0; m < mh_mailbox_length(part); m++)
            append(out, part, mh_mailbox_get(part, m), begin, i == 0);
        begin = joined->ends[i] = begin + places_of(part);
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
    size_t number = 0;
    while (message->where >= joined->ends[number])
        number++;
    g_assert(number < joined->count);
    *out_message = *message;
    if (number > 0)
        out_message->where = (message->where - joined->ends[number - 1]) & MH_MESSAGE_SIZE_MAX;
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
    g_free(joined->ends);
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
    /* then the places of all have room in a message */
    g_assert(count > 0 && count <= MH_MESSAGE_SIZE_MAX / MH_LIMIT_MESSAGE_BYTES);
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
    joined->ends = g_new0(uint64_t, count);
    return &joined->source;
}
