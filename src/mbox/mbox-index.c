#include "mbox-index.h"

#include "keyed-hash.h"
#include "mbox-internaldate.h"
#include "mbox-measure.h"
#include "mbox-render.h"
#include "mbox-uids.h"
#include "mbox-zone.h"
#include "printable.h"
#include "size-limits.h"

#include <stdio.h>
#include <string.h>

struct MboxIndex {
    MboxIndexOptions options;
    MhMailbox *mailbox;
    MhFindings *findings;
    MboxHiding hiding;
    MboxMarks marks;
    uint32_t seen; /* messages of the file, placeholder and expunged ones included */
    uint64_t expunged;
    uint64_t from_offset;
    size_t line_len;
    uint8_t line[MBOX_EVIDENCE_WINDOW];
    MboxFromLine from;
    MboxZone zone;
    bool placeholder;   /* the file began with one */
    bool skipping;      /* the message at hand is not carried */
    bool has_gap;       /* a message was left out because it could not be read */
    bool closed;        /* none behind the gap can be numbered any more */
    MboxUidsBase base;  /* of the file's first message */
    GArray *rows;       /* of MboxUidsRow, one a message of the mailbox */
    GHashTable *listed; /* keywords of the base's list, in lower case */
    MhMessage *message; /* at hand */
    MboxRender render;
    MboxMeasure measure;
    MhDigester digester;
};

MboxIndex *
mbox_index_new(const MboxIndexOptions *options, MhMailbox *mailbox, MhFindings *findings)
{
    MboxIndex *index = g_new0(MboxIndex, 1);
    index->options = *options;
    index->mailbox = mailbox;
    index->findings = findings;
    index->hiding = mbox_index_hiding(options->dialect);
    index->rows = g_array_new(FALSE, FALSE, sizeof(MboxUidsRow));
    index->listed = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    return index;
}

void
mbox_index_free(MboxIndex *index)
{
    if (index == NULL)
        return;
    g_array_unref(index->rows);
    g_hash_table_unref(index->listed);
    g_free(index);
}

MboxHiding
mbox_index_hiding(MboxDialect dialect)
{
    switch (dialect) {
    case MBOX_DIALECT_UW:
        return MBOX_HIDING_UW;
    case MBOX_DIALECT_THUNDERBIRD:
        return MBOX_HIDING_THUNDERBIRD;
    case MBOX_DIALECT_AUTO:
    case MBOX_DIALECT_DOVECOT:
    case MBOX_DIALECT_GMAIL:
    case MBOX_DIALECT_PLAIN:
        break;
    }
    return MBOX_HIDING_DOVECOT;
}

const MboxMarks *
mbox_index_marks(const MboxIndex *index)
{
    return &index->marks;
}

/* Dovecot leaves one where all mail has gone. c-client, which makes it anew, writes a '-'. */
static bool
is_placeholder_of_dovecot(const MboxMetadata *metadata, const MboxFromLine *from)
{
    return metadata->has_base && metadata->base.is_x_imap &&
           mh_span_equal(from->sender, MH_SPAN_LITERAL("MAILER_DAEMON"));
}

static unsigned
mark_of_base(const MboxMetadata *metadata, const MboxFromLine *from)
{
    return is_placeholder_of_dovecot(metadata, from) ? MBOX_MARK_DOVECOT : metadata->base.mark;
}

static void
count_marks(MboxMarks *marks, const MboxMetadata *metadata, const MboxFromLine *from)
{
    bool bare = from->kind == MBOX_FROM_BARE || mh_span_equal(from->sender, MH_SPAN_LITERAL("-"));
    unsigned base = metadata->has_base ? mark_of_base(metadata, from) : 0;
    if (marks->messages == 0 && base != 0)
        marks->base = base == MBOX_MARK_DOVECOT ? MBOX_DIALECT_DOVECOT : MBOX_DIALECT_UW;
    marks->messages++;
    marks->dovecot += (metadata->marks & MBOX_MARK_DOVECOT) != 0;
    marks->uw += (metadata->marks & MBOX_MARK_CCLIENT) != 0;
    marks->thunderbird += (metadata->marks & MBOX_MARK_THUNDERBIRD) != 0 || bare;
    marks->gmail += (metadata->marks & MBOX_MARK_GMAIL) != 0 ||
                    mh_span_ends_with(from->sender, MH_SPAN_LITERAL("@xxx"));
    marks->server += metadata->uid.present || metadata->has_base;
}

void
mbox_index_mark(MboxMarks *marks, MhSpan header, const MboxFromLine *from)
{
    MboxMetadata metadata;
    mbox_metadata_read(header, &metadata);
    count_marks(marks, &metadata, from);
}

/* --- keywords --- */

static char *
folded(MhSpan name)
{
    char *text = mh_span_dup(name);
    for (char *c = text; *c != '\0'; c++)
        *c = g_ascii_tolower(*c);
    return text;
}

static void
read_base(MboxIndex *index, const MboxMetadata *metadata)
{
    MhSpan rest = metadata->base.keywords, name;
    index->base = mbox_uids_base(metadata);
    while (metadata->has_base && g_hash_table_size(index->listed) < MH_LIMIT_KEYWORDS &&
           mbox_metadata_next_keyword(&rest, &name)) {
        uint16_t number;
        g_hash_table_add(index->listed, folded(name));
        mh_mailbox_keyword(index->mailbox, name, &number); /* keeps the server's order */
    }
}

/* Dovecot shows none of a message's keywords when one is not in its list. */
static bool
all_are_listed(MboxIndex *index, MhSpan names)
{
    MhSpan name;
    while (mbox_metadata_next_keyword(&names, &name)) {
        g_autofree char *key = folded(name);
        if (!g_hash_table_contains(index->listed, key))
            return false;
    }
    return true;
}

static void
drop_keyword(MboxIndex *index, MhSpan name)
{
    g_autofree char *shown = mh_printable(mh_span_first(name, 80));
    mh_findings_add_at(index->findings, MH_FINDING_MBOX_KEYWORD_DROPPED, index->from_offset,
                       (uint32_t)index->rows->len, "%s", shown);
}

static uint32_t
read_keywords(MboxIndex *index, const MboxMetadata *metadata)
{
    bool mozilla = index->hiding == MBOX_HIDING_THUNDERBIRD && metadata->mozilla_keys.len > 0;
    MhSpan rest = mozilla ? metadata->mozilla_keys : metadata->keywords, name;
    uint16_t numbers[MH_LIMIT_MESSAGE_KEYWORDS];
    size_t count = 0;
    if (rest.len == 0)
        return 0;
    if (index->options.dialect == MBOX_DIALECT_DOVECOT && !all_are_listed(index, rest)) {
        mh_findings_add_at(index->findings, MH_FINDING_MBOX_KEYWORDS_VOID, index->from_offset,
                           (uint32_t)index->rows->len, NULL);
        return 0;
    }
    while (mbox_metadata_next_keyword(&rest, &name)) {
        if (count < MH_LIMIT_MESSAGE_KEYWORDS &&
            mh_mailbox_keyword(index->mailbox, name, &numbers[count]))
            count++;
        else
            drop_keyword(index, name);
    }
    uint32_t set = mh_mailbox_keyword_set(index->mailbox, numbers, count);
    if (set == 0 && count > 0)
        drop_keyword(index, MH_SPAN_LITERAL("too many sets of them"));
    return set;
}

/* --- UIDLs --- */

/* The value as one word of printable characters; none when it is not. */
static bool
is_uidl(MhSpan value)
{
    if (value.len == 0 || value.len > MH_LIMIT_UIDL_BYTES)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < 0x21 || value.data[i] > 0x7e)
            return false;
    }
    return true;
}

static void
read_x_uidl(MboxIndex *index, MhSpan header_value)
{
    MhSpan value = mh_span_trim(header_value);
    if (is_uidl(value))
        mh_mailbox_set_uidl(index->mailbox, index->message, value);
    else
        mh_findings_add_at(index->findings, MH_FINDING_MBOX_UIDL_UNFIT, index->from_offset,
                           (uint32_t)index->rows->len, NULL);
}

static const char *
uidl_of(const MhMailbox *mailbox, uint32_t number)
{
    return mh_mailbox_uidl(mailbox, mh_mailbox_get(mailbox, number));
}

static int
compare_uidls(gconstpointer a, gconstpointer b, gpointer mailbox)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int order = strcmp(uidl_of(mailbox, x), uidl_of(mailbox, y));
    return order != 0 ? order : (x > y) - (x < y);
}

/* Those with a UIDL, sorted by it: four bytes a message, and only here. */
static GArray *
sort_by_uidl(const MboxIndex *index)
{
    GArray *numbers = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (uint32_t i = 0; i < mh_mailbox_length(index->mailbox); i++) {
        if (uidl_of(index->mailbox, i) != NULL)
            g_array_append_val(numbers, i);
    }
    g_array_sort_with_data(numbers, compare_uidls, index->mailbox);
    return numbers;
}

/* A header that repeats came with the mail and is nobody's UIDL; not the first one either. */
static void
drop_repeated_uidls(MboxIndex *index)
{
    g_autoptr(GArray) numbers = sort_by_uidl(index);
    for (guint first = 0, end; first < numbers->len; first = end) {
        const uint32_t *at = &g_array_index(numbers, uint32_t, 0);
        const char *uidl = uidl_of(index->mailbox, at[first]);
        for (end = first + 1; end < numbers->len; end++) {
            if (strcmp(uidl_of(index->mailbox, at[end]), uidl) != 0)
                break;
            mh_findings_add_of(index->findings, MH_FINDING_MBOX_UIDL_UNFIT, at[end] + 1, NULL);
        }
        for (guint i = first; end - first > 1 && i < end; i++)
            mh_mailbox_set_uidl(index->mailbox, mh_mailbox_get(index->mailbox, at[i]),
                                MH_SPAN_LITERAL(""));
    }
}

static void
make_uw_uidls(MboxIndex *index)
{
    uint32_t uidvalidity = index->mailbox->uids.uidvalidity;
    for (size_t i = 0; uidvalidity != 0 && i < mh_mailbox_length(index->mailbox); i++) {
        MhMessage *message = mh_mailbox_get(index->mailbox, i);
        if (message->uid != 0)
            mh_mailbox_set_uw_uidl(message);
    }
}

/* --- messages --- */

static bool
is_placeholder(const MboxIndex *index, const MboxMetadata *metadata)
{
    if (index->seen != 1)
        return false;
    if (metadata->has_base && metadata->base.is_x_imap)
        return true;
    return metadata->is_internal_data && index->options.dialect != MBOX_DIALECT_DOVECOT;
}

static uint32_t
choose_date(MboxIndex *index, const MboxMetadata *metadata)
{
    bool dovecot = index->options.dialect == MBOX_DIALECT_DOVECOT;
    MboxDateSources sources = {
        .from_line = mh_span(index->line, index->line_len),
        .from = &index->from,
        .date = metadata->date,
        .received = metadata->received,
        .file_time = index->options.file_time,
        .local = index->options.local,
        .reading = dovecot ? MBOX_DATES_DOVECOT : MBOX_DATES_WRITTEN,
        .offset = index->from_offset,
        .message = (uint32_t)index->rows->len,
    };
    uint32_t date = mbox_internaldate_choose(&sources, index->findings);
    mbox_zone_add(&index->zone, &index->from, metadata->received, date);
    return date;
}

static bool
count_text(MhSpan text, void *user)
{
    MboxIndex *index = user;
    mbox_measure_add(&index->measure, text);
    mh_digester_add(&index->digester, text);
    return true;
}

static void
add_message(MboxIndex *index, uint64_t offset, const MboxMetadata *metadata)
{
    MboxUidsRow row = mbox_uids_row(metadata, index->seen == 1);
    g_array_append_val(index->rows, row);
    MhMessage *message = mh_mailbox_add(index->mailbox);
    index->message = message;
    message->where = offset & MH_MESSAGE_SIZE_MAX;
    message->flags = (uint32_t)mbox_metadata_flags(metadata, index->hiding) & MH_FLAGS_ALL;
    message->is_new = mbox_metadata_is_recent(metadata, index->hiding);
    message->keywords = read_keywords(index, metadata) & MH_KEYWORD_SET_MASK;
    message->internaldate = choose_date(index, metadata);
    if (index->options.uidl == MBOX_UIDL_X_UIDL && metadata->has_uidl)
        read_x_uidl(index, metadata->uidl);
    index->measure = (MboxMeasure){0};
    mh_digester_init(&index->digester);
    mbox_render_begin(&index->render, index->hiding, index->options.unquote, count_text, index);
}

static void
on_begin(void *user, uint64_t offset, MhSpan line, const MboxFromLine *from)
{
    MboxIndex *index = user;
    index->seen++;
    index->from_offset = offset;
    index->line_len = MIN(line.len, sizeof(index->line));
    memcpy(index->line, line.data, index->line_len);
    index->from = *from;
    index->from.sender = mh_span(NULL, 0);
    if (from->sender.len > 0)
        index->from.sender = mh_span_first(mh_span_from(mh_span(index->line, index->line_len),
                                                        (size_t)(from->sender.data - line.data)),
                                           from->sender.len);
}

static void
on_header(void *user, uint64_t offset, MhSpan block)
{
    MboxIndex *index = user;
    MboxMetadata metadata;
    mbox_metadata_read(block, &metadata);
    count_marks(&index->marks, &metadata, &index->from);
    if (index->seen == 1)
        read_base(index, &metadata);
    bool expunged = mbox_metadata_is_expunged(&metadata, index->hiding);
    index->expunged += expunged;
    index->closed |= index->has_gap && index->base.has_base &&
                     !mbox_uids_row(&metadata, index->seen == 1).has_uid;
    index->skipping = expunged || index->closed || is_placeholder(index, &metadata);
    if (index->skipping)
        return;
    add_message(index, offset, &metadata);
    mbox_render_header(&index->render, block);
}

static void
on_body(void *user, uint64_t offset, MhSpan bytes)
{
    MboxIndex *index = user;
    (void)offset;
    if (!index->skipping)
        mbox_render_body(&index->render, bytes);
}

static void
on_end(void *user, uint64_t offset)
{
    MboxIndex *index = user;
    if (index->skipping)
        return;
    MhMessage *message = index->message;
    mbox_render_end(&index->render);
    message->where_len = (offset - message->where) & MH_MESSAGE_SIZE_MAX;
    message->id = mh_digester_finish(&index->digester);
    message->size_bytes = index->measure.size_bytes & MH_MESSAGE_SIZE_MAX;
    message->virtual_size = mbox_measure_virtual_size(&index->measure) & MH_MESSAGE_SIZE_MAX;
}

void
mbox_index_drop_last(MboxIndex *index)
{
    index->has_gap = true;
    if (index->skipping || index->rows->len == 0)
        return;
    g_array_set_size(index->rows, index->rows->len - 1);
    g_array_set_size(index->mailbox->messages, index->mailbox->messages->len - 1);
    index->message = NULL;
    index->skipping = true;
}

static void
on_boundary(void *user, const MboxBoundary *boundary)
{
    MboxIndex *index = user;
    if (index->options.boundary != NULL)
        index->options.boundary(index->options.user, boundary);
}

MboxScanEvents
mbox_index_events(void)
{
    return (MboxScanEvents){on_begin, on_header, on_body, on_end, on_boundary};
}

/* The old server's numbers, where its UIDVALIDITY can be carried. */
static void
assign_uids(MboxIndex *index)
{
    size_t count = index->rows->len;
    g_autofree uint32_t *uids = g_new(uint32_t, count + 1);
    MboxUidsRules rules =
        index->options.dialect == MBOX_DIALECT_UW ? MBOX_UIDS_UW : MBOX_UIDS_DOVECOT;
    MhUidState state = mbox_uids_assign((const MboxUidsRow *)(void *)index->rows->data, count,
                                        index->base, rules, uids, index->findings);
    index->mailbox->uids = (MhUidState){0};
    if (state.uidvalidity == 0)
        return;
    index->mailbox->uids = state;
    index->mailbox->foretold = index->base.has_last ? index->base.uidlast + 1 : 1;
    for (size_t i = 0; i < count; i++)
        mh_mailbox_get(index->mailbox, i)->uid = uids[i];
}

void
mbox_index_finish(MboxIndex *index)
{
    bool uw = index->options.dialect == MBOX_DIALECT_UW;
    assign_uids(index);
    if (index->options.uidl == MBOX_UIDL_X_UIDL)
        drop_repeated_uidls(index);
    mbox_zone_finish(&index->zone, index->findings);
    if (index->options.uidl == MBOX_UIDL_UW || (index->options.uidl == MBOX_UIDL_AUTO && uw))
        make_uw_uidls(index);
    if (index->expunged > 0)
        mh_findings_add(index->findings, MH_FINDING_MBOX_EXPUNGED, "%" G_GUINT64_FORMAT " messages",
                        index->expunged);
}
