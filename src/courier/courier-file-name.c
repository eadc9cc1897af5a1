#include "courier-file-name.h"

MhSpan
courier_file_name_base(MhSpan name)
{
    size_t colon;
    return mh_span_find(name, ':', &colon) ? mh_span_first(name, colon) : name;
}

MhFlags
courier_file_name_flags(MhSpan name)
{
    size_t colon;
    if (!mh_span_find_last(name, ':', &colon))
        return 0;
    MhSpan info = mh_span_from(name, colon + 1);
    MhFlags flags = 0;
    if (!mh_span_starts_with(info, MH_SPAN_LITERAL("2,")))
        return 0;
    for (size_t i = 2; i < info.len; i++)
        flags |= mh_flag_from_maildir(info.data[i]);
    return flags;
}

bool
courier_file_name_changes_at_login(MhSpan name, size_t base_len, bool is_new)
{
    return is_new && !mh_span_starts_with(mh_span_from(name, base_len),
                                          MH_SPAN_LITERAL(COURIER_FILE_NAME_MOVED));
}

bool
courier_file_name_size(MhSpan name, uint64_t *out_size_bytes)
{
    MhSpan field = courier_file_name_base(name);
    size_t comma, end;
    while (mh_span_find_last(field, ',', &comma)) {
        MhSpan value = mh_span_from(courier_file_name_base(name), comma + 1);
        if (mh_span_starts_with(value, MH_SPAN_LITERAL("S="))) {
            value = mh_span_from(value, 2);
            if (mh_span_find(value, ',', &end))
                value = mh_span_first(value, end);
            return mh_span_to_u64(value, UINT64_MAX, out_size_bytes);
        }
        field = mh_span_first(field, comma);
    }
    return false;
}
