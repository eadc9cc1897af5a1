/* courierpop3dsizelist of every era. */
#include "fuzz.h"

#include "courier/courier-pop3-sizelist.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    CourierEra era = (CourierEra)(fuzz_take_byte(&input) % 3);
    g_autoptr(MhFindings) findings = mh_findings_new();
    g_autoptr(CourierPop3Sizelist) list = courier_pop3_sizelist_parse(input, era, findings);
    for (guint i = 0; list != NULL && i < list->lines->len; i++) {
        const CourierPop3Line *line = &g_array_index(list->lines, CourierPop3Line, i), *found;
        g_autofree char *uidl = courier_pop3_sizelist_uidl(line);
        courier_pop3_sizelist_find(list, line->name, &found);
    }
    return 0;
}
