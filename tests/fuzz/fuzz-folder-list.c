/* The list of folders; no path in it leads anywhere but down. */
#include "fuzz.h"

#include "folder-list.h"

static bool
known(const char *user, void *data)
{
    (void)data;
    return strcmp(user, "fred") == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    g_autoptr(MhLineErrors) errors = mh_line_errors_new("folders");
    g_autoptr(MhFolderList) list = mh_folder_list_parse(input, known, NULL, errors);
    const GPtrArray *paths = mh_folder_list_get(list, "fred");
    for (guint i = 0; paths != NULL && i < paths->len; i++) {
        g_auto(GStrv) parts = g_strsplit(paths->pdata[i], "/", -1);
        for (size_t p = 0; parts[p] != NULL; p++)
            FUZZ_CHECK(parts[p][0] != '\0' && strcmp(parts[p], "..") != 0);
        FUZZ_CHECK(mh_folder_list_has(list, "fred", mh_span_from_string(paths->pdata[i])));
    }
    return 0;
}
