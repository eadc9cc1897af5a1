/* The map of names; what is read and written is read as the same. */
#include "fuzz.h"

#include "name-map.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    g_autoptr(MhLineErrors) errors = mh_line_errors_new("map");
    g_autoptr(MhLineErrors) none = mh_line_errors_new("map");
    g_autoptr(MhNameMap) map = mh_name_map_parse(input, errors);
    g_autofree char *text = mh_name_map_format(map);
    g_autoptr(MhNameMap) again = mh_name_map_parse(mh_span_from_string(text), none);
    g_autofree char *same = mh_name_map_format(again);
    FUZZ_CHECK(mh_line_errors_count(none) == 0 && g_str_equal(text, same));
    return 0;
}
