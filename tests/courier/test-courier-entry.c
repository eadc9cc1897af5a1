#include "testing.h"

#include "courier-entry.h"

static void
test_classify(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        CourierEntryKind kind;
        bool has_text;
    } rows[] = {
        {"cur", COURIER_ENTRY_PART, false},
        {"new", COURIER_ENTRY_PART, false},
        {"tmp", COURIER_ENTRY_PART, false},
        {".a.b", COURIER_ENTRY_FOLDER, false},
        {".INBOX", COURIER_ENTRY_FOLDER, false},
        {".", COURIER_ENTRY_BAD_FOLDER, true},
        {"..", COURIER_ENTRY_BAD_FOLDER, true},
        {".a..b", COURIER_ENTRY_BAD_FOLDER, true},
        {"courierimapuiddb", COURIER_ENTRY_STATE, true},
        {"courierimapuiddb2", COURIER_ENTRY_UNKNOWN, false},
        {"shared-folders", COURIER_ENTRY_SHARED, true},
        {"loginexec", COURIER_ENTRY_REPORT, true},
        {"sqwebmail-config", COURIER_ENTRY_REPORT, true},
        {"sqwebmail", COURIER_ENTRY_UNKNOWN, false},
        {"dovecot-uidlist", COURIER_ENTRY_FOREIGN, true},
        {"Archive", COURIER_ENTRY_UNKNOWN, false},
        {"", COURIER_ENTRY_UNKNOWN, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *text;
        CourierEntryKind kind = courier_entry_classify(mh_span_from_string(rows[i].name), &text);
        if (kind != rows[i].kind || (text != NULL) != rows[i].has_text)
            fail_msg("'%s'", rows[i].name);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_classify)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
