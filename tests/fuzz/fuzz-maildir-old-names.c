/* mailhaul.names: what was read is written so that it is read as the same, and no name leads out of
 * the folder. */
#include "fuzz.h"

#include "maildir/maildir-old-names.h"

static bool
is_in_folder(const char *path)
{
    return (g_str_has_prefix(path, "cur/") || g_str_has_prefix(path, "new/")) && path[4] != '\0' &&
           path[4] != '.' && strchr(path + 4, '/') == NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"cur/a:2,S", "cur/a:2,FSa", "new/a", "cur/b:2,", "new/b"};
    g_autoptr(MaildirOldNames) names = maildir_old_names_parse(mh_span(data, size));
    g_autoptr(GString) text = maildir_old_names_format(names);
    g_autoptr(MaildirOldNames) again = maildir_old_names_parse(mh_span(text->str, text->len));
    g_autoptr(GString) same = maildir_old_names_format(again);
    g_autoptr(GPtrArray) bases = maildir_old_names_of_ours(names);
    FUZZ_CHECK(g_string_equal(text, same));
    FUZZ_CHECK(bases->len <= maildir_old_names_length(names));
    for (guint i = 0; i < bases->len; i++)
        FUZZ_CHECK(strchr(bases->pdata[i], '/') == NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *before = maildir_old_names_restore(names, paths[i]);
        FUZZ_CHECK(before == NULL || (is_in_folder(before) && !g_str_equal(before, paths[i])));
    }
    return 0;
}
