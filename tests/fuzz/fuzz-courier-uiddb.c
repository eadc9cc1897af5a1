/* courierimapuiddb; what is read and written is read as the same. */
#include "fuzz.h"

#include "courier/courier-uiddb.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    bool unended = fuzz_take_byte(&input) & 1;
    g_autoptr(MhFindings) findings = mh_findings_new();
    g_autoptr(CourierUiddb) list = courier_uiddb_parse(input, unended, findings, NULL);
    if (list == NULL)
        return 0;
    size_t count = courier_uiddb_length(list);
    g_autofree CourierUiddbFile *files = g_new0(CourierUiddbFile, count + 1);
    for (size_t i = 0; i < count; i++) {
        CourierUiddbLine line = courier_uiddb_get(list, i);
        FUZZ_CHECK(line.uid >= 1 && line.uid <= MH_UID_MAX);
        files[i] = (CourierUiddbFile){.name = line.name, .is_new = i % 5 == 4, .tag = (uint32_t)i};
    }
    files[count] = (CourierUiddbFile){.name = MH_SPAN_LITERAL("1.x:2,S")};
    MhUidState state;
    courier_uiddb_assign(list, files, count + 1, &state, findings);
    uint32_t last = 0;
    for (size_t i = 0; i <= count; i++) {
        FUZZ_CHECK(files[i].uid == 0 || files[i].uid > last || !files[i].listed);
        last = files[i].listed ? files[i].uid : last;
    }
    FUZZ_CHECK(last < state.uidnext || last == 0);
    return 0;
}
