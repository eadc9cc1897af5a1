#include "sync.h"

#include <string.h>

/* Sync in the making. Pairs are indexes + 1; 0 is none. */
typedef struct {
    const MhSyncInput *in;
    size_t source_count, target_count;
    uint32_t *target_of; /* per source message */
    uint32_t *source_of; /* per target message */
    bool takes_over;     /* the source's numbering replaces the target's */
    bool has_foreign;    /* the target holds mail of its own */
    MhSyncPlan *plan;
} Sync;

static MhMessage *
source_at(const Sync *sync, size_t i)
{
    return mh_mailbox_get(sync->in->source, i);
}

static MhTargetMessage *
target_at(const Sync *sync, size_t i)
{
    return mh_target_index_get(sync->in->target, i);
}

static void
pair(Sync *sync, size_t source, size_t target)
{
    sync->target_of[source] = (uint32_t)target + 1;
    sync->source_of[target] = (uint32_t)source + 1;
}

/* ---- pairing ------------------------------------------------------------------------------ */

/* A hash table from identity to the target messages that have it, in order: slots hold the first
 * of a chain, next[] the one after. Identities are digests, so their first bytes are the hash. */
typedef struct {
    uint32_t *slots, *next;
    size_t mask;
} IdTable;

static size_t
id_slot(const IdTable *table, const Sync *sync, const MhDigest *id)
{
    size_t slot;
    memcpy(&slot, id->bytes, sizeof slot);
    for (slot &= table->mask; table->slots[slot] != 0; slot = (slot + 1) & table->mask) {
        if (mh_digest_equal(&target_at(sync, table->slots[slot] - 1)->id, id))
            break;
    }
    return slot;
}

static void
id_table_init(IdTable *table, const Sync *sync)
{
    size_t size = 16;
    while (size < 2 * sync->target_count)
        size *= 2;
    table->mask = size - 1;
    table->slots = g_new0(uint32_t, size);
    table->next = g_new0(uint32_t, sync->target_count);
    for (size_t i = sync->target_count; i-- > 0;) { /* backwards, so that chains run forwards */
        size_t slot = id_slot(table, sync, &target_at(sync, i)->id);
        table->next[i] = table->slots[slot];
        table->slots[slot] = (uint32_t)i + 1;
    }
}

/* Takes the first message with @id that is not paired yet off its chain; 0 when there is none. */
static uint32_t
id_table_take(IdTable *table, const Sync *sync, const MhDigest *id)
{
    size_t slot = id_slot(table, sync, id);
    uint32_t at = table->slots[slot];
    while (at != 0 && sync->source_of[at - 1] != 0)
        at = table->next[at - 1];
    if (at != 0)
        table->slots[slot] = at; /* what stands before it is paired already */
    return at;
}

static int
compare_by_uid(gconstpointer a, gconstpointer b, gpointer user)
{
    const Sync *sync = user;
    uint32_t x = target_at(sync, *(const uint32_t *)a)->uid;
    uint32_t y = target_at(sync, *(const uint32_t *)b)->uid;
    return x < y ? -1 : x > y;
}

/* Pairs messages that are equal in both identity and UID. */
static void
pair_by_uid(Sync *sync)
{
    g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (uint32_t i = 0; i < sync->target_count; i++) {
        if (target_at(sync, i)->uid != 0)
            g_array_append_val(order, i);
    }
    g_array_sort_with_data(order, compare_by_uid, sync);
    size_t at = 0;
    uint32_t last = 0;
    for (size_t s = 0; s < sync->source_count; s++) {
        const MhMessage *message = source_at(sync, s);
        if (message->uid == 0)
            continue;
        if (message->uid < last)
            at = 0; /* a source out of order: start over */
        last = message->uid;
        while (at < order->len &&
               target_at(sync, g_array_index(order, uint32_t, at))->uid < message->uid)
            at++;
        if (at == order->len)
            continue;
        uint32_t t = g_array_index(order, uint32_t, at);
        const MhTargetMessage *there = target_at(sync, t);
        if (there->uid == message->uid && sync->source_of[t] == 0 &&
            mh_digest_equal(&there->id, &message->id))
            pair(sync, s, t);
    }
}

static void
pair_messages(Sync *sync)
{
    IdTable table;
    if (sync->target_count == 0 || sync->source_count == 0)
        return;
    pair_by_uid(sync);
    id_table_init(&table, sync);
    for (size_t s = 0; s < sync->source_count; s++) {
        if (sync->target_of[s] != 0)
            continue;
        uint32_t t = id_table_take(&table, sync, &source_at(sync, s)->id);
        if (t != 0)
            pair(sync, s, t - 1);
    }
    g_free(table.slots);
    g_free(table.next);
}

/* ---- flags -------------------------------------------------------------------------------- */

/* Bit by bit: what the source changed since @carried follows it, the rest stays as it is. */
static uint32_t
merge_bits(uint32_t source, uint32_t carried, uint32_t target)
{
    uint32_t changed = source ^ carried;
    return (target & ~changed) | (source & changed);
}

static void
merge_flags(const Sync *sync, const MhMessage *source, const MhTargetMessage *target,
            MhSyncLine *line)
{
    uint32_t letters = sync->in->set_letters[source->keywords];
    if (sync->in->late) {
        line->flags = target->flags;
        line->letters = target->letters;
    } else if (sync->in->mirror || !target->has_carried) {
        line->flags = source->flags;
        line->letters = letters;
    } else {
        line->flags = (MhFlags)merge_bits(source->flags, target->carried_flags, target->flags);
        line->letters = merge_bits(letters, target->carried_letters, target->letters);
    }
    bool plain = line->flags == 0 && line->letters == 0;
    line->is_new = target->is_new && plain && (source->is_new || sync->in->late);
    line->retag = line->flags != target->flags || line->letters != target->letters ||
                  line->is_new != target->is_new;
}

/* ---- UIDs --------------------------------------------------------------------------------- */

/* Does the numbering of the source replace that of the target? It does when the source has
 * another UIDVALIDITY, or gives a message that was carried another UID than then. */
static bool
source_renumbered(const Sync *sync)
{
    const MhUidState *ours = &sync->in->source->uids, *theirs = &sync->in->target->uids;
    if (ours->uidvalidity == 0 || theirs->uidvalidity == 0 || sync->in->late)
        return false;
    if (ours->uidvalidity != theirs->uidvalidity)
        return true;
    for (size_t s = 0; s < sync->source_count; s++) {
        uint32_t t = sync->target_of[s];
        const MhTargetMessage *there = t != 0 ? target_at(sync, t - 1) : NULL;
        uint32_t uid = source_at(sync, s)->uid;
        if (there == NULL || uid == 0 || there->uid == 0 || !there->has_carried)
            continue;
        if (there->carried_uid != uid && there->carried_uid != 0)
            return true;
    }
    return false;
}

/* The UID that a message of the source keeps or brings; 0: it is to be numbered at the end. */
static uint32_t
settled_uid(const Sync *sync, const MhMessage *message, const MhTargetMessage *there)
{
    if (sync->takes_over)
        return message->uid;
    if (there != NULL && there->uid != 0)
        return there->uid;
    if (sync->in->late || message->uid < sync->in->target->uids.uidnext) {
        if (sync->in->late || sync->has_foreign)
            return 0;
    }
    return message->uid;
}

static void
add_source_lines(Sync *sync)
{
    for (size_t s = 0; s < sync->source_count; s++) {
        const MhMessage *message = source_at(sync, s);
        uint32_t t = sync->target_of[s];
        const MhTargetMessage *there = t != 0 ? target_at(sync, t - 1) : NULL;
        MhSyncLine line = {.source = (uint32_t)s + 1, .target = t};
        line.uid = settled_uid(sync, message, there);
        if (there != NULL) {
            merge_flags(sync, message, there, &line);
        } else {
            line.flags = message->flags;
            line.letters = sync->in->set_letters[message->keywords];
            line.is_new = message->is_new && line.flags == 0 && line.letters == 0;
        }
        g_array_append_val(sync->plan->lines, line);
    }
}

/* Messages that only the target has: its own mail stays, what has gone at the source goes. */
static void
add_target_lines(Sync *sync)
{
    MhSyncPlan *plan = sync->plan;
    for (uint32_t t = 0; t < sync->target_count; t++) {
        const MhTargetMessage *there = target_at(sync, t);
        if (sync->source_of[t] != 0)
            continue;
        if (there->ours && !sync->in->keep_expunged && !sync->in->late) {
            g_array_append_val(plan->expunge, t);
            continue;
        }
        plan->foreign += !there->ours;
        plan->kept_gone += there->ours;
        if (there->uid == 0)
            continue; /* the server will list it */
        MhSyncLine line = {.target = t + 1,
                           .uid = sync->takes_over ? 0 : there->uid,
                           .flags = there->flags,
                           .letters = there->letters,
                           .is_new = there->is_new};
        g_array_append_val(plan->lines, line);
    }
}

static int
compare_lines(gconstpointer a, gconstpointer b)
{
    const MhSyncLine *x = a, *y = b;
    uint32_t x_uid = x->uid - 1, y_uid = y->uid - 1; /* 0 becomes the largest: numbered last */
    if (x_uid != y_uid)
        return x_uid < y_uid ? -1 : 1;
    if ((x->source != 0) != (y->source != 0))
        return x->source != 0 ? -1 : 1;
    return x->source != y->source  ? (x->source < y->source ? -1 : 1)
           : x->target < y->target ? -1
                                   : 1;
}

static bool
lines_sorted(const GArray *lines)
{
    for (guint i = 1; i < lines->len; i++) {
        if (compare_lines(&g_array_index(lines, MhSyncLine, i - 1),
                          &g_array_index(lines, MhSyncLine, i)) > 0)
            return false;
    }
    return true;
}

/* Gives every line without a UID, and every second one of two equals, the next free UID. */
static void
number_lines(Sync *sync)
{
    MhSyncPlan *plan = sync->plan;
    uint32_t last = 0;
    if (!lines_sorted(plan->lines))
        g_array_sort(plan->lines, compare_lines);
    for (guint i = 0; i < plan->lines->len; i++) {
        MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (line->uid != 0 && line->uid == last)
            line->uid = 0;
        else if (line->uid != 0)
            last = line->uid;
    }
    uint32_t next = MAX(plan->uids.uidnext, last + 1);
    for (guint i = 0; i < plan->lines->len; i++) {
        MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (line->uid == 0)
            line->uid = next++;
    }
    plan->uids.uidnext = next;
    if (!lines_sorted(plan->lines))
        g_array_sort(plan->lines, compare_lines);
}

static void
choose_uids(Sync *sync)
{
    const MhUidState *ours = &sync->in->source->uids, *theirs = &sync->in->target->uids;
    MhUidState *uids = &sync->plan->uids;
    if (theirs->uidvalidity != 0 && !sync->takes_over) {
        uids->uidvalidity = theirs->uidvalidity;
        uids->uidnext = sync->in->late ? theirs->uidnext : MAX(theirs->uidnext, ours->uidnext);
    } else {
        uids->uidvalidity =
            ours->uidvalidity != 0 ? ours->uidvalidity : sync->in->fresh_uidvalidity;
        uids->uidnext = ours->uidnext;
        /* Under the same validity the numbers that the target gave out must not come again. */
        if (uids->uidvalidity == theirs->uidvalidity)
            uids->uidnext = MAX(uids->uidnext, theirs->uidnext);
    }
    uids->uidnext = MAX(uids->uidnext, 1);
}

/* ---- the sum ------------------------------------------------------------------------------ */

static void
count_line(Sync *sync, MhSyncLine *line)
{
    MhSyncPlan *plan = sync->plan;
    const MhTargetMessage *there = line->target != 0 ? target_at(sync, line->target - 1) : NULL;
    const MhMessage *message = line->source != 0 ? source_at(sync, line->source - 1) : NULL;

    line->renumber = there != NULL && there->uid != line->uid;
    plan->uids_replaced |= line->renumber && there->uid != 0;
    plan->inserts_below |=
        line->uid < sync->in->target->uids.uidnext && (there == NULL || line->renumber);
    plan->list_changed |= there == NULL || line->renumber;
    if (message == NULL)
        return;
    plan->uids_lost +=
        message->uid != 0 && message->uid != line->uid && (there == NULL || line->renumber);
    plan->delivered += there == NULL;
    plan->retagged += line->retag;
    plan->unchanged += there != NULL && !line->retag && !line->renumber;
    if (there == NULL)
        return;
    plan->list_changed |= !there->has_carried || there->carried_flags != message->flags ||
                          there->carried_letters != sync->in->set_letters[message->keywords] ||
                          there->carried_uid != message->uid;
}

MhSyncPlan *
mh_sync(const MhSyncInput *input)
{
    MhSyncPlan *plan = g_new0(MhSyncPlan, 1);
    Sync sync = {.in = input,
                 .source_count = mh_mailbox_length(input->source),
                 .target_count = input->target->messages->len,
                 .plan = plan};
    plan->lines = g_array_sized_new(FALSE, TRUE, sizeof(MhSyncLine), (guint)sync.source_count);
    plan->expunge = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    sync.target_of = g_new0(uint32_t, sync.source_count);
    sync.source_of = g_new0(uint32_t, sync.target_count);
    for (size_t t = 0; t < sync.target_count; t++)
        sync.has_foreign |= !target_at(&sync, t)->ours;

    pair_messages(&sync);
    sync.takes_over = source_renumbered(&sync);
    choose_uids(&sync);
    add_source_lines(&sync);
    add_target_lines(&sync);
    number_lines(&sync);
    for (guint i = 0; i < plan->lines->len; i++)
        count_line(&sync, &g_array_index(plan->lines, MhSyncLine, i));
    plan->expunged = plan->expunge->len;
    plan->list_changed |= plan->expunged > 0 ||
                          plan->uids.uidvalidity != input->target->uids.uidvalidity ||
                          plan->uids.uidnext != input->target->uids.uidnext;
    plan->uids_replaced |= sync.takes_over;
    g_free(sync.target_of);
    g_free(sync.source_of);
    return plan;
}

void
mh_sync_plan_free(MhSyncPlan *plan)
{
    if (plan == NULL)
        return;
    g_array_unref(plan->lines);
    g_array_unref(plan->expunge);
    g_free(plan);
}
