#include "maildir-uidlist.h"

#include "maildir-uidlist-private.h"

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
    list->version = 3;
    list->guid = g_string_new(NULL);
    list->other = g_string_new(NULL);
    list->apart = g_string_new(NULL);
    list->name = g_string_new(NULL);
    list->places = g_array_new(FALSE, FALSE, sizeof(MaildirUidlistPlace));
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
    g_string_free(list->guid, TRUE);
    g_string_free(list->other, TRUE);
    g_string_free(list->apart, TRUE);
    g_string_free(list->name, TRUE);
    mh_line_text_free(list->text);
    maildir_uidlist_forget_index(list);
    g_free(list);
}

void
maildir_uidlist_forget_index(MaildirUidlist *list)
{
    g_clear_pointer(&list->places, g_array_unref);
    g_clear_pointer(&list->slots, g_free);
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

MhSpan
maildir_uidlist_header_other(const MaildirUidlist *list)
{
    return mh_span(list->other->str, list->other->len);
}

MaildirUidlistSource
maildir_uidlist_source(const MaildirUidlist *list)
{
    return list->source;
}

MhSpan
maildir_uidlist_guid(const MaildirUidlist *list)
{
    return mh_span(list->guid->str, list->guid->len);
}

size_t
maildir_uidlist_length(const MaildirUidlist *list)
{
    return list->places->len;
}

static MaildirUidlistPlace *
place_of(const MaildirUidlist *list, size_t index)
{
    g_assert(index < list->places->len);
    return &g_array_index(list->places, MaildirUidlistPlace, index);
}

uint32_t
maildir_uidlist_place(const MaildirUidlist *list, size_t index)
{
    return place_of(list, index)->at;
}

bool
maildir_uidlist_read(const MaildirUidlist *list, uint32_t place, MaildirUidlistEntry *out)
{
    MhSpan line;
    uint64_t next;
    *out = (MaildirUidlistEntry){0};
    return mh_line_text_get(list->text, place, &line, &next) &&
           maildir_uidlist_parse_line(list, line, 0, NULL, out) == NULL;
}

bool
maildir_uidlist_get(const MaildirUidlist *list, size_t index, MaildirUidlistEntry *out)
{
    return maildir_uidlist_read(list, maildir_uidlist_place(list, index), out);
}

bool
maildir_uidlist_check(const MaildirUidlist *list, GError **error)
{
    return list->text == NULL || mh_line_text_check(list->text, error);
}

/* ---- the name index ----------------------------------------------------------------------- */

static size_t
first_slot(const MaildirUidlist *list, MhSpan name)
{
    uint64_t hash;
    G_STATIC_ASSERT(sizeof hash == crypto_shorthash_BYTES);
    G_STATIC_ASSERT(sizeof list->hash_key == crypto_shorthash_KEYBYTES);
    crypto_shorthash((unsigned char *)&hash, name.data, name.len, list->hash_key);
    return (size_t)((hash >> 32) * list->slot_count >> 32);
}

/* The slot of @name, whose line is @out then, or the free one where it belongs. */
static uint32_t *
find_slot(const MaildirUidlist *list, MhSpan name, MaildirUidlistEntry *out)
{
    for (size_t at = first_slot(list, name);; at = at + 1 < list->slot_count ? at + 1 : 0) {
        uint32_t *slot = &list->slots[at];
        if (*slot == 0 ||
            (maildir_uidlist_get(list, *slot - 1, out) && mh_span_equal(out->name, name)))
            return slot;
    }
}

void
maildir_uidlist_reserve(MaildirUidlist *list, size_t entries)
{
    g_assert(list->places->len == 0);
    g_assert(entries < UINT32_MAX / 2);
    list->slot_count = MAX(entries * 2, SLOTS_AT_FIRST);
    g_free(list->slots);
    list->slots = g_new0(uint32_t, list->slot_count);
    g_array_unref(list->places);
    list->places = g_array_sized_new(FALSE, FALSE, sizeof(MaildirUidlistPlace), (guint)entries);
}

size_t
maildir_uidlist_find(const MaildirUidlist *list, MhSpan name, MaildirUidlistEntry *out)
{
    uint32_t number = list->places->len > 0 ? *find_slot(list, name, out) : 0;
    return number > 0 ? number - 1 : MAILDIR_UIDLIST_NOT_FOUND;
}

size_t
maildir_uidlist_add(MaildirUidlist *list, MaildirUidlistPlace place, MhSpan name)
{
    g_assert(((size_t)list->places->len + 1) * 2 <= list->slot_count);
    g_string_truncate(list->name, 0); /* @name is a piece of a line, and others are read now */
    g_string_append_len(list->name, (const char *)name.data, (gssize)name.len);
    MaildirUidlistEntry other;
    uint32_t *slot = find_slot(list, mh_span(list->name->str, list->name->len), &other);
    size_t older = *slot > 0 ? *slot - 1 : MAILDIR_UIDLIST_NOT_FOUND;
    g_array_append_val(list->places, place);
    *slot = list->places->len;
    list->uids.uidnext = MAX(list->uids.uidnext, place.uid + 1);
    return older;
}

void
maildir_uidlist_compact(MaildirUidlist *list)
{
    g_autofree uint32_t *moved = g_new0(uint32_t, list->places->len); /* index -> new one + 1 */
    uint32_t kept = 0;
    for (guint i = 0; i < list->places->len; i++) {
        if (place_of(list, i)->uid == 0)
            continue;
        *place_of(list, kept++) = *place_of(list, i);
        moved[i] = kept;
    }
    g_array_set_size(list->places, kept);
    for (size_t i = 0; i < list->slot_count; i++) {
        if (list->slots[i] != 0)
            list->slots[i] = moved[list->slots[i] - 1];
    }
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
