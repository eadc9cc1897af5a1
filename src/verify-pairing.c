#include "verify-pairing.h"

#include <stdlib.h>
#include <string.h>

/* A message while it is being paired. */
typedef struct {
    MhDigest digest;
    uint32_t index;
    uint32_t key; /* what it is looked for by, among equal digests; 0: by nothing */
} Ref;

typedef struct {
    const MhVerifySource *source;
    const MhVerifyTarget *target;
    MhVerifyPairing *out;
    GArray *left, *right; /* of Ref: alone so far, at the source and at the target */
} Work;

/* What a message of either side is looked for by: false, it is not. */
typedef bool (*FillSource)(const Work *work, uint32_t index, Ref *out);
typedef bool (*FillTarget)(const MhVerifyMessage *message, Ref *out);

static int
compare_refs(const void *a, const void *b)
{
    const Ref *left = a, *right = b;
    int order = memcmp(left->digest.bytes, right->digest.bytes, MH_DIGEST_BYTES);
    if (order != 0)
        return order;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

/* (An empty array has no data to sort.) */
static void
sort(GArray *refs)
{
    if (refs->len > 1)
        qsort(refs->data, refs->len, sizeof(Ref), compare_refs);
}

static void
collect(Work *work, FillSource fill_source, FillTarget fill_target)
{
    g_array_set_size(work->left, 0);
    g_array_set_size(work->right, 0);
    for (uint32_t i = 0; i < mh_mailbox_length(work->source->mailbox); i++) {
        Ref ref = {.index = i};
        if (work->out->of_source[i] == MH_VERIFY_ALONE && fill_source(work, i, &ref))
            g_array_append_val(work->left, ref);
    }
    for (uint32_t i = 0; i < work->target->messages->len; i++) {
        Ref ref = {.index = i};
        if (work->out->of_target[i] == MH_VERIFY_ALONE &&
            fill_target(mh_verify_target_get(work->target, i), &ref))
            g_array_append_val(work->right, ref);
    }
    sort(work->left);
    sort(work->right);
}

/* Pairs, one for one, what has the same digest and key. */
static void
pair(Work *work, FillSource fill_source, FillTarget fill_target)
{
    guint i = 0, k = 0;
    collect(work, fill_source, fill_target);
    while (i < work->left->len && k < work->right->len) {
        const Ref *left = &g_array_index(work->left, Ref, i);
        const Ref *right = &g_array_index(work->right, Ref, k);
        int order = memcmp(left->digest.bytes, right->digest.bytes, MH_DIGEST_BYTES);
        if (order == 0)
            order = left->key < right->key ? -1 : left->key > right->key;
        if (order == 0) {
            work->out->of_source[left->index] = right->index;
            work->out->of_target[right->index] = left->index;
        }
        i += order <= 0;
        k += order >= 0;
    }
}

/* ---- the ways, in this order -------------------------------------------------------------- */

static bool
has_bytes(const MhVerifyMessage *message)
{
    return message->is_file && message->servable && message->error == NULL;
}

static bool
source_bytes_and_uid(const Work *work, uint32_t index, Ref *out)
{
    out->digest = mh_verify_source_bytes(work->source, index)->digest;
    out->key = mh_mailbox_get(work->source->mailbox, index)->uid;
    return out->key != 0;
}

static bool
target_bytes_and_uid(const MhVerifyMessage *message, Ref *out)
{
    out->digest = message->bytes.digest;
    out->key = message->uid;
    return has_bytes(message) && out->key != 0;
}

static bool
target_bytes_and_carried_uid(const MhVerifyMessage *message, Ref *out)
{
    out->digest = message->bytes.digest;
    out->key = message->carried.uid;
    return has_bytes(message) && message->has_carried && out->key != 0;
}

static bool
source_bytes(const Work *work, uint32_t index, Ref *out)
{
    out->digest = mh_verify_source_bytes(work->source, index)->digest;
    return true;
}

static bool
our_bytes(const MhVerifyMessage *message, Ref *out)
{
    out->digest = message->bytes.digest;
    return has_bytes(message) && message->ours;
}

static bool
any_bytes(const MhVerifyMessage *message, Ref *out)
{
    out->digest = message->bytes.digest;
    return has_bytes(message);
}

/* What the file of a message should be called, as far as it is known. */
static bool
source_name(const Work *work, uint32_t index, Ref *out)
{
    const MhMessage *message = mh_mailbox_get(work->source->mailbox, index);
    const char *name = mh_mailbox_name(work->source->mailbox, message);
    out->digest = name != NULL ? mh_digest_of(mh_span_from_string(name)) : message->id;
    return true;
}

static bool
target_name(const MhVerifyMessage *message, Ref *out)
{
    if (!maildir_file_name_parse_own(message->of.base, &out->digest, NULL))
        out->digest = mh_digest_of(message->of.base);
    return message->servable;
}

static bool
source_uid(const Work *work, uint32_t index, Ref *out)
{
    memset(&out->digest, 0, sizeof out->digest);
    out->key = mh_mailbox_get(work->source->mailbox, index)->uid;
    return out->key != 0;
}

static bool
target_uid(const MhVerifyMessage *message, Ref *out)
{
    memset(&out->digest, 0, sizeof out->digest);
    out->key = message->has_carried ? message->carried.uid : 0;
    return out->key != 0 && message->servable;
}

/* In place: a file is itself (courier-source.h, ids_of_files). */
static bool
source_file(const Work *work, uint32_t index, Ref *out)
{
    out->digest = mh_mailbox_get(work->source->mailbox, index)->id;
    return true;
}

static bool
target_file(const MhVerifyMessage *message, Ref *out)
{
    out->digest = mh_digest_of(mh_span_from_string(message->file));
    return true;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static int
compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, MH_DIGEST_BYTES);
}

/* Which of those left at the target have the bytes of a message of the source? */
static void
find_surplus(Work *work)
{
    size_t count = mh_mailbox_length(work->source->mailbox);
    g_autofree MhDigest *digests = g_new0(MhDigest, count + 1);
    for (size_t i = 0; i < count; i++)
        digests[i] = mh_verify_source_bytes(work->source, i)->digest;
    qsort(digests, count, sizeof *digests, compare_digests);
    for (guint i = 0; i < work->target->messages->len; i++) {
        const MhVerifyMessage *message = mh_verify_target_get(work->target, i);
        work->out->is_surplus[i] =
            work->out->of_target[i] == MH_VERIFY_ALONE && has_bytes(message) &&
            bsearch(&message->bytes.digest, digests, count, sizeof *digests, compare_digests) !=
                NULL;
    }
}

static uint32_t *
all_alone(size_t count)
{
    uint32_t *indexes = g_new(uint32_t, count + 1);
    memset(indexes, 0xff, (count + 1) * sizeof *indexes);
    return indexes;
}

MhVerifyPairing *
mh_verify_pairing_new(const MhVerifySource *source, const MhVerifyTarget *target, bool in_place)
{
    MhVerifyPairing *out = g_new0(MhVerifyPairing, 1);
    Work work = {.source = source, .target = target, .out = out};
    out->of_source = all_alone(mh_mailbox_length(source->mailbox));
    out->of_target = all_alone(target->messages->len);
    out->is_surplus = g_new0(bool, target->messages->len + 1);
    work.left = g_array_new(FALSE, FALSE, sizeof(Ref));
    work.right = g_array_new(FALSE, FALSE, sizeof(Ref));
    if (in_place)
        pair(&work, source_file, target_file);
    pair(&work, source_bytes_and_uid, target_bytes_and_uid);
    pair(&work, source_bytes_and_uid, target_bytes_and_carried_uid);
    pair(&work, source_bytes, our_bytes);
    pair(&work, source_bytes, any_bytes);
    pair(&work, source_name, target_name);
    pair(&work, source_uid, target_uid);
    find_surplus(&work);
    g_array_unref(work.left);
    g_array_unref(work.right);
    return out;
}

void
mh_verify_pairing_free(MhVerifyPairing *pairing)
{
    if (pairing == NULL)
        return;
    g_free(pairing->of_source);
    g_free(pairing->of_target);
    g_free(pairing->is_surplus);
    g_free(pairing);
}
