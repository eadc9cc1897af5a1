#include "maildir-uidlist-writer.h"

#include "digits.h"
#include "safe-file.h"

#include <sodium.h>
#include <string.h>

#define BUFFER_BYTES 65536
#define GUID_BYTES   16
/* Of a line: its three numbers, the keys and spaces before its fields, and the LF. */
#define LINE_FIXED_MAX (3 * MH_DIGITS_MAX + 16)

static void
flush(MaildirUidlistWriter *writer)
{
    if (writer->failure == NULL)
        mh_write_all(writer->fd, mh_span(writer->buffer->str, writer->buffer->len),
                     &writer->failure);
    g_string_truncate(writer->buffer, 0);
}

static void
add_text(MaildirUidlistWriter *writer, MhSpan text)
{
    if (text.len > 0)
        g_string_append_len(writer->buffer, (const char *)text.data, (gssize)text.len);
}

static void
add_number(MaildirUidlistWriter *writer, uint64_t number)
{
    char digits[MH_DIGITS_MAX];
    g_string_append_len(writer->buffer, digits, (gssize)mh_digits(number, digits));
}

static void
add_key(MaildirUidlistWriter *writer, char key)
{
    g_string_append_c(writer->buffer, ' ');
    g_string_append_c(writer->buffer, key);
}

/* A mailbox without a GUID has Dovecot draw one and write the whole list again at the first login.
 * 128 random bits are never all zero, which Dovecot does not survive. */
static void
add_new_guid(MaildirUidlistWriter *writer)
{
    uint8_t guid[GUID_BYTES];
    char digits[2 * GUID_BYTES + 1];
    randombytes_buf(guid, sizeof guid);
    g_string_append(writer->buffer, sodium_bin2hex(digits, sizeof digits, guid, sizeof guid));
}

void
maildir_uidlist_writer_begin(MaildirUidlistWriter *writer, int fd, MhUidState uids,
                             const MaildirUidlist *like, MaildirUidlistSource source,
                             const char *mark)
{
    *writer = (MaildirUidlistWriter){.fd = fd, .buffer = g_string_sized_new(BUFFER_BYTES + 512)};
    g_string_append_c(writer->buffer, '3');
    add_key(writer, 'V');
    add_number(writer, uids.uidvalidity);
    add_key(writer, 'N');
    add_number(writer, uids.uidnext);
    MhSpan guid = like != NULL ? maildir_uidlist_guid(like) : mh_span(NULL, 0);
    MhSpan other = like != NULL ? maildir_uidlist_header_other(like) : mh_span(NULL, 0);
    add_key(writer, 'G');
    if (guid.len > 0)
        add_text(writer, guid);
    else
        add_new_guid(writer);
    if (other.len > 0) {
        g_string_append_c(writer->buffer, ' ');
        add_text(writer, other);
    }
    if (mark != NULL) {
        g_string_append_c(writer->buffer, ' ');
        g_string_append(writer->buffer, mark);
    }
    if (source.changed_ns > 0) {
        add_key(writer, 'C');
        add_number(writer, (uint64_t)source.changed_ns);
        g_string_append_c(writer->buffer, ',');
        add_number(writer, source.uidnext);
        g_string_append(writer->buffer, source.reordered ? ",r" : "");
    }
    g_string_append_c(writer->buffer, '\n');
}

/* ---- a line: there is room for it, and each says where it ends ---------------------------- */

static char *
put_text(char *at, MhSpan text)
{
    if (text.len > 0)
        memcpy(at, text.data, text.len);
    return at + text.len;
}

static char *
put_number(char *at, char key, uint64_t number)
{
    *at++ = ' ';
    *at++ = key;
    return at + mh_digits(number, at);
}

/* A field that stood there and is written anew: ours, or a zero (as of the size of no bytes). */
static bool
is_written(const MaildirUidlistLine *line, uint8_t key)
{
    return (key == MAILDIR_CARRIED_KEY && line->carried != NULL) ||
           (key == 'W' && line->has_virtual_size) || (key == 'O' && line->pop3_order != 0);
}

/* What is neither known nor ours. */
static char *
put_others(char *at, const MaildirUidlistLine *line)
{
    for (MhSpan rest = line->other; rest.len > 0;) {
        MhSpan field = maildir_uidlist_take_field(&rest);
        if (is_written(line, field.data[0]))
            continue;
        *at++ = ' ';
        at = put_text(at, field);
    }
    return at;
}

static char *
put_line(char *at, const MaildirUidlistLine *line, MhSpan carried)
{
    at += mh_digits(line->uid, at);
    if (line->has_virtual_size)
        at = put_number(at, 'W', line->virtual_size);
    if (line->uidl.data != NULL)
        at = put_text(put_text(at, MH_SPAN_LITERAL(" P")), line->uidl);
    if (line->pop3_order != 0)
        at = put_number(at, 'O', line->pop3_order);
    if (line->carried != NULL)
        at = put_text(put_text(at, MH_SPAN_LITERAL(" ")), carried);
    at = put_others(at, line);
    at = put_text(put_text(at, MH_SPAN_LITERAL(" :")), line->base);
    *at++ = '\n';
    return at;
}

void
maildir_uidlist_writer_add(MaildirUidlistWriter *writer, const MaildirUidlistLine *line)
{
    GString *buffer = writer->buffer;
    MhSpan carried = mh_span_from_string(line->carried);
    gsize before = buffer->len;
    g_assert(line->uid > writer->last_uid);
    writer->last_uid = line->uid;
    /* each of the other fields has its space already, but the first */
    g_string_set_size(buffer, before + LINE_FIXED_MAX + line->uidl.len + carried.len +
                                  line->other.len + line->base.len);
    char *end = put_line(buffer->str + before, line, carried);
    g_string_set_size(buffer, (gsize)(end - buffer->str));
    if (buffer->len >= BUFFER_BYTES)
        flush(writer);
}

void
maildir_uidlist_writer_keep(MaildirUidlistWriter *writer, const MaildirUidlistEntry *entry,
                            uint32_t uid)
{
    MaildirUidlistLine line = {.uid = uid,
                               .virtual_size = entry->virtual_size,
                               .has_virtual_size = entry->virtual_size != 0,
                               .pop3_order = entry->pop3_order,
                               .uidl = entry->uidl,
                               .other = entry->other,
                               .base = entry->name};
    maildir_uidlist_writer_add(writer, &line);
}

bool
maildir_uidlist_writer_finish(MaildirUidlistWriter *writer, GError **error)
{
    flush(writer);
    g_string_free(writer->buffer, TRUE);
    writer->buffer = NULL;
    if (writer->failure == NULL)
        return true;
    g_propagate_prefixed_error(error, g_steal_pointer(&writer->failure),
                               "cannot write a UID list: ");
    return false;
}
