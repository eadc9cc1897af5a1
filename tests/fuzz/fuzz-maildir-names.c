/* Names of a target: a folder comes back from its directory, a file from its parts. */
#include "fuzz.h"

#include "maildir/maildir-file-name.h"
#include "maildir/maildir-folder-name.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    g_autoptr(MhFindings) findings = mh_findings_new();
    MaildirFileName file;
    MhDigest id;
    uint32_t occurrence;
    maildir_file_name_parse(input, &file);
    maildir_file_name_parse_own(input, &id, &occurrence);
    maildir_file_name_fault(input, 1, 1);
    maildir_folder_name_is_inbox(input);
    maildir_folder_name_is_below_inbox(input);
    for (int charset = MAILDIR_COURIER_MUTF7; charset <= MAILDIR_COURIER_UTF8; charset++)
        g_free(maildir_folder_name_from_courier(input, (MaildirCourierCharset)charset, '^',
                                                findings, NULL));
    g_autofree char *name =
        maildir_folder_name_from_path(&input, 1, MAILDIR_ESCAPE_DEFAULT, findings, NULL);
    if (name == NULL)
        return 0;
    FUZZ_CHECK(name[0] == '.' && strchr(name, '/') == NULL && strlen(name) <= 255);
    g_auto(GStrv) path =
        maildir_folder_name_to_path(mh_span_from_string(name), MAILDIR_ESCAPE_DEFAULT, NULL);
    g_autofree char *text = maildir_folder_name_text(input, NULL);
    FUZZ_CHECK(path != NULL && path[1] == NULL && g_str_equal(path[0], text));
    g_autofree char *key =
        maildir_folder_name_key(mh_span_from_string(name), MAILDIR_ESCAPE_DEFAULT);
    return 0;
}
