#include "maildir-uidlist-private.h"

#include <string.h>

/* Digits of the largest 64-bit number. */
#define DIGITS_MAX 20
/* UID, " W", " P", " O", " ", " :" and LF of a line, without its texts. */
#define LINE_MAX_BYTES (3 * DIGITS_MAX + 16)

static uint8_t *
put_number(uint8_t *at, uint64_t number)
{
    uint8_t digits[DIGITS_MAX];
    size_t count = 0;
    do {
        digits[count++] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

static uint8_t *
put_text(uint8_t *at, const MaildirUidlist *list, MaildirText text)
{
    if (text.len > 0)
        memcpy(at, maildir_uidlist_text(list, text).data, text.len);
    return at + text.len;
}

static uint8_t *
put_key(uint8_t *at, char key)
{
    *at++ = ' ';
    *at++ = (uint8_t)key;
    return at;
}

static uint8_t *
put_header(uint8_t *at, const MaildirUidlist *list)
{
    *at++ = '3';
    at = put_number(put_key(at, 'V'), list->uids.uidvalidity);
    at = put_number(put_key(at, 'N'), list->uids.uidnext);
    if (list->guid.len > 0)
        at = put_text(put_key(at, 'G'), list, list->guid);
    if (list->header_other.len > 0) {
        *at++ = ' ';
        at = put_text(at, list, list->header_other);
    }
    *at++ = '\n';
    return at;
}

static uint8_t *
put_line(uint8_t *at, const MaildirUidlist *list, const MaildirUidlistEntry *entry)
{
    at = put_number(at, entry->uid);
    if (entry->virtual_size != 0)
        at = put_number(put_key(at, 'W'), entry->virtual_size);
    if (entry->uidl.at != 0)
        at = put_text(put_key(at, 'P'), list, entry->uidl);
    if (entry->pop3_order != 0)
        at = put_number(put_key(at, 'O'), entry->pop3_order);
    if (entry->other.len > 0) {
        *at++ = ' ';
        at = put_text(at, list, entry->other);
    }
    at = put_text(put_key(at, ':'), list, entry->name);
    *at++ = '\n';
    return at;
}

static size_t
most_bytes(const MaildirUidlist *list)
{
    size_t bytes = (size_t)2 * LINE_MAX_BYTES + list->guid.len + list->header_other.len;
    for (guint i = 0; i < list->entries->len; i++) {
        const MaildirUidlistEntry *entry = &g_array_index(list->entries, MaildirUidlistEntry, i);
        bytes += LINE_MAX_BYTES;
        bytes += (size_t)entry->name.len + entry->uidl.len + entry->other.len;
    }
    return bytes;
}

GBytes *
maildir_uidlist_format(const MaildirUidlist *list)
{
    uint8_t *start = g_malloc(most_bytes(list));
    uint8_t *at = put_header(start, list);
    for (guint i = 0; i < list->entries->len; i++)
        at = put_line(at, list, &g_array_index(list->entries, MaildirUidlistEntry, i));
    size_t len = (size_t)(at - start);
    return g_bytes_new_take(g_realloc(start, len), len);
}
