/* mailhaul.folders: no name leads out of the Maildir. */
#include "fuzz.h"

#include "in-place.h"

static bool
is_folder(const char *name)
{
    return name[0] == '.' && name[1] != '\0' && name[1] != '.' && strchr(name, '/') == NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GHashTable) names = mh_in_place_names_parse(mh_span(data, size));
    GHashTableIter iter;
    gpointer target, source;
    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &target, &source))
        FUZZ_CHECK(is_folder(target) && is_folder(source));
    return 0;
}
