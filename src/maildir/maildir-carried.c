#include "maildir-carried.h"

#include "maildir-uidlist.h"

#include <string.h>

#define LISTED 'L' /* no flag has this letter */

void
maildir_carried_format(const MaildirCarried *carried, uint32_t line_uid,
                       char out_text[MAILDIR_CARRIED_MAX])
{
    char flags[MH_FLAG_LETTERS_MAX + 1];
    char *at = out_text;
    *at++ = MAILDIR_CARRIED_KEY;
    mh_flags_to_maildir(carried->flags, flags);
    at = g_stpcpy(at, flags);
    for (int i = 0; i < 26; i++) {
        if (carried->letters & 1u << i)
            *at++ = (char)('a' + i);
    }
    if (carried->size_listed)
        *at++ = LISTED;
    *at = '\0';
    if (carried->uid != line_uid)
        g_snprintf(at, 12, ",%u", carried->uid);
}

static bool
parse_value(MhSpan value, uint32_t line_uid, MaildirCarried *out)
{
    MaildirCarried carried = {.uid = line_uid};
    MhSpan letters = value, uid;
    if (mh_span_split(value, ',', &letters, &uid) && !mh_span_to_u32(uid, UINT32_MAX, &carried.uid))
        return false;
    for (size_t i = 0; i < letters.len; i++) {
        uint8_t c = letters.data[i];
        MhFlags flag = mh_flag_from_maildir(c);
        if (flag == 0 && c != LISTED && !(c >= 'a' && c <= 'z'))
            return false;
        carried.flags |= flag;
        carried.size_listed |= c == LISTED;
        if (flag == 0 && c != LISTED)
            carried.letters |= 1u << (c - 'a');
    }
    *out = carried;
    return true;
}

bool
maildir_carried_parse(MhSpan fields, uint32_t line_uid, MaildirCarried *out)
{
    while (fields.len > 0) {
        MhSpan field = maildir_uidlist_take_field(&fields);
        if (field.len > 0 && field.data[0] == MAILDIR_CARRIED_KEY)
            return parse_value(mh_span_from(field, 1), line_uid, out);
    }
    return false;
}
