#include "maildir-uidlist.h"

#include "maildir-uidlist-private.h"
#include "printable.h"

#include <sodium.h>
#include <string.h>

#define SLOTS_AT_FIRST 64

MaildirUidlist *
maildir_uidlist_new(MhUidState uids)
{
    g_assert(uids.uidvalidity != 0);
    MaildirUidlist *list = g_new0(MaildirUidlist, 1);
    list->uids = uids;
    list->uids.uidnext = MAX(uids.uidnext, 1);
    list->kept = g_string_new("-"); /* so that no text is at 0 */
    list->entries = g_array_new(FALSE, FALSE, sizeof(MaildirUidlistEntry));
    list->slot_count = SLOTS_AT_FIRST;
    list->slots = g_new0(uint32_t, list->slot_count);
    /* names come from strangers: without a key they could make all of them collide */
    randombytes_buf(list->hash_key, sizeof list->hash_key);
    return list;
}

void
maildir_uidlist_free(MaildirUidlist *list)
{
    if (list == NULL)
        return;
    g_bytes_unref(list->read);
    g_string_free(list->kept, TRUE);
    g_array_unref(list->entries);
    g_free(list->slots);
    g_free(list);
}

uint64_t
maildir_uidlist_stopped_at(const MaildirUidlist *list)
{
    return list->stopped_at;
}

MhUidState
maildir_uidlist_uids(const MaildirUidlist *list)
{
    return list->uids;
}

static uint32_t
last_uid(const MaildirUidlist *list)
{
    size_t count = list->entries->len;
    return count > 0 ? maildir_uidlist_get(list, count - 1)->uid : 0;
}

void
maildir_uidlist_set_uids(MaildirUidlist *list, MhUidState uids)
{
    g_assert(uids.uidvalidity != 0);
    list->uids.uidvalidity = uids.uidvalidity;
    list->uids.uidnext = MAX(uids.uidnext, last_uid(list) + 1);
}

MhSpan
maildir_uidlist_header_other(const MaildirUidlist *list)
{
    return list->header_other.len > 0 ? maildir_uidlist_text(list, list->header_other)
                                      : mh_span(NULL, 0);
}

MhSpan
maildir_uidlist_guid(const MaildirUidlist *list)
{
    return maildir_uidlist_text(list, list->guid);
}

size_t
maildir_uidlist_length(const MaildirUidlist *list)
{
    return list->entries->len;
}

MaildirUidlistEntry *
maildir_uidlist_get(const MaildirUidlist *list, size_t index)
{
    g_assert(index < list->entries->len);
    return &g_array_index(list->entries, MaildirUidlistEntry, index);
}

MhSpan
maildir_uidlist_text(const MaildirUidlist *list, MaildirText text)
{
    if (text.at == 0)
        return mh_span(NULL, 0);
    if (text.at < list->read_text.len)
        return mh_span(list->read_text.data + text.at, text.len);
    return mh_span(list->kept->str + (text.at - list->read_text.len), text.len);
}

MaildirText
maildir_uidlist_keep(MaildirUidlist *list, MhSpan bytes)
{
    MaildirText text = {.at = (uint32_t)(list->read_text.len + list->kept->len),
                        .len = (uint32_t)bytes.len};
    g_string_append_len(list->kept, (const char *)bytes.data, (gssize)bytes.len);
    return text;
}

/* Is there room for @more bytes, so that every text can be found by 32 bits? */
static bool
has_room(const MaildirUidlist *list, size_t more)
{
    return more <= UINT32_MAX - list->read_text.len - list->kept->len;
}

/* the name index */

static size_t
hash_of(const MaildirUidlist *list, MhSpan name)
{
    uint64_t hash;
    G_STATIC_ASSERT(sizeof hash == crypto_shorthash_BYTES);
    G_STATIC_ASSERT(sizeof list->hash_key == crypto_shorthash_KEYBYTES);
    crypto_shorthash((unsigned char *)&hash, name.data, name.len, list->hash_key);
    return (size_t)hash;
}

static MhSpan
name_at(const MaildirUidlist *list, uint32_t number)
{
    return maildir_uidlist_text(list, maildir_uidlist_get(list, number - 1)->name);
}

/* The slot of @name, or the free one where it belongs. */
static uint32_t *
find_slot(const MaildirUidlist *list, MhSpan name)
{
    size_t mask = list->slot_count - 1;
    for (size_t at = hash_of(list, name) & mask;; at = (at + 1) & mask) {
        uint32_t *slot = &list->slots[at];
        if (*slot == 0 || mh_span_equal(name_at(list, *slot), name))
            return slot;
    }
}

static void
grow_slots(MaildirUidlist *list, size_t slot_count)
{
    size_t old_count = list->slot_count;
    g_autofree uint32_t *old = g_steal_pointer(&list->slots);
    list->slot_count = slot_count;
    list->slots = g_new0(uint32_t, list->slot_count);
    for (size_t i = 0; i < old_count; i++) {
        if (old[i] != 0)
            *find_slot(list, name_at(list, old[i])) = old[i];
    }
}

void
maildir_uidlist_reserve(MaildirUidlist *list, size_t entries)
{
    size_t slot_count = list->slot_count;
    while (slot_count < entries * 2)
        slot_count *= 2;
    if (slot_count > list->slot_count)
        grow_slots(list, slot_count);
}

size_t
maildir_uidlist_find(const MaildirUidlist *list, MhSpan name)
{
    uint32_t number = *find_slot(list, name);
    return number > 0 ? number - 1 : MAILDIR_UIDLIST_NOT_FOUND;
}

size_t
maildir_uidlist_find_uid(const MaildirUidlist *list, uint32_t uid)
{
    size_t low = 0;
    size_t high = list->entries->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t here = maildir_uidlist_get(list, middle)->uid;
        if (here == uid)
            return middle;
        if (here < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return MAILDIR_UIDLIST_NOT_FOUND;
}

size_t
maildir_uidlist_add(MaildirUidlist *list, const MaildirUidlistEntry *entry)
{
    MhSpan name = maildir_uidlist_text(list, entry->name);
    if (((size_t)list->entries->len + 1) * 2 > list->slot_count)
        grow_slots(list, list->slot_count * 2);
    uint32_t *slot = find_slot(list, name);
    size_t older = *slot > 0 ? *slot - 1 : MAILDIR_UIDLIST_NOT_FOUND;
    g_array_append_vals(list->entries, entry, 1);
    *slot = list->entries->len;
    list->uids.uidnext = MAX(list->uids.uidnext, entry->uid + 1);
    return older;
}

void
maildir_uidlist_compact(MaildirUidlist *list)
{
    g_autoptr(GArray) all = g_steal_pointer(&list->entries);
    list->entries = g_array_new(FALSE, FALSE, sizeof(MaildirUidlistEntry));
    memset(list->slots, 0, list->slot_count * sizeof *list->slots);
    for (guint i = 0; i < all->len; i++) {
        const MaildirUidlistEntry *entry = &g_array_index(all, MaildirUidlistEntry, i);
        if (entry->uid != 0)
            maildir_uidlist_add(list, entry);
    }
}

/* appending */

static bool
refuse(GError **error, const char *what, uint32_t uid, MhSpan bytes)
{
    g_autofree char *shown = mh_printable(bytes);
    g_set_error(error, MAILDIR_ERROR, MAILDIR_ERROR_VALUE,
                "cannot list UID %" G_GUINT32_FORMAT " for '%s': %s", uid, shown, what);
    return false;
}

static bool
name_fits(MhSpan name)
{
    static const uint8_t never[] = {'\0', '\n', '\r', '/', ':'};
    size_t at;
    for (size_t i = 0; i < sizeof never; i++) {
        if (mh_span_find(name, never[i], &at))
            return false;
    }
    return name.len > 0;
}

static bool
may_append(const MaildirUidlist *list, uint32_t uid, MhSpan name, size_t bytes, GError **error)
{
    if (uid <= last_uid(list))
        return refuse(error, "UIDs must ascend", uid, name);
    if (uid > MH_UID_MAX)
        return refuse(error, "the UID is too large", uid, name);
    if (!name_fits(name))
        return refuse(error, "the name cannot stand in a UID list", uid, name);
    if (maildir_uidlist_find(list, name) != MAILDIR_UIDLIST_NOT_FOUND)
        return refuse(error, "the name is listed already", uid, name);
    return has_room(list, bytes) || refuse(error, "the list is full", uid, name);
}

MaildirUidlistEntry *
maildir_uidlist_append(MaildirUidlist *list, uint32_t uid, MhSpan name, GError **error)
{
    if (!may_append(list, uid, name, name.len, error))
        return NULL;
    MaildirUidlistEntry entry = {.uid = uid, .name = maildir_uidlist_keep(list, name)};
    maildir_uidlist_add(list, &entry);
    return maildir_uidlist_get(list, list->entries->len - 1);
}

MaildirUidlistEntry *
maildir_uidlist_append_from(MaildirUidlist *list, const MaildirUidlist *from,
                            const MaildirUidlistEntry *entry, uint32_t uid, GError **error)
{
    MhSpan name = maildir_uidlist_text(from, entry->name);
    size_t bytes = (size_t)entry->name.len + entry->uidl.len + entry->other.len;
    g_assert(list != from);
    if (!may_append(list, uid, name, bytes, error))
        return NULL;
    MaildirUidlistEntry copy = *entry;
    copy.uid = uid;
    copy.name = maildir_uidlist_keep(list, name);
    if (entry->uidl.at != 0)
        copy.uidl = maildir_uidlist_keep(list, maildir_uidlist_text(from, entry->uidl));
    if (entry->other.at != 0)
        copy.other = maildir_uidlist_keep(list, maildir_uidlist_text(from, entry->other));
    maildir_uidlist_add(list, &copy);
    return maildir_uidlist_get(list, list->entries->len - 1);
}

bool
maildir_uidlist_uidl_fits(MhSpan uidl)
{
    for (size_t i = 0; i < uidl.len; i++) {
        if (uidl.data[i] <= ' ' || uidl.data[i] == 0x7f)
            return false;
    }
    return true;
}

bool
maildir_uidlist_set_uidl(MaildirUidlist *list, size_t index, MhSpan uidl, GError **error)
{
    MaildirUidlistEntry *entry = maildir_uidlist_get(list, index);
    if (!maildir_uidlist_uidl_fits(uidl))
        return refuse(error, "the UIDL holds a space or a control character", entry->uid, uidl);
    if (!has_room(list, uidl.len))
        return refuse(error, "the list is full", entry->uid, uidl);
    entry->uidl = maildir_uidlist_keep(list, uidl);
    return true;
}
