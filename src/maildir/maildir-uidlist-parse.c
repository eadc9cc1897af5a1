#include "maildir-uidlist-private.h"

#include "printable.h"
#include "size-limits.h"

#include <string.h>

#define GUID_DIGITS 32
typedef struct {
    MaildirUidlist *list;
    const uint8_t *start; /* of the text, which is list->read */
    MhFindings *findings;
    uint64_t line_number;
    int version;
    uint32_t last_uid;
    uint32_t first_uidnext; /* as the header gives it */
    bool has_duplicates;
    GString *scratch;
} Reader;

static bool
header_error(GError **error, const char *what)
{
    g_set_error(error, MAILDIR_ERROR, MAILDIR_ERROR_FORMAT, "not a UID list: line 1: %s", what);
    return false;
}

static MaildirText
text_at(const Reader *reader, MhSpan span)
{
    return (MaildirText){.at = (uint32_t)(span.data - reader->start), .len = (uint32_t)span.len};
}

/* Takes what stands before the next space off @rest, and the spaces behind it. */
static MhSpan
take_field(MhSpan *rest)
{
    size_t end = rest->len;
    mh_span_find(*rest, ' ', &end);
    MhSpan field = mh_span_first(*rest, end);
    while (end < rest->len && rest->data[end] == ' ')
        end++;
    *rest = mh_span_from(*rest, end);
    return field;
}

/* Every CR before the line end goes: one that stayed would be gone the next time the list is read,
 * Dovecot's way as well. */
static bool
take_line(MhSpan *rest, MhSpan *out_line)
{
    bool ended;
    if (!mh_span_take_line(rest, out_line, &ended) || !ended)
        return false;
    while (out_line->len > 0 && out_line->data[out_line->len - 1] == '\r')
        out_line->len--;
    return true;
}

/* Fields that are kept. As long as they stand side by side they stay where they are. */
typedef struct {
    MhSpan run;
    GString *apart;             /* all of them, when they do not; else empty */
    bool zero_size, zero_order; /* W0 or O0 is among them, and counts before a later one */
} Others;

static void
append_field(GString *fields, MhSpan field)
{
    if (fields->len > 0)
        g_string_append_c(fields, ' ');
    g_string_append_len(fields, (const char *)field.data, (gssize)field.len);
}

static void
add_other(Others *others, MhSpan field)
{
    bool first = others->run.len == 0;
    if (others->apart->len == 0 &&
        (first || field.data == others->run.data + others->run.len + 1)) {
        others->run = first ? field : mh_span(others->run.data, others->run.len + 1 + field.len);
        return;
    }
    if (others->apart->len == 0)
        append_field(others->apart, others->run);
    append_field(others->apart, field);
}

static bool
header_guid(Reader *reader, MhSpan value, GError **error)
{
    bool zero = true;
    bool good = value.len == GUID_DIGITS;
    for (size_t i = 0; i < value.len; i++) {
        good = good && g_ascii_isxdigit((char)value.data[i]);
        zero = zero && value.data[i] == '0';
    }
    if (!good)
        return header_error(error, "the GUID is not 32 hexadecimal digits");
    if (zero)
        mh_findings_add_at(reader->findings, MH_FINDING_MAILDIR_UIDLIST_GUID, 1, 0, NULL);
    reader->list->guid = zero ? (MaildirText){0} : text_at(reader, value);
    return true;
}

static bool
header_v3(Reader *reader, MhSpan fields, MhUidState *out_uids, GError **error)
{
    g_autoptr(GString) other = g_string_new(NULL);
    while (fields.len > 0) {
        MhSpan field = take_field(&fields);
        MhSpan value = mh_span_from(field, 1);
        uint8_t key = field.len > 0 ? field.data[0] : ' ';
        if (key == 'V' && !mh_span_to_u32(value, UINT32_MAX, &out_uids->uidvalidity))
            return header_error(error, "UIDVALIDITY is not a number of 32 bits");
        if (key == 'N' && !mh_span_to_u32(value, UINT32_MAX, &out_uids->uidnext))
            return header_error(error, "the next UID is not a number of 32 bits");
        if (key == 'G' && !header_guid(reader, value, error))
            return false;
        if (strchr("VNG ", key) == NULL)
            append_field(other, field);
    }
    while (other->len > 0 && strchr("\r ", other->str[other->len - 1]) != NULL)
        g_string_truncate(other, other->len - 1); /* as in take_line() */
    if (other->len > 0)
        reader->list->header_other =
            maildir_uidlist_keep(reader->list, mh_span(other->str, other->len));
    return true;
}

static bool
header_v1(MhSpan fields, MhUidState *out_uids, GError **error)
{
    MhSpan uidvalidity = take_field(&fields);
    MhSpan uidnext = take_field(&fields);
    if (!mh_span_to_u32(uidvalidity, UINT32_MAX, &out_uids->uidvalidity) ||
        !mh_span_to_u32(uidnext, UINT32_MAX, &out_uids->uidnext))
        return header_error(error, "UIDVALIDITY or the next UID is not a number of 32 bits");
    return true;
}

static bool
read_header(Reader *reader, MhSpan line, GError **error)
{
    MhUidState uids = {0};
    size_t at;
    if (line.len < 2 || line.data[1] != ' ' || mh_span_find(line, '\0', &at))
        return header_error(error, "there is no version number");
    MhSpan fields = mh_span_from(line, 2);
    if (line.data[0] == '3') {
        if (!header_v3(reader, fields, &uids, error))
            return false;
    } else if (line.data[0] == '1') {
        if (!header_v1(fields, &uids, error))
            return false;
    } else {
        return header_error(error, "the version is neither 1 nor 3");
    }
    if (uids.uidvalidity == 0 || uids.uidnext == 0)
        return header_error(error, "UIDVALIDITY or the next UID is missing or 0");
    reader->version = line.data[0] - '0';
    reader->list->uids = uids;
    reader->first_uidnext = uids.uidnext;
    return true;
}

static void
field_finding(Reader *reader, MhSpan field)
{
    g_autofree char *shown = mh_printable(field);
    mh_findings_add_at(reader->findings, MH_FINDING_MAILDIR_UIDLIST_FIELD, reader->line_number, 0,
                       "%s", shown);
}

/* Takes in one field; the first of a key counts. Zeros are nothing to us but stay in the file, like
 * every other key. */
static void
read_field(Reader *reader, MhSpan field, MaildirUidlistEntry *entry, Others *others)
{
    MhSpan value = mh_span_from(field, 1);
    uint8_t key = field.data[0];
    bool number = key == 'W' || key == 'O';
    uint64_t n = 0;
    bool good = key >= 'A' && key <= 'Z' && !(key == 'G' && value.len == 0);
    if (number)
        good = mh_span_to_u64(value, key == 'W' ? UINT64_MAX : UINT32_MAX, &n);
    if (!good || (key == 'W' && (entry->virtual_size != 0 || others->zero_size)) ||
        (key == 'O' && (entry->pop3_order != 0 || others->zero_order)) ||
        (key == 'P' && entry->uidl.at != 0)) {
        field_finding(reader, field);
    } else if (key == 'W' && n != 0) {
        entry->virtual_size = n;
    } else if (key == 'O' && n != 0) {
        entry->pop3_order = (uint32_t)n;
    } else if (key == 'P') {
        entry->uidl = (MaildirText){.at = (uint32_t)(field.data + 1 - reader->start),
                                    .len = (uint32_t)value.len};
    } else {
        others->zero_size |= key == 'W';
        others->zero_order |= key == 'O';
        add_other(others, field);
    }
}

/* The fields of a version 3 line; what is left of @rest is the name. */
static void
read_fields(Reader *reader, MhSpan *rest, MaildirUidlistEntry *entry)
{
    Others others = {.apart = g_string_truncate(reader->scratch, 0)};
    while (rest->len > 0 && rest->data[0] != ':')
        read_field(reader, take_field(rest), entry, &others);
    *rest = mh_span_from(*rest, 1);
    if (others.apart->len > 0)
        entry->other =
            maildir_uidlist_keep(reader->list, mh_span(others.apart->str, others.apart->len));
    else if (others.run.len > 0)
        entry->other = text_at(reader, others.run);
}

/* The UID that opens the line. NULL when it may stand here, else the reason why not. */
static const char *
read_uid(Reader *reader, MhSpan *rest, MaildirUidlistEntry *entry)
{
    size_t end;
    if (!mh_span_find(*rest, ' ', &end) ||
        !mh_span_to_u32(mh_span_first(*rest, end), UINT32_MAX, &entry->uid) || entry->uid == 0)
        return "no UID";
    if (entry->uid <= reader->last_uid)
        return "UIDs do not ascend";
    if (entry->uid > MH_UID_MAX)
        return "the UID is too large";
    if (reader->version == 1 && entry->uid >= reader->first_uidnext)
        return "the UID is not below the next UID";
    *rest = mh_span_from(*rest, end + 1);
    return NULL;
}

static const char *
read_name(Reader *reader, MhSpan name, MaildirUidlistEntry *entry)
{
    size_t end = name.len;
    mh_span_find(name, ':', &end);
    name = mh_span_first(name, end);
    while (name.len > 0 && name.data[name.len - 1] == '\r')
        name.len--; /* as in take_line() */
    if (name.len == 0)
        return "no file name";
    if (memchr(name.data, '/', name.len) != NULL)
        return "a '/' in a file name";
    entry->name = text_at(reader, name);
    return NULL;
}

/* NULL, or why the list ends above this line. */
static const char *
read_line(Reader *reader, MhSpan line)
{
    MaildirUidlistEntry entry = {0};
    MhSpan rest = line;
    size_t at;
    if (mh_span_find(line, '\0', &at))
        return "a NUL";
    const char *fault = read_uid(reader, &rest, &entry);
    if (fault != NULL)
        return fault;
    while (rest.len > 0 && rest.data[0] == ' ')
        rest = mh_span_from(rest, 1);
    if (reader->version == 3)
        read_fields(reader, &rest, &entry);
    fault = read_name(reader, rest, &entry);
    if (fault != NULL)
        return fault;

    reader->last_uid = entry.uid;
    size_t older = maildir_uidlist_add(reader->list, &entry);
    if (older != MAILDIR_UIDLIST_NOT_FOUND) {
        g_autofree char *shown = mh_printable(maildir_uidlist_text(reader->list, entry.name));
        mh_findings_add_at(reader->findings, MH_FINDING_MAILDIR_UIDLIST_DUPLICATE,
                           reader->line_number, 0, "%s", shown);
        maildir_uidlist_get(reader->list, older)->uid = 0;
        reader->has_duplicates = true;
    }
    return NULL;
}

static void
read_lines(Reader *reader, MhSpan rest)
{
    while (rest.len > 0) {
        MhSpan line;
        reader->line_number++;
        const char *fault = take_line(&rest, &line) ? read_line(reader, line) : "no line end";
        if (fault == NULL)
            continue;
        reader->list->stopped_at = reader->line_number;
        mh_findings_add_at(reader->findings, MH_FINDING_MAILDIR_UIDLIST_STOPPED,
                           reader->line_number, 0, "%s", fault);
        break;
    }
    if (reader->version == 3 && reader->last_uid >= reader->first_uidnext)
        mh_findings_add_at(reader->findings, MH_FINDING_MAILDIR_UIDLIST_NEXT, 1, 0,
                           "%" G_GUINT32_FORMAT, reader->first_uidnext);
    if (reader->has_duplicates)
        maildir_uidlist_compact(reader->list);
}

static size_t
count_lines(MhSpan text)
{
    size_t count = 0, at;
    for (; mh_span_find(text, '\n', &at); count++)
        text = mh_span_from(text, at + 1);
    return count;
}

MaildirUidlist *
maildir_uidlist_parse(MhSpan text, MhFindings *findings, GError **error)
{
    g_autoptr(GBytes) copy = g_bytes_new(text.data, text.len);
    return maildir_uidlist_parse_bytes(copy, findings, error);
}

MaildirUidlist *
maildir_uidlist_parse_bytes(GBytes *bytes, MhFindings *findings, GError **error)
{
    MhSpan line, text = mh_span_from_bytes(bytes);
    MhSpan rest = text;
    if (text.len > MH_LIMIT_STATE_FILE_BYTES / 2) {
        /* what is kept beside the text must be within 32 bits, too */
        header_error(error, "it is too large");
        return NULL;
    }
    if (!take_line(&rest, &line)) {
        header_error(error, "it is empty, or the line has no end");
        return NULL;
    }
    g_autoptr(MaildirUidlist) list =
        maildir_uidlist_new((MhUidState){.uidvalidity = 1, .uidnext = 1});
    g_string_truncate(list->kept, 0);
    list->read = g_bytes_ref(bytes);
    list->read_text = text;
    g_autoptr(GString) scratch = g_string_new(NULL);
    Reader reader = {.list = list,
                     .start = text.data,
                     .findings = findings,
                     .line_number = 1,
                     .scratch = scratch};
    if (!read_header(&reader, line, error))
        return NULL;
    maildir_uidlist_reserve(list, count_lines(rest));
    read_lines(&reader, rest);
    return g_steal_pointer(&list);
}
