/* Names that lie in a Courier Maildir: folders in every encoding, files, entries. */
#include "fuzz.h"

#include "courier/courier-entry.h"
#include "courier/courier-file-name.h"
#include "courier/courier-folder-name.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    CourierNames names = (CourierNames)(fuzz_take_byte(&input) % 4);
    g_autoptr(MhFindings) findings = mh_findings_new();
    const char *text;
    uint64_t size_bytes;
    courier_entry_classify(input, &text);
    FUZZ_CHECK(courier_file_name_base(input).len <= input.len);
    courier_file_name_flags(input);
    courier_file_name_size(input, &size_bytes);
    courier_folder_names_guess(&input, 1, findings);
    if (!courier_folder_path_valid(input))
        return 0;
    g_auto(GStrv) components = courier_folder_components(input, names, findings);
    for (size_t i = 0; components != NULL && components[i] != NULL; i++)
        FUZZ_CHECK(g_utf8_validate(components[i], -1, NULL) && components[i][0] != '\0');
    return 0;
}
