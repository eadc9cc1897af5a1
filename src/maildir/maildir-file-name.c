#include "maildir-file-name.h"

#include "digits.h"
#include "size-limits.h"

#include <string.h>

#define OWN_MARK ".H"
#define OWN_HOST "mailhaul"

static int
keyword_number(uint8_t letter)
{
    return letter >= 'a' && letter <= 'z' ? letter - 'a' : -1;
}

static bool
is_known_letter(uint8_t letter)
{
    return mh_flag_from_maildir(letter) != 0 || keyword_number(letter) >= 0;
}

/* The first ",K=": false when there is none, or its digits are followed by something else. No
 * digits at all are 0, as Dovecot reads them. */
static bool
find_size(MhSpan name, uint8_t key, uint64_t *out_size)
{
    MhSpan rest = name;
    size_t digits = 0, comma;
    do {
        if (!mh_span_find(rest, ',', &comma))
            return false;
        rest = mh_span_from(rest, comma + 1);
    } while (rest.len < 2 || rest.data[0] != key || rest.data[1] != '=');
    rest = mh_span_from(rest, 2);
    while (digits < rest.len && mh_is_digit(rest.data[digits]))
        digits++;
    if (digits < rest.len && rest.data[digits] != ',' && rest.data[digits] != ':')
        return false;
    uint64_t size = digits == 0 ? 0 : UINT64_MAX;
    mh_span_to_u64(mh_span_first(rest, digits), UINT64_MAX, &size);
    *out_size = size;
    return true;
}

/* The letters of @info: what stands before its first ','. */
static MhSpan
info_letters(MhSpan info)
{
    size_t end = info.len;
    mh_span_find(info, ',', &end);
    return mh_span_first(info, end);
}

static void
parse_info(MhSpan entry, MaildirFileName *out)
{
    size_t colon;
    if (!mh_span_find_last(entry, ':', &colon))
        return;
    MhSpan info = mh_span_from(entry, colon + 1);
    if (!mh_span_starts_with(info, MH_SPAN_LITERAL("2,")))
        return;
    out->has_info = true;
    out->info = mh_span_from(info, 2);
    MhSpan letters = info_letters(out->info);
    for (size_t i = 0; i < letters.len; i++) {
        int number = keyword_number(letters.data[i]);
        if (number >= 0)
            out->keywords |= UINT32_C(1) << number;
        else
            out->flags |= mh_flag_from_maildir(letters.data[i]);
    }
}

MaildirEntryKind
maildir_file_name_parse(MhSpan entry, MaildirFileName *out)
{
    size_t end = entry.len;
    size_t at;
    mh_span_find(entry, ':', &end);
    *out = (MaildirFileName){.base = mh_span_first(entry, end)};
    parse_info(entry, out);
    out->has_size = find_size(entry, 'S', &out->size_bytes);
    out->has_virtual_size = find_size(entry, 'W', &out->virtual_size);
    if (mh_span_starts_with(entry, MH_SPAN_LITERAL(".")))
        return MAILDIR_ENTRY_HIDDEN;
    if (mh_span_find(entry, '\n', &at) || mh_span_find(entry, '\r', &at))
        return MAILDIR_ENTRY_LINE_BREAK;
    return out->base.len > 0 ? MAILDIR_ENTRY_MESSAGE : MAILDIR_ENTRY_NO_BASE;
}

/* All letters to write, ascending; 'others' keep their order among themselves. */
static void
append_letters(GString *name, const char *known, MhSpan others)
{
    for (size_t i = 0; i < others.len; i++) {
        if (is_known_letter(others.data[i]))
            continue;
        while (*known != '\0' && (uint8_t)*known < others.data[i])
            g_string_append_c(name, *known++);
        g_string_append_c(name, (char)others.data[i]);
    }
    g_string_append(name, known);
}

/* The letters of flags and keywords in the order in which they are written. */
static void
known_letters(MhFlags flags, uint32_t keywords,
              char out_letters[MH_FLAG_LETTERS_MAX + MAILDIR_KEYWORD_LETTERS + 1])
{
    mh_flags_to_maildir(flags, out_letters);
    size_t count = strlen(out_letters);
    for (uint32_t i = 0; i < MAILDIR_KEYWORD_LETTERS; i++) {
        if (keywords & UINT32_C(1) << i)
            out_letters[count++] = (char)('a' + i);
    }
    out_letters[count] = '\0';
}

void
maildir_file_name_append_info(GString *name, MhFlags flags, uint32_t keywords)
{
    char known[MH_FLAG_LETTERS_MAX + MAILDIR_KEYWORD_LETTERS + 1];
    known_letters(flags, keywords, known);
    g_string_append(name, ":2,");
    g_string_append(name, known);
}

char *
maildir_file_name_format(MhSpan base, MhFlags flags, uint32_t keywords, MhSpan info)
{
    char known[MH_FLAG_LETTERS_MAX + MAILDIR_KEYWORD_LETTERS + 1];
    known_letters(flags, keywords, known);
    MhSpan others = info_letters(info);
    MhSpan tail = mh_span_from(info, others.len);
    GString *name = g_string_sized_new(base.len + MAILDIR_INFO_MAX + info.len + 1);
    g_string_append_len(name, (const char *)base.data, (gssize)base.len);
    g_string_append(name, ":2,");
    append_letters(name, known, others);
    g_string_append_len(name, (const char *)tail.data, (gssize)tail.len);
    return g_string_free(name, FALSE);
}

bool
maildir_file_name_sizes_agree(MhSpan name, uint64_t size_bytes, uint64_t virtual_size)
{
    uint64_t stated;
    if (find_size(name, 'S', &stated) && stated != size_bytes)
        return false;
    return !find_size(name, 'W', &stated) || stated == virtual_size;
}

static bool
is_usable(MhSpan base)
{
    static const uint8_t never[] = {'\0', '\n', '\r', '/', ':'};
    size_t at;
    for (size_t i = 0; i < sizeof never; i++) {
        if (mh_span_find(base, never[i], &at))
            return false;
    }
    return base.len > 0 && base.data[0] != '.';
}

MaildirNameFault
maildir_file_name_fault(MhSpan base, uint64_t size_bytes, uint64_t virtual_size)
{
    uint64_t stated;
    if (!is_usable(base))
        return MAILDIR_FAULT_UNUSABLE;
    if (base.len + MAILDIR_INFO_MAX > MH_LIMIT_NAME_BYTES)
        return MAILDIR_FAULT_TOO_LONG;
    if (find_size(base, 'S', &stated) && stated != size_bytes)
        return MAILDIR_FAULT_WRONG_SIZE;
    if (find_size(base, 'W', &stated) && stated != virtual_size)
        return MAILDIR_FAULT_WRONG_VIRTUAL_SIZE;
    return MAILDIR_FAULT_NONE;
}

char *
maildir_file_name_own(int64_t internaldate, const MhDigest *id, uint32_t occurrence,
                      uint64_t size_bytes)
{
    static const char mark[] = OWN_MARK, host[] = "." OWN_HOST ",S=";
    char name[3 * MH_DIGITS_MAX + MH_DIGEST_TEXT + sizeof mark + sizeof host + 1], *at = name;
    g_assert(occurrence > 0);
    at += mh_digits((uint64_t)MAX(internaldate, INT64_C(0)), at);
    at = g_stpcpy(at, mark);
    mh_digest_format(id, at);
    at[MH_DIGEST_TEXT] = '.';
    at += MH_DIGEST_TEXT + 1;
    at += mh_digits(occurrence, at);
    at = g_stpcpy(at, host);
    at += mh_digits(size_bytes, at);
    return g_strndup(name, (gsize)(at - name));
}

bool
maildir_file_name_parse_own(MhSpan base, MhDigest *out_id, uint32_t *out_occurrence)
{
    MhSpan seconds, digest, occurrence, host;
    MhSpan rest = base;
    uint64_t time;
    MhDigest id;
    uint32_t number;
    if (!mh_span_split(rest, '.', &seconds, &rest) || rest.len == 0 || rest.data[0] != 'H')
        return false;          /* nearly all names of others */
    rest = info_letters(rest); /* without the comma parts */
    if (!mh_span_split(rest, '.', &digest, &rest) || !mh_span_split(rest, '.', &occurrence, &host))
        return false;
    if (!mh_span_to_u64(seconds, INT64_MAX, &time) || digest.len != 1 + MH_DIGEST_TEXT ||
        !mh_digest_parse(mh_span_from(digest, 1), &id) ||
        !mh_span_to_u32(occurrence, UINT32_MAX, &number) || number == 0 ||
        !mh_span_equal(host, MH_SPAN_LITERAL(OWN_HOST)))
        return false;
    if (out_id != NULL)
        *out_id = id;
    if (out_occurrence != NULL)
        *out_occurrence = number;
    return true;
}

MhDigest
maildir_file_name_identity(MhSpan base)
{
    MhDigest id;
    return maildir_file_name_parse_own(base, &id, NULL) ? id : mh_digest_of(base);
}
