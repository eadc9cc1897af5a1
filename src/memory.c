#include "memory.h"

#include "keyed-hash.h"
#include "outcome.h"
#include "size-limits.h"

#include <fcntl.h>
#include <string.h>

MhMailboxMemory *
mh_mailbox_memory_new(const char *key, const char *directory)
{
    MhMailboxMemory *mailbox = g_new0(MhMailboxMemory, 1);
    mailbox->key = g_strdup(key);
    mailbox->directory = g_strdup(directory);
    mailbox->source = mh_stamps_new();
    mailbox->target = mh_stamps_new();
    return mailbox;
}

void
mh_mailbox_memory_free(MhMailboxMemory *mailbox)
{
    if (mailbox == NULL)
        return;
    g_free(mailbox->key);
    g_free(mailbox->directory);
    g_free(mailbox->settings);
    g_array_unref(mailbox->source);
    g_array_unref(mailbox->target);
    g_clear_pointer(&mailbox->outcome, g_variant_unref);
    g_clear_pointer(&mailbox->carried, g_variant_unref);
    g_free(mailbox);
}

static void
clear_place(gpointer place)
{
    g_free(((MhMemoryPlace *)place)->path);
}

MhMemory *
mh_memory_new(void)
{
    MhMemory *memory = g_new0(MhMemory, 1);
    memory->mailboxes = g_ptr_array_new_with_free_func((GDestroyNotify)mh_mailbox_memory_free);
    memory->by_key = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    memory->not_mail = g_ptr_array_new_with_free_func((GDestroyNotify)mh_not_mail_free);
    memory->places = g_array_new(FALSE, TRUE, sizeof(MhMemoryPlace));
    g_array_set_clear_func(memory->places, clear_place);
    return memory;
}

void
mh_memory_free(MhMemory *memory)
{
    if (memory == NULL)
        return;
    mh_watch_free(memory->watch);
    g_clear_pointer(&memory->subscriptions, g_ptr_array_unref);
    g_clear_pointer(&memory->findings, g_variant_unref);
    g_array_unref(memory->places);
    g_hash_table_unref(memory->by_key);
    g_ptr_array_unref(memory->mailboxes);
    g_ptr_array_unref(memory->not_mail);
    g_free(memory->settings);
    g_free(memory);
}

void
mh_memory_add(MhMemory *memory, MhMailboxMemory *mailbox)
{
    g_ptr_array_add(memory->mailboxes, mailbox);
    g_hash_table_insert(memory->by_key, mailbox->key, mailbox);
}

const MhMailboxMemory *
mh_memory_find(const MhMemory *memory, const char *key)
{
    return memory != NULL && key != NULL ? g_hash_table_lookup(memory->by_key, key) : NULL;
}

bool
mh_memory_has_place(const MhMemory *memory, const char *path)
{
    for (guint i = 0; i < memory->places->len; i++) {
        if (strcmp(g_array_index(memory->places, MhMemoryPlace, i).path, path) == 0)
            return true;
    }
    return false;
}

void
mh_memory_add_place(MhMemory *memory, const char *path, uint64_t device, uint64_t inode)
{
    MhMemoryPlace place = {.path = g_strdup(path), .device = device, .inode = inode};
    g_array_append_val(memory->places, place);
}

void
mh_memory_copy_places(MhMemory *memory, const MhMemory *from)
{
    g_array_set_size(memory->places, 0);
    for (guint i = 0; i < from->places->len; i++) {
        const MhMemoryPlace *place = &g_array_index(from->places, MhMemoryPlace, i);
        mh_memory_add_place(memory, place->path, place->device, place->inode);
    }
}

void
mh_memory_copy_subscriptions(MhMemory *memory, const MhMemory *from)
{
    g_autoptr(GHashTable) known = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    if (from->subscriptions == NULL)
        return;
    if (memory->subscriptions == NULL)
        memory->subscriptions = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < memory->subscriptions->len; i++)
        g_hash_table_add(known, memory->subscriptions->pdata[i]);
    for (guint i = 0; i < from->subscriptions->len; i++) {
        if (!g_hash_table_contains(known, from->subscriptions->pdata[i]))
            g_ptr_array_add(memory->subscriptions, g_strdup(from->subscriptions->pdata[i]));
    }
}

bool
mh_memory_was_courier(const MhMemory *memory)
{
    for (guint i = 0; memory != NULL && i < memory->mailboxes->len; i++) {
        const MhMailboxMemory *known = memory->mailboxes->pdata[i];
        g_autoptr(MhMailboxOutcome) outcome =
            known->outcome != NULL ? mh_mailbox_outcome_from_variant(known->outcome) : NULL;
        if (outcome != NULL && g_strcmp0(outcome->format, "courier") == 0)
            return true;
    }
    return false;
}

/* ---- stamps ------------------------------------------------------------------------------- */

GArray *
mh_stamps_new(void)
{
    return g_array_new(FALSE, TRUE, sizeof(MhStamp));
}

void
mh_memory_look_at_target(int fd, MhStamp out_stamps[MH_TARGET_STAMPS])
{
    static const char *const names[MH_TARGET_STAMPS] = {"dovecot-uidlist", "dovecot-keywords",
                                                        "cur", "new"};
    for (size_t i = 0; i < MH_TARGET_STAMPS; i++) {
        struct stat st;
        out_stamps[i] =
            fstatat(fd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0 ? mh_stamp_of(&st) : (MhStamp){0};
    }
}

bool
mh_stamps_equal(const GArray *a, const GArray *b)
{
    if (a->len != b->len || a->len == 0)
        return false;
    for (guint i = 0; i < a->len; i++) {
        const MhStamp *x = &g_array_index(a, MhStamp, i), *y = &g_array_index(b, MhStamp, i);
        if (!mh_stamp_equal(x, y) || x->device == MH_STAMP_UNSURE)
            return false;
    }
    return true;
}

static GVariant *
stamps_to_variant(const GArray *stamps)
{
    g_autofree uint64_t *numbers = g_new(uint64_t, (size_t)stamps->len * MH_STAMP_NUMBERS + 1);
    for (guint i = 0; i < stamps->len; i++)
        mh_stamp_to_numbers(&g_array_index(stamps, MhStamp, i),
                            numbers + (size_t)i * MH_STAMP_NUMBERS);
    return g_variant_new_fixed_array(G_VARIANT_TYPE_UINT64, numbers,
                                     (size_t)stamps->len * MH_STAMP_NUMBERS, sizeof(uint64_t));
}

static bool
stamps_from_variant(GArray *stamps, GVariant *variant)
{
    gsize count;
    const uint64_t *numbers = g_variant_get_fixed_array(variant, &count, sizeof(uint64_t));
    for (gsize i = 0; i < count / MH_STAMP_NUMBERS; i++) {
        MhStamp stamp = mh_stamp_from_numbers(numbers + i * MH_STAMP_NUMBERS);
        g_array_append_val(stamps, stamp);
    }
    return count % MH_STAMP_NUMBERS == 0;
}

/* ---- stored forms ------------------------------------------------------------------------- */

GVariant *
mh_mailbox_memory_to_variant(const MhMailboxMemory *mailbox)
{
    return g_variant_new("(^ay^ayb@at@at)", mailbox->key, mailbox->directory,
                         (gboolean)mailbox->same, stamps_to_variant(mailbox->source),
                         stamps_to_variant(mailbox->target));
}

MhMailboxMemory *
mh_mailbox_memory_from_variant(GVariant *variant)
{
    g_autofree char *key = NULL, *directory = NULL;
    g_autoptr(GVariant) source = NULL, target = NULL;
    gboolean same;
    if (!g_variant_is_of_type(variant, G_VARIANT_TYPE(MH_MAILBOX_MEMORY_TYPE)))
        return NULL;
    g_variant_get(variant, "(^ay^ayb@at@at)", &key, &directory, &same, &source, &target);
    g_autoptr(MhMailboxMemory) mailbox = mh_mailbox_memory_new(key, directory);
    mailbox->same = same;
    if (!stamps_from_variant(mailbox->source, source) ||
        !stamps_from_variant(mailbox->target, target))
        return NULL;
    return g_steal_pointer(&mailbox);
}

/* Watch, subscriptions, places, findings, what is no mail, whether we made the root. */
#define MEMORY_TYPE "(mvmaaya(stt)mva(ss)b)"

static GVariant *
names_to_variant(const GPtrArray *names)
{
    GVariantBuilder builder;
    if (names == NULL)
        return g_variant_new_maybe(G_VARIANT_TYPE("aay"), NULL);
    g_variant_builder_init(&builder, G_VARIANT_TYPE("aay"));
    for (guint i = 0; i < names->len; i++)
        g_variant_builder_add(&builder, "^ay", names->pdata[i]);
    return g_variant_new_maybe(NULL, g_variant_builder_end(&builder));
}

GVariant *
mh_memory_to_variant(const MhMemory *memory)
{
    GVariantBuilder places, not_mail;
    g_variant_builder_init(&places, G_VARIANT_TYPE("a(stt)"));
    g_variant_builder_init(&not_mail, G_VARIANT_TYPE("a(ss)"));
    for (guint i = 0; i < memory->places->len; i++) {
        const MhMemoryPlace *place = &g_array_index(memory->places, MhMemoryPlace, i);
        g_variant_builder_add(&places, "(stt)", place->path, (guint64)place->device,
                              (guint64)place->inode);
    }
    for (guint i = 0; i < memory->not_mail->len; i++) {
        const MhNotMail *item = memory->not_mail->pdata[i];
        g_variant_builder_add(&not_mail, "(ss)", item->path, item->reason);
    }
    GVariant *watch = memory->watch != NULL ? mh_watch_to_variant(memory->watch) : NULL;
    return g_variant_new("(mv@maay@a(stt)mv@a(ss)b)", watch,
                         names_to_variant(memory->subscriptions), g_variant_builder_end(&places),
                         memory->findings, g_variant_builder_end(&not_mail),
                         (gboolean)memory->made_root);
}

static void
take_names(MhMemory *memory, GVariant *maybe)
{
    g_autoptr(GVariant) names = g_variant_get_maybe(maybe);
    if (names == NULL)
        return;
    memory->subscriptions = g_ptr_array_new_with_free_func(g_free);
    for (gsize i = 0; i < g_variant_n_children(names); i++) {
        char *name;
        g_variant_get_child(names, i, "^ay", &name);
        g_ptr_array_add(memory->subscriptions, name);
    }
}

const char *
mh_memory_type(void)
{
    return MEMORY_TYPE;
}

bool
mh_memory_from_variant(MhMemory *memory, GVariant *variant)
{
    g_autoptr(GVariant) watch = NULL, names = NULL, findings = NULL;
    g_autoptr(GVariantIter) places = NULL, not_mail = NULL;
    const char *path, *reason;
    guint64 device, inode;
    gboolean made_root;
    if (!g_variant_is_of_type(variant, G_VARIANT_TYPE(MEMORY_TYPE)))
        return false;
    g_variant_get(variant, "(mv@maaya(stt)mva(ss)b)", &watch, &names, &places, &findings, &not_mail,
                  &made_root);
    memory->made_root = made_root;
    if (watch != NULL)
        memory->watch = mh_watch_from_variant(watch);
    take_names(memory, names);
    while (g_variant_iter_next(places, "(&stt)", &path, &device, &inode))
        mh_memory_add_place(memory, path, device, inode);
    while (g_variant_iter_next(not_mail, "(&s&s)", &path, &reason))
        g_ptr_array_add(memory->not_mail, mh_not_mail_new(path, reason));
    memory->findings = g_steal_pointer(&findings);
    memory->known = true;
    return true;
}

/* ---- what was carried --------------------------------------------------------------------- */

static uint64_t
short_id(const MhMessage *message)
{
    uint64_t id;
    memcpy(&id, message->id.bytes, sizeof id);
    return GUINT64_FROM_BE(id);
}

static int
compare_ids(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

GVariant *
mh_carried_new(const MhMailbox *mailbox)
{
    size_t count = mh_mailbox_length(mailbox), kept = 0;
    uint32_t uidvalidity = mailbox->uids.uidvalidity;
    uint32_t given = mailbox->foretold != 0 ? mailbox->foretold : UINT32_MAX;
    uint32_t next = uidvalidity != 0 ? MIN(MAX(mailbox->uids.uidnext, 1), given) : 0;
    uint64_t *ids = g_new(uint64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        const MhMessage *message = mh_mailbox_get(mailbox, i);
        if (uidvalidity != 0 && message->uid != 0 && message->uid < given)
            next = MAX(next, message->uid + (message->uid < UINT32_MAX));
        else
            ids[kept++] = short_id(message);
    }
    g_autoptr(GBytes) bytes = g_bytes_new_take(ids, kept * sizeof ids[0]);
    if (kept > MH_LIMIT_CARRIED_IDS)
        return NULL;
    qsort(ids, kept, sizeof ids[0], compare_ids);
    GVariant *list = g_variant_new_from_bytes(G_VARIANT_TYPE("at"), bytes, TRUE);
    return g_variant_ref_sink(g_variant_new("(uu@at)", uidvalidity, next, list));
}

/* Of equal messages as many were carried as the record has; @used counts them at their first. */
static bool
take_id(const uint64_t *ids, size_t count, uint32_t *used, uint64_t id)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == count || ids[low] != id)
        return false;
    size_t at = low + used[low];
    if (at >= count || ids[at] != id)
        return false;
    used[low]++;
    return true;
}

bool *
mh_carried_before(GVariant *carried, const MhMailbox *mailbox)
{
    guint32 uidvalidity, next;
    g_autoptr(GVariant) list = NULL;
    gsize count;
    size_t length = mh_mailbox_length(mailbox);
    g_variant_get(carried, "(uu@at)", &uidvalidity, &next, &list);
    const uint64_t *ids = g_variant_get_fixed_array(list, &count, sizeof(uint64_t));
    if (uidvalidity != 0 && next > 1 && mailbox->uids.uidvalidity != uidvalidity)
        return NULL;
    g_autofree uint32_t *used = g_new0(uint32_t, count + 1);
    bool *before = g_new0(bool, length + 1);
    for (size_t i = 0; i < length; i++) {
        const MhMessage *message = mh_mailbox_get(mailbox, i);
        bool numbered = uidvalidity != 0 && message->uid != 0 && message->uid < next;
        before[i] = numbered || take_id(ids, count, used, short_id(message));
    }
    return before;
}
