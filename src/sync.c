#include "sync.h"

#include "sync-pairing.h"

#include <string.h>

typedef enum {
    NUMBERING_SOURCE, /* as the source has it, where that can be had */
    NUMBERING_TARGET, /* the UIDs of the source count for nothing; what the target has stays */
    NUMBERING_AFRESH, /* from 1, under a new UIDVALIDITY */
} Numbering;

/* In place of the target's message + 1: it is the new server's own mail. */
#define LEFT UINT32_MAX

/* Sync in the making. */
typedef struct {
    const MhSyncInput *in;
    size_t source_count, target_count;
    MhSyncPairing pairs; /* indexes + 1; 0 is none */
    Numbering numbering;
    bool takes_over;     /* the numbering of the target is replaced */
    bool other_validity; /* ... under another UIDVALIDITY */
    bool has_foreign;    /* the target holds listed mail of its own */
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

/* ---- flags -------------------------------------------------------------------------------- */

/* Bit by bit: what the source changed since @carried follows it, the rest stays as it is. */
static uint32_t
merge_bits(uint32_t source, uint32_t carried, uint32_t target)
{
    uint32_t changed = source ^ carried;
    return (target & ~changed) | (source & changed);
}

/* Can it be new again at the source? Its flags or keywords are others than those that were carried,
 * or it has another UID: it has gone, and came once more. */
static bool
is_changed(const MhMessage *source, uint32_t letters, const MhTargetMessage *target)
{
    bool came_again =
        source->uid != 0 && target->carried_uid != 0 && source->uid != target->carried_uid;
    return target->has_carried && (came_again || source->flags != target->carried_flags ||
                                   letters != target->carried_letters);
}

static void
merge_flags(const Sync *sync, const MhMessage *source, const MhTargetMessage *target,
            MhSyncLine *line)
{
    uint32_t letters = sync->in->set_letters[source->keywords];
    line->flags = target->flags;
    line->letters = target->letters;
    line->is_new = target->is_new;
    if (sync->in->late)
        return;
    if (sync->in->mirror || !target->has_carried) {
        line->flags = (uint32_t)source->flags & MH_FLAGS_ALL;
        line->letters = letters & MH_LETTERS_ALL;
    } else {
        line->flags =
            merge_bits(source->flags, target->carried_flags, target->flags) & MH_FLAGS_ALL;
        line->letters =
            merge_bits(letters, target->carried_letters, target->letters) & MH_LETTERS_ALL;
    }
    line->is_new = source->is_new && line->flags == 0 && line->letters == 0 &&
                   (target->is_new || is_changed(source, letters, target));
    line->retag = line->flags != target->flags || line->letters != target->letters ||
                  line->is_new != target->is_new;
}

/* ---- UIDs --------------------------------------------------------------------------------- */

/* A UID that the source has under a UIDVALIDITY, and that a server may be given; otherwise 0. */
static uint32_t
source_uid(const Sync *sync, const MhMessage *message)
{
    bool counts = sync->numbering == NUMBERING_SOURCE && sync->in->source->uids.uidvalidity != 0;
    return counts && message->uid <= MH_UID_MAX ? message->uid : 0;
}

static uint32_t
source_uidnext(const Sync *sync)
{
    const MhUidState *ours = &sync->in->source->uids;
    bool counts = sync->numbering == NUMBERING_SOURCE && ours->uidvalidity != 0;
    return counts && ours->uidnext <= MH_UID_MAX ? ours->uidnext : 0; /* a damaged one is none */
}

static uint32_t
largest_carried_uid(const Sync *sync)
{
    uint32_t largest = 0;
    for (size_t t = 0; t < sync->target_count; t++) {
        const MhTargetMessage *there = target_at(sync, t);
        if (there->ours && there->has_carried)
            largest = MAX(largest, there->carried_uid);
    }
    return largest;
}

/* Has the source renumbered its messages under the UIDVALIDITY it had? It has when a message has
 * another UID than when it was carried, and one that was given out by then. (A UID above those is
 * nothing special: the message was moved to another folder and back.) */
static bool
source_contradicts(const Sync *sync)
{
    uint32_t largest = largest_carried_uid(sync);
    for (size_t s = 0; s < sync->source_count; s++) {
        uint32_t t = sync->pairs.target_of[s];
        uint32_t uid = source_uid(sync, source_at(sync, s));
        const MhTargetMessage *there = t != 0 && t != LEFT ? target_at(sync, t - 1) : NULL;
        if (there == NULL || !there->has_carried || uid == 0 || there->carried_uid == 0)
            continue;
        if (there->carried_uid != uid && uid <= largest)
            return true;
    }
    return false;
}

static uint32_t
fresh_uidvalidity(const Sync *sync)
{
    uint32_t fresh = sync->in->fresh_uidvalidity;
    while (fresh == 0 || fresh == sync->in->source->uids.uidvalidity ||
           fresh == sync->in->target->uids.uidvalidity)
        fresh++;
    return fresh;
}

/* Decides on UIDVALIDITY, on the UIDNEXT to start from, and whose numbers count. */
static void
choose_numbering(Sync *sync, Numbering numbering)
{
    uint32_t theirs = sync->in->target->uids.uidvalidity,
             theirs_next = sync->in->target->uids.uidnext;
    uint32_t ours = numbering == NUMBERING_SOURCE ? sync->in->source->uids.uidvalidity : 0;
    MhUidState *uids = &sync->plan->uids;
    sync->numbering = numbering;
    sync->takes_over = sync->other_validity = false;
    if (numbering == NUMBERING_AFRESH) {
        sync->takes_over = sync->other_validity = true;
    } else if (ours != 0 && theirs != 0 && !sync->in->late) {
        sync->other_validity = ours != theirs;
        sync->takes_over = sync->other_validity || source_contradicts(sync);
    }
    if (theirs != 0 && !sync->other_validity) {
        uids->uidvalidity = theirs;
        uids->uidnext = sync->in->late ? theirs_next : MAX(theirs_next, source_uidnext(sync));
    } else {
        uids->uidvalidity = ours != 0 ? ours : fresh_uidvalidity(sync);
        uids->uidnext = source_uidnext(sync);
    }
    uids->uidnext = MAX(uids->uidnext, 1);
}

/* The UID that a message of the source keeps or brings; 0: it is to be numbered at the end. */
static uint32_t
wanted_uid(const Sync *sync, const MhMessage *message, const MhTargetMessage *there)
{
    uint32_t uid = source_uid(sync, message);
    uint32_t now = there != NULL && !sync->other_validity ? there->uid : 0;
    if (sync->takes_over)
        return uid != 0 ? uid : now;
    bool changed = now == 0 || !there->has_carried || there->carried_uid != message->uid;
    if (uid == 0 || !changed || (now != 0 && sync->in->late))
        return now;
    const MhUidState *theirs = &sync->in->target->uids;
    if (theirs->uidvalidity == 0)
        return uid;
    if (theirs->uidvalidity != sync->in->source->uids.uidvalidity)
        return now; /* late: a UID under another UIDVALIDITY says nothing */
    bool in_use = sync->has_foreign || sync->in->late;
    return in_use && uid < theirs->uidnext ? now : uid;
}

static void
add_source_lines(Sync *sync)
{
    for (size_t s = 0; s < sync->source_count; s++) {
        const MhMessage *message = source_at(sync, s);
        uint32_t t = sync->pairs.target_of[s];
        if (t == LEFT) {
            sync->plan->left++;
            continue;
        }
        const MhTargetMessage *there = t != 0 ? target_at(sync, t - 1) : NULL;
        if (t == 0 && sync->in->late && sync->in->carried_before != NULL &&
            sync->in->carried_before[s]) {
            sync->plan->deleted++;
            continue;
        }
        MhSyncLine line = {.source = (uint32_t)s + 1, .target = t & MH_FOLDER_INDEX};
        line.uid = wanted_uid(sync, message, there);
        if (there != NULL) {
            merge_flags(sync, message, there, &line);
        } else {
            line.flags = (uint32_t)message->flags & MH_FLAGS_ALL;
            line.letters = sync->in->set_letters[message->keywords] & MH_LETTERS_ALL;
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
        if (mh_sync_pairing_has(&sync->pairs, t))
            continue;
        if (there->ours && !sync->in->keep_expunged && !sync->in->late) {
            g_array_append_val(plan->expunge, t);
            continue;
        }
        plan->foreign += !there->ours;
        plan->kept_gone += there->ours;
        if (there->uid == 0)
            continue; /* the server will list it */
        MhSyncLine line = {.target = (t + 1) & MH_FOLDER_INDEX,
                           .uid = sync->other_validity ? 0 : there->uid,
                           .flags = there->flags,
                           .letters = there->letters,
                           .is_new = there->is_new};
        g_array_append_val(plan->lines, line);
    }
}

/* Who has the better claim when two lines want one UID; small is better. */
static int
claim(const Sync *sync, const MhSyncLine *line)
{
    const MhTargetMessage *there = line->target != 0 ? target_at(sync, line->target - 1) : NULL;
    if (sync->takes_over)
        return line->source != 0 ? 0 : 1;
    if (line->source != 0)
        return there != NULL && there->uid == line->uid ? 1 : 2;
    return there != NULL && there->ours ? 3 : 0;
}

static int
compare_lines(gconstpointer a, gconstpointer b, gpointer user)
{
    const MhSyncLine *x = a, *y = b;
    const Sync *sync = user;
    uint32_t x_uid = x->uid - 1, y_uid = y->uid - 1; /* 0 becomes the largest: numbered last */
    if (x_uid != y_uid)
        return x_uid < y_uid ? -1 : 1;
    int x_claim = claim(sync, x), y_claim = claim(sync, y);
    if (x_claim != y_claim)
        return x_claim - y_claim;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    if (x->target == y->target)
        return 0;
    x_uid = target_at(sync, x->target - 1)->uid;
    y_uid = target_at(sync, y->target - 1)->uid;
    if (x_uid != y_uid)
        return x_uid < y_uid ? -1 : 1;
    return x->target < y->target ? -1 : 1;
}

/* Most mailboxes come in order; looking is cheaper than sorting. */
static void
sort_lines(Sync *sync)
{
    GArray *lines = sync->plan->lines;
    for (guint i = 1; i < lines->len; i++) {
        if (compare_lines(&g_array_index(lines, MhSyncLine, i - 1),
                          &g_array_index(lines, MhSyncLine, i), sync) > 0) {
            g_array_sort_with_data(lines, compare_lines, sync);
            return;
        }
    }
}

/* Gives every line without a UID, and every second one of two equals, the next free UID. False
 * when there are not enough: a server must have at least one left to give out. */
static bool
number_lines(Sync *sync)
{
    MhSyncPlan *plan = sync->plan;
    uint32_t last = 0;
    sort_lines(sync);
    for (guint i = 0; i < plan->lines->len; i++) {
        MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (line->uid != 0 && line->uid == last)
            line->uid = 0;
        else if (line->uid != 0)
            last = line->uid;
    }
    uint64_t next = MAX((uint64_t)plan->uids.uidnext, (uint64_t)last + 1);
    for (guint i = 0; i < plan->lines->len; i++) {
        MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (line->uid == 0)
            line->uid = (uint32_t)next++;
    }
    if (next > MH_UID_MAX)
        return false;
    plan->uids.uidnext = (uint32_t)next;
    sort_lines(sync);
    return true;
}

/* Makes the lines under one numbering. False when the UIDs do not suffice. */
static bool
list_messages(Sync *sync, Numbering numbering)
{
    MhSyncPlan *plan = sync->plan;
    g_array_set_size(plan->lines, 0);
    g_array_set_size(plan->expunge, 0);
    plan->foreign = plan->kept_gone = plan->deleted = plan->left = 0;
    choose_numbering(sync, numbering);
    add_source_lines(sync);
    add_target_lines(sync);
    return number_lines(sync);
}

/* ---- the sum ------------------------------------------------------------------------------ */

/* Is something else to be written down about where this message came from? */
static bool
carried_changes(const Sync *sync, const MhMessage *message, const MhTargetMessage *there)
{
    if (sync->in->late)
        return false;
    return !there->has_carried || there->carried_uid != message->uid ||
           is_changed(message, sync->in->set_letters[message->keywords], there);
}

/* Late, the old server will not give a UID any more that it has not given yet: no client knows it,
 * and none is missed. Before that it will, and clients may see it there. */
static bool
has_known_uid(const Sync *sync, const MhMessage *message)
{
    uint32_t foretold = sync->in->late ? sync->in->source->foretold : 0;
    return message->uid != 0 && (foretold == 0 || message->uid < foretold);
}

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
    bool known = there != NULL && there->has_carried && there->carried_uid == message->uid;
    bool settled = there != NULL && !line->renumber && (known || sync->in->late);
    plan->uids_lost += has_known_uid(sync, message) && message->uid != line->uid && !settled;
    plan->delivered += there == NULL;
    plan->retagged += line->retag;
    plan->renumbered += there != NULL && !line->retag && line->renumber;
    plan->unchanged += there != NULL && !line->retag && !line->renumber;
    plan->list_changed |= there != NULL && carried_changes(sync, message, there);
}

/* The target cannot put before others what has come or moved there. */
static bool
are_reordered(const Sync *sync)
{
    uint32_t last = 0;
    for (guint i = 0; i < sync->plan->lines->len; i++) {
        uint32_t number = g_array_index(sync->plan->lines, MhSyncLine, i).source;
        if (number == 0 || source_uid(sync, source_at(sync, number - 1)) != 0)
            continue;
        if (number < last)
            return true;
        last = number;
    }
    return false;
}

static void
count(Sync *sync)
{
    MhSyncPlan *plan = sync->plan;
    const MhUidState *theirs = &sync->in->target->uids;
    bool other_validity = plan->uids.uidvalidity != theirs->uidvalidity;
    for (guint i = 0; i < plan->lines->len; i++)
        count_line(sync, &g_array_index(plan->lines, MhSyncLine, i));
    plan->expunged = plan->expunge->len;
    plan->list_changed |= plan->expunged > 0 || other_validity ||
                          plan->uids.uidnext != theirs->uidnext ||
                          (sync->in->target->unfiled > 0 && !sync->in->late);
    plan->uidvalidity_replaced = other_validity && theirs->uidvalidity != 0;
    plan->uids_replaced |= plan->uidvalidity_replaced;
    plan->reordered = are_reordered(sync);
}

static void
leave_own(Sync *sync)
{
    for (size_t s = 0; sync->in->left != NULL && s < sync->source_count; s++) {
        if (!sync->in->left[s] || sync->pairs.target_of[s] == 0)
            continue;
        mh_sync_pairing_part(&sync->pairs, s);
        sync->pairs.target_of[s] = LEFT;
    }
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
    mh_sync_pairing_init(&sync.pairs, input->source, input->target);
    leave_own(&sync);
    for (size_t t = 0; t < sync.target_count; t++) {
        const MhTargetMessage *there = target_at(&sync, t);
        sync.has_foreign |= !there->ours && there->uid != 0 && !mh_sync_pairing_has(&sync.pairs, t);
    }
    if (!list_messages(&sync, NUMBERING_SOURCE) && !list_messages(&sync, NUMBERING_TARGET))
        list_messages(&sync, NUMBERING_AFRESH);
    count(&sync);
    mh_sync_pairing_clear(&sync.pairs);
    return plan;
}

void
mh_sync_plan_free(MhSyncPlan *plan)
{
    if (plan == NULL)
        return;
    g_array_unref(plan->lines);
    g_array_unref(plan->expunge);
    g_clear_pointer(&plan->renamed_uidls, g_hash_table_unref);
    g_free(plan);
}
