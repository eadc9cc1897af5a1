#include "mbox-metadata.h"

#include <string.h>

typedef enum {
    FIELD_CONTENT_LENGTH,
    FIELD_STATUS,
    FIELD_X_IMAP,
    FIELD_X_IMAPBASE,
    FIELD_X_KEYWORDS,
    FIELD_X_STATUS,
    FIELD_X_UID,
    FIELD_MOZILLA_STATUS,
    FIELD_MOZILLA_STATUS2,
    FIELD_MOZILLA_KEYS,
    FIELD_LINES,
    FIELD_DATE,
    FIELD_RECEIVED,
    FIELD_FROM,
    FIELD_SUBJECT,
    FIELD_X_UIDL,
    FIELD_DELIVERY_ID,
    FIELD_GM_THREAD,
    FIELD_GMAIL_LABELS,
    FIELD_OTHER,
} Field;

typedef enum {
    SHOWN,
    HIDDEN_BY_THUNDERBIRD,
    HIDDEN_BY_ALL_BUT_UW, /* c-client sends it as any other header (observed, 2007f) */
    HIDDEN_BY_ALL,
} Visibility;

static const struct {
    const char *name;
    size_t len;
    Visibility visibility;
} fields[] = {
#define NAME(text) text, sizeof(text) - 1
    [FIELD_CONTENT_LENGTH] = {NAME("Content-Length"), HIDDEN_BY_ALL_BUT_UW},
    [FIELD_STATUS] = {NAME("Status"), HIDDEN_BY_ALL},
    [FIELD_X_IMAP] = {NAME("X-IMAP"), HIDDEN_BY_ALL},
    [FIELD_X_IMAPBASE] = {NAME("X-IMAPbase"), HIDDEN_BY_ALL},
    [FIELD_X_KEYWORDS] = {NAME("X-Keywords"), HIDDEN_BY_ALL},
    [FIELD_X_STATUS] = {NAME("X-Status"), HIDDEN_BY_ALL},
    [FIELD_X_UID] = {NAME("X-UID"), HIDDEN_BY_ALL},
    [FIELD_MOZILLA_STATUS] = {NAME("X-Mozilla-Status"), HIDDEN_BY_THUNDERBIRD},
    [FIELD_MOZILLA_STATUS2] = {NAME("X-Mozilla-Status2"), HIDDEN_BY_THUNDERBIRD},
    [FIELD_MOZILLA_KEYS] = {NAME("X-Mozilla-Keys"), HIDDEN_BY_THUNDERBIRD},
    [FIELD_LINES] = {NAME("Lines"), SHOWN},
    [FIELD_DATE] = {NAME("Date"), SHOWN},
    [FIELD_RECEIVED] = {NAME("Received"), SHOWN},
    [FIELD_FROM] = {NAME("From"), SHOWN},
    [FIELD_SUBJECT] = {NAME("Subject"), SHOWN},
    [FIELD_X_UIDL] = {NAME("X-UIDL"), SHOWN},
    [FIELD_DELIVERY_ID] = {NAME("X-Delivery-ID"), SHOWN},
    [FIELD_GM_THREAD] = {NAME("X-GM-THRID"), SHOWN},
    [FIELD_GMAIL_LABELS] = {NAME("X-Gmail-Labels"), SHOWN},
#undef NAME
};

G_STATIC_ASSERT(G_N_ELEMENTS(fields) == FIELD_OTHER);

/* --- fields -------------------------------------------------------------------------------- */

static bool
is_folding(uint8_t c)
{
    return mh_is_blank(c) || c == '\r' || c == '\n';
}

static MhSpan
without_line_end(MhSpan line)
{
    if (line.len > 0 && line.data[line.len - 1] == '\n')
        line.len--;
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* Length of the line at the start of @text, its LF counted. */
static size_t
line_length(MhSpan text)
{
    size_t at;
    return mh_span_find(text, '\n', &at) ? at + 1 : text.len;
}

/* Takes the next field off @rest, with its continuation lines and all line ends. @out_line is the
 * length of its first line. False at an empty line and at the end. */
static bool
take_field(MhSpan *rest, MhSpan *out_field, size_t *out_line)
{
    size_t len = *out_line = line_length(*rest);
    if (without_line_end(mh_span_first(*rest, len)).len == 0)
        return false;
    while (len < rest->len && mh_is_blank(rest->data[len]))
        len += line_length(mh_span_from(*rest, len));
    *out_field = mh_span_first(*rest, len);
    *rest = mh_span_from(*rest, len);
    return true;
}

/* False when the field is no header: its first line has no colon, or begins with a blank. */
static bool
split_field(MhSpan field, size_t line_len, MhSpan *out_name, MhSpan *out_value)
{
    MhSpan line = mh_span_first(field, line_len);
    size_t colon;
    if (mh_is_blank(line.data[0]) || !mh_span_find(line, ':', &colon))
        return false;
    *out_name = mh_span_trim_blanks(mh_span_first(line, colon));
    MhSpan value = mh_span_from(field, colon + 1);
    while (value.len > 0 && mh_is_blank(value.data[0]))
        value = mh_span_from(value, 1);
    while (value.len > 0 && is_folding(value.data[value.len - 1]))
        value.len--;
    *out_value = value;
    return true;
}

/* Can a field that begins with @first be one of ours? Most cannot, and need no closer look. */
static bool
may_be_known(uint8_t first)
{
    switch (mh_lower(first)) {
    case 'c':
    case 'd':
    case 'f':
    case 'l':
    case 'r':
    case 's':
    case 'x':
        return true;
    default:
        return false;
    }
}

/* The same of those that some program hides. */
static bool
may_be_private(uint8_t first)
{
    first = mh_lower(first);
    return first == 'x' || first == 's' || first == 'c';
}

static Field
find_field(MhSpan name)
{
    uint8_t first = name.len > 0 ? mh_lower(name.data[0]) : 0;
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (fields[i].len == name.len && mh_lower((uint8_t)fields[i].name[0]) == first &&
            mh_span_equal_nocase(mh_span(fields[i].name, fields[i].len), name))
            return (Field)i;
    }
    return FIELD_OTHER;
}

/* --- values -------------------------------------------------------------------------------- */

static uint8_t
read_letters(MhSpan value)
{
    static const char letters[] = "ROAFTD";
    uint8_t found = 0;
    for (size_t i = 0; i < value.len; i++) {
        const char *letter = memchr(letters, value.data[i], sizeof(letters) - 1);
        if (letter != NULL)
            found |= (uint8_t)(1u << (letter - letters));
    }
    return found;
}

static MhSpan
take_digits(MhSpan *rest)
{
    size_t len = 0;
    while (len < rest->len && mh_is_digit(rest->data[len]))
        len++;
    MhSpan digits = mh_span_first(*rest, len);
    *rest = mh_span_from(*rest, len);
    return digits;
}

static MhSpan
skip_folding(MhSpan rest)
{
    while (rest.len > 0 && is_folding(rest.data[0]))
        rest = mh_span_from(rest, 1);
    return rest;
}

/* What UIDLAST's digits tell about their writer: Dovecot pads them to ten, in X-IMAPbase. */
static unsigned
mark_of_uidlast(MhSpan digits)
{
    if (digits.len == 10)
        return digits.data[0] == '0' ? MBOX_MARK_DOVECOT : 0;
    return digits.len > 0 && digits.data[0] != '0' ? MBOX_MARK_CCLIENT : 0;
}

static bool
read_base(MhSpan value, MboxBase *base)
{
    MhSpan rest = value;
    MhSpan validity = take_digits(&rest);
    if (!mh_span_to_u32(validity, UINT32_MAX, &base->uidvalidity) || base->uidvalidity == 0 ||
        (rest.len > 0 && rest.data[0] != ' '))
        return false;
    rest = skip_folding(rest);
    MhSpan last = take_digits(&rest);
    if (rest.len > 0 && !is_folding(rest.data[0]))
        return false;
    base->has_last = last.len > 0;
    base->uidlast = 0;
    if (base->has_last && !mh_span_to_u32(last, UINT32_MAX, &base->uidlast))
        base->uidlast = UINT32_MAX;
    base->keywords = rest;
    base->mark = base->is_x_imap ? 0 : mark_of_uidlast(last);
    return true;
}

static void
add_base(MboxMetadata *out, MhSpan value, bool is_x_imap)
{
    MboxBase base = {.is_x_imap = is_x_imap};
    if (out->has_base)
        return;
    if (!read_base(value, &base)) {
        out->base_broken = true;
        return;
    }
    out->has_base = true;
    out->base = base;
    out->marks |= is_x_imap ? MBOX_MARK_CCLIENT : base.mark;
}

static void
add_uid_to(MboxUid *uid, MhSpan value)
{
    uid->repeated = uid->present;
    uid->present = true;
    if (uid->uid == 0)
        mh_span_to_u32(value, UINT32_MAX, &uid->uid);
}

/* @value lost its padding; @field has it yet. */
static void
add_uid(MboxMetadata *out, MhSpan value, MhSpan field)
{
    add_uid_to(&out->uid, value);
    if (out->has_base)
        add_uid_to(&out->uid_below_base, value);
    MhSpan line = without_line_end(field);
    if (value.len > 0 && line.len > 0 && line.data[line.len - 1] == ' ')
        out->marks |= MBOX_MARK_DOVECOT;
}

static void
add_hex(MhSpan value, uint32_t *out_bits)
{
    uint64_t bits;
    if (mh_span_to_u64_hex(value, &bits) && bits <= UINT32_MAX)
        *out_bits = (uint32_t)bits;
}

static void
add_first(bool *has, MhSpan *first, MhSpan value)
{
    if (!*has)
        *first = value;
    *has = true;
}

static bool
contains(MhSpan text, const char *word)
{
    return text.len > 0 && memmem(text.data, text.len, word, strlen(word)) != NULL;
}

/* --- the whole header ---------------------------------------------------------------------- */

/* Which halves of UW's placeholder were seen. */
typedef struct {
    bool from_daemon;
    bool subject;
} Placeholder;

static void
add_server_field(MboxMetadata *out, Field field, MhSpan value, MhSpan whole)
{
    switch (field) {
    case FIELD_STATUS:
        out->has_status = true;
        out->status |= read_letters(value);
        break;
    case FIELD_X_STATUS:
        out->has_x_status = true;
        out->x_status |= read_letters(value);
        out->marks |= value.len == 0 && !out->uid.present ? MBOX_MARK_CCLIENT : 0;
        break;
    case FIELD_X_KEYWORDS:
        add_first(&out->has_keywords, &out->keywords, value);
        break;
    case FIELD_X_UID:
        add_uid(out, value, whole);
        break;
    case FIELD_X_IMAP:
    case FIELD_X_IMAPBASE:
        add_base(out, value, field == FIELD_X_IMAP);
        break;
    case FIELD_CONTENT_LENGTH:
        if (!out->has_content_length)
            out->has_content_length = mh_span_to_u64(value, INT64_MAX, &out->content_length);
        break;
    default:
        break;
    }
}

static void
add_mozilla_field(MboxMetadata *out, Field field, MhSpan value)
{
    out->marks |= MBOX_MARK_THUNDERBIRD;
    if (field == FIELD_MOZILLA_STATUS) {
        out->has_mozilla_status = true;
        add_hex(value, &out->mozilla_status);
    } else if (field == FIELD_MOZILLA_STATUS2) {
        add_hex(value, &out->mozilla_status2);
    } else if (out->mozilla_keys.len == 0) {
        out->mozilla_keys = value;
    }
}

static void
add_shown_field(MboxMetadata *out, Field field, MhSpan value, Placeholder *placeholder)
{
    switch (field) {
    case FIELD_LINES:
        if (!out->has_lines)
            out->has_lines = mh_span_to_u64(value, INT64_MAX, &out->lines);
        break;
    case FIELD_DATE:
        add_first(&out->has_date, &out->date, value);
        break;
    case FIELD_RECEIVED:
        add_first(&out->has_received, &out->received, value);
        break;
    case FIELD_FROM:
        placeholder->from_daemon = contains(value, "MAILER-DAEMON");
        break;
    case FIELD_SUBJECT:
        placeholder->subject = mh_span_equal(
            value, MH_SPAN_LITERAL("DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA"));
        break;
    case FIELD_X_UIDL:
        add_first(&out->has_uidl, &out->uidl, value);
        out->marks |= MBOX_MARK_QPOPPER;
        break;
    case FIELD_DELIVERY_ID:
        out->has_delivery_id = true;
        break;
    default:
        out->marks |= MBOX_MARK_GMAIL;
        break;
    }
}

void
mbox_metadata_read(MhSpan header, MboxMetadata *out)
{
    *out = (MboxMetadata){0};
    Placeholder placeholder = {0};
    MhSpan whole, name, value;
    size_t line;
    while (take_field(&header, &whole, &line)) {
        if (!may_be_known(whole.data[0]))
            continue;
        Field field = split_field(whole, line, &name, &value) ? find_field(name) : FIELD_OTHER;
        if (field == FIELD_OTHER)
            continue;
        if (fields[field].visibility == HIDDEN_BY_ALL ||
            fields[field].visibility == HIDDEN_BY_ALL_BUT_UW)
            add_server_field(out, field, value, whole);
        else if (fields[field].visibility == HIDDEN_BY_THUNDERBIRD)
            add_mozilla_field(out, field, value);
        else
            add_shown_field(out, field, value, &placeholder);
    }
    out->is_internal_data = placeholder.from_daemon && placeholder.subject;
}

/* --- keywords ------------------------------------------------------------------------------ */

bool
mbox_metadata_next_keyword(MhSpan *rest, MhSpan *out_name)
{
    MhSpan text = skip_folding(*rest);
    size_t len = 0;
    while (len < text.len && !is_folding(text.data[len]))
        len++;
    *rest = mh_span_from(text, len);
    if (len == 0)
        return false;
    *out_name = mh_span_first(text, len);
    return true;
}

/* --- the filter ---------------------------------------------------------------------------- */

bool
mbox_metadata_is_private(MhSpan name, MboxHiding which)
{
    Field field = find_field(name);
    if (field == FIELD_OTHER)
        return false;
    switch (fields[field].visibility) {
    case HIDDEN_BY_ALL:
        return true;
    case HIDDEN_BY_ALL_BUT_UW:
        return which != MBOX_HIDING_UW;
    case HIDDEN_BY_THUNDERBIRD:
        return which == MBOX_HIDING_THUNDERBIRD;
    case SHOWN:
        break;
    }
    return false;
}

bool
mbox_metadata_filter(MhSpan header, MboxHiding which, MboxKeepFunc keep, void *user)
{
    if (header.len == 0)
        return true;
    const uint8_t *kept = header.data; /* not yet handed on */
    const uint8_t *end = header.data + header.len;
    MhSpan rest = header;
    MhSpan field, name, value;
    size_t line;
    while (take_field(&rest, &field, &line)) {
        if (!may_be_private(field.data[0]) || !split_field(field, line, &name, &value) ||
            !mbox_metadata_is_private(name, which))
            continue;
        if (field.data > kept && !keep(mh_span(kept, (size_t)(field.data - kept)), user))
            return false;
        kept = field.data + field.len;
    }
    return kept == end || keep(mh_span(kept, (size_t)(end - kept)), user);
}
