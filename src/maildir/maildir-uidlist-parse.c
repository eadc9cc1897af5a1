#include "maildir-uidlist-private.h"

#include "printable.h"

#include <string.h>

/* The list while it is read for the first time. */
typedef struct {
    MaildirUidlist *list;
    MhFindings *findings;
    uint64_t line_number;
    uint32_t last_uid;
    uint32_t first_uidnext; /* as the header gives it */
    bool has_duplicates;
} Reader;

static bool
header_error(GError **error, const char *what)
{
    g_set_error(error, MAILDIR_ERROR, MAILDIR_ERROR_FORMAT, "not a UID list: line 1: %s", what);
    return false;
}

MhSpan
maildir_uidlist_take_field(MhSpan *rest)
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
static MhSpan
without_cr(MhSpan line)
{
    while (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

static void
append_field(GString *fields, MhSpan field)
{
    if (fields->len > 0)
        g_string_append_c(fields, ' ');
    g_string_append_len(fields, (const char *)field.data, (gssize)field.len);
}

static bool
header_guid(Reader *reader, MhSpan value, GError **error)
{
    bool zero = true;
    bool good = value.len == MAILDIR_GUID_DIGITS;
    for (size_t i = 0; i < value.len; i++) {
        good = good && g_ascii_isxdigit((char)value.data[i]);
        zero = zero && value.data[i] == '0';
    }
    if (!good)
        return header_error(error, "the GUID is not 32 hexadecimal digits");
    if (zero)
        mh_findings_add_at(reader->findings, MH_FINDING_MAILDIR_UIDLIST_GUID, 1, 0, NULL);
    g_string_truncate(reader->list->guid, 0);
    if (!zero)
        g_string_append_len(reader->list->guid, (const char *)value.data, (gssize)value.len);
    return true;
}

/* False when the value is not one that we would have written. */
static bool
header_source(MhSpan value, MaildirUidlistSource *out)
{
    MhSpan changed, rest, uidnext, mark;
    uint64_t changed_ns = 0;
    uint32_t next = 0;
    if (!mh_span_split(value, ',', &changed, &rest) ||
        !mh_span_to_u64(changed, INT64_MAX, &changed_ns) || changed_ns == 0)
        return false;
    bool marked = mh_span_split(rest, ',', &uidnext, &mark);
    if (!mh_span_to_u32(marked ? uidnext : rest, UINT32_MAX, &next) ||
        (marked && !mh_span_equal(mark, MH_SPAN_LITERAL("r"))))
        return false;
    *out = (MaildirUidlistSource){
        .changed_ns = (int64_t)changed_ns, .uidnext = next, .reordered = marked};
    return true;
}

static bool
header_v3(Reader *reader, MhSpan fields, MhUidState *out_uids, GError **error)
{
    g_autoptr(GString) other = g_string_new(NULL);
    while (fields.len > 0) {
        MhSpan field = maildir_uidlist_take_field(&fields);
        MhSpan value = mh_span_from(field, 1);
        uint8_t key = field.len > 0 ? field.data[0] : ' ';
        if (key == 'V' && !mh_span_to_u32(value, UINT32_MAX, &out_uids->uidvalidity))
            return header_error(error, "UIDVALIDITY is not a number of 32 bits");
        if (key == 'N' && !mh_span_to_u32(value, UINT32_MAX, &out_uids->uidnext))
            return header_error(error, "the next UID is not a number of 32 bits");
        if (key == 'G' && !header_guid(reader, value, error))
            return false;
        /* without CR, as it would be read when it has been written as the last of the others */
        bool is_ours = key == 'C' && header_source(without_cr(value), &reader->list->source);
        if (!is_ours && strchr("VNG ", key) == NULL)
            append_field(other, field);
    }
    while (other->len > 0 && strchr("\r ", other->str[other->len - 1]) != NULL)
        g_string_truncate(other, other->len - 1); /* as in without_cr() */
    g_string_assign(reader->list->other, other->str);
    return true;
}

static bool
header_v1(MhSpan fields, MhUidState *out_uids, GError **error)
{
    MhSpan uidvalidity = maildir_uidlist_take_field(&fields);
    MhSpan uidnext = maildir_uidlist_take_field(&fields);
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
    reader->list->version = line.data[0] - '0';
    reader->list->uids = uids;
    reader->first_uidnext = uids.uidnext;
    return true;
}

/* ---- one line ----------------------------------------------------------------------------- */

/* A line that is taken apart. */
typedef struct {
    MaildirUidlistEntry *entry;
    MhSpan others_run; /* fields that are kept stay where they are while they stand side by side */
    GString *apart;    /* all of them, when they do not; else empty */
    bool zero_size, zero_order; /* W0 or O0 is among the others, and counts before a later one */
    uint64_t number;
    MhFindings *findings;
} Line;

static void
add_other(Line *line, MhSpan field)
{
    MhSpan *run = &line->others_run;
    if (line->apart->len == 0 && (run->len == 0 || field.data == run->data + run->len + 1)) {
        *run = run->len == 0 ? field : mh_span(run->data, run->len + 1 + field.len);
        return;
    }
    if (line->apart->len == 0)
        append_field(line->apart, *run);
    append_field(line->apart, field);
}

static void
field_finding(const Line *line, MhSpan field)
{
    g_autofree char *shown = mh_printable(field);
    mh_findings_add_at(line->findings, MH_FINDING_MAILDIR_UIDLIST_FIELD, line->number, 0, "%s",
                       shown);
}

/* Takes in one field; the first of a key counts. Zeros are nothing to us but stay in the file, like
 * every other key. */
static void
read_field(Line *line, MhSpan field)
{
    MaildirUidlistEntry *entry = line->entry;
    MhSpan value = mh_span_from(field, 1);
    uint8_t key = field.data[0];
    bool number = key == 'W' || key == 'O';
    uint64_t n = 0;
    bool good = key >= 'A' && key <= 'Z' && !(key == 'G' && value.len == 0);
    if (number)
        good = mh_span_to_u64(value, key == 'W' ? UINT64_MAX : UINT32_MAX, &n);
    if (!good || (key == 'W' && (entry->virtual_size != 0 || line->zero_size)) ||
        (key == 'O' && (entry->pop3_order != 0 || line->zero_order)) ||
        (key == 'P' && entry->uidl.data != NULL)) {
        field_finding(line, field);
    } else if (key == 'W' && n != 0) {
        entry->virtual_size = n;
    } else if (key == 'O' && n != 0) {
        entry->pop3_order = (uint32_t)n;
    } else if (key == 'P') {
        entry->uidl = mh_span(field.data + 1, value.len);
    } else {
        line->zero_size |= key == 'W';
        line->zero_order |= key == 'O';
        add_other(line, field);
    }
}

/* The fields of a version 3 line; what is left of @rest is the name. */
static void
read_fields(Line *line, MhSpan *rest)
{
    while (rest->len > 0 && rest->data[0] != ':')
        read_field(line, maildir_uidlist_take_field(rest));
    *rest = mh_span_from(*rest, 1);
    line->entry->other =
        line->apart->len > 0 ? mh_span(line->apart->str, line->apart->len) : line->others_run;
}

static const char *
read_name(MhSpan name, MaildirUidlistEntry *entry)
{
    size_t end = name.len;
    mh_span_find(name, ':', &end);
    name = without_cr(mh_span_first(name, end));
    if (name.len == 0)
        return "no file name";
    if (memchr(name.data, '/', name.len) != NULL)
        return "a '/' in a file name";
    entry->name = name;
    return NULL;
}

/* The UID that opens the line; what is left of @rest are fields or the name. */
static const char *
read_uid(MhSpan *rest, uint32_t *out_uid)
{
    size_t end;
    if (!mh_span_find(*rest, ' ', &end) ||
        !mh_span_to_u32(mh_span_first(*rest, end), UINT32_MAX, out_uid) || *out_uid == 0)
        return "no UID";
    while (end < rest->len && rest->data[end] == ' ')
        end++;
    *rest = mh_span_from(*rest, end);
    return NULL;
}

const char *
maildir_uidlist_parse_line(const MaildirUidlist *list, MhSpan line, uint64_t number,
                           MhFindings *findings, MaildirUidlistEntry *out)
{
    MhSpan rest = without_cr(line);
    Line reading = {.entry = out,
                    .apart = g_string_truncate(list->apart, 0),
                    .number = number,
                    .findings = findings};
    *out = (MaildirUidlistEntry){0};
    const char *fault = read_uid(&rest, &out->uid);
    if (fault == NULL && list->version == 3)
        read_fields(&reading, &rest);
    return fault != NULL ? fault : read_name(rest, out);
}

/* ---- all lines ---------------------------------------------------------------------------- */

/* Why no line may stand here; NULL: this one may. */
static const char *
judge_place(const Reader *reader, MhSpan line)
{
    size_t at;
    uint32_t uid;
    if (mh_span_find(line, '\0', &at))
        return "a NUL";
    const char *fault = read_uid(&line, &uid);
    if (fault != NULL)
        return fault;
    if (uid <= reader->last_uid)
        return "UIDs do not ascend";
    if (uid > MH_UID_MAX)
        return "the UID is too large";
    return reader->list->version == 1 && uid >= reader->first_uidnext
               ? "the UID is not below the next UID"
               : NULL;
}

/* NULL, or why the list ends above this line, which begins at @at. */
static const char *
read_line(Reader *reader, MhSpan line, uint32_t at)
{
    MaildirUidlistEntry entry;
    MaildirUidlist *list = reader->list;
    const char *fault = judge_place(reader, without_cr(line));
    if (fault == NULL)
        fault =
            maildir_uidlist_parse_line(list, line, reader->line_number, reader->findings, &entry);
    if (fault != NULL)
        return fault;
    reader->last_uid = entry.uid;
    size_t older =
        maildir_uidlist_add(list, (MaildirUidlistPlace){.uid = entry.uid, .at = at}, entry.name);
    if (older != MAILDIR_UIDLIST_NOT_FOUND) {
        g_autofree char *shown = mh_printable(mh_span(list->name->str, list->name->len));
        mh_findings_add_at(reader->findings, MH_FINDING_MAILDIR_UIDLIST_DUPLICATE,
                           reader->line_number, 0, "%s", shown);
        g_array_index(list->places, MaildirUidlistPlace, older).uid = 0;
        reader->has_duplicates = true;
    }
    return NULL;
}

static void
read_lines(Reader *reader, uint64_t at)
{
    MaildirUidlist *list = reader->list;
    while (at < mh_line_text_size(list->text)) {
        MhSpan line;
        uint64_t next;
        reader->line_number++;
        const char *fault = mh_line_text_get(list->text, at, &line, &next)
                                ? read_line(reader, line, (uint32_t)at)
                                : "no line end";
        at = next;
        if (fault == NULL)
            continue;
        list->stopped_at = reader->line_number;
        mh_findings_add_at(reader->findings, MH_FINDING_MAILDIR_UIDLIST_STOPPED,
                           reader->line_number, 0, "%s", fault);
        break;
    }
    if (list->version == 3 && reader->last_uid >= reader->first_uidnext)
        mh_findings_add_at(reader->findings, MH_FINDING_MAILDIR_UIDLIST_NEXT, 1, 0,
                           "%" G_GUINT32_FORMAT, reader->first_uidnext);
    if (reader->has_duplicates)
        maildir_uidlist_compact(list);
}

static size_t
count_lines(MhLineText *text, uint64_t at)
{
    size_t count = 0;
    MhSpan line;
    while (mh_line_text_get(text, at, &line, &at))
        count++;
    return count;
}

MaildirUidlist *
maildir_uidlist_parse(MhSpan text, MhFindings *findings, GError **error)
{
    g_autoptr(GBytes) copy = g_bytes_new(text.data, text.len);
    return maildir_uidlist_parse_text(mh_line_text_new(copy), findings, error);
}

MaildirUidlist *
maildir_uidlist_parse_text(MhLineText *text, MhFindings *findings, GError **error)
{
    MhSpan line;
    uint64_t lines_at;
    g_autoptr(MaildirUidlist) list =
        maildir_uidlist_new((MhUidState){.uidvalidity = 1, .uidnext = 1});
    Reader reader = {.list = list, .findings = findings, .line_number = 1};
    list->text = text;
    if (mh_line_text_size(text) > MAILDIR_UIDLIST_BYTES_MAX) {
        header_error(error, "it is too large");
        return NULL;
    }
    if (!mh_line_text_get(text, 0, &line, &lines_at)) {
        if (mh_line_text_check(text, error))
            header_error(error, "it is empty, or the line has no end");
        return NULL;
    }
    if (!read_header(&reader, without_cr(line), error))
        return NULL;
    maildir_uidlist_reserve(list, count_lines(text, lines_at));
    read_lines(&reader, lines_at);
    return mh_line_text_check(text, error) ? g_steal_pointer(&list) : NULL;
}
