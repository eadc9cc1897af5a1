/* The configuration file. */
#include "fuzz.h"

#include "settings-file.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    g_autoptr(MhSettings) settings = mh_settings_new();
    g_autoptr(GError) error = NULL;
    bool good = mh_settings_file_parse(input, "fuzz.conf", settings, &error);
    FUZZ_CHECK(good == (error == NULL));
    mh_settings_check(settings, NULL);
    return 0;
}
