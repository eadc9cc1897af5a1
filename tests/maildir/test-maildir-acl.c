#include "testing.h"

#include "maildir-acl.h"

static MaildirAcl *
parse(const char *text, size_t len, GError **error)
{
    MhSpan copy = testing_exact_copy(text, len);
    MaildirAcl *acl = maildir_acl_parse(copy, error);
    g_free((void *)(uintptr_t)copy.data);
    return acl;
}

static const struct {
    const char *text;
    const char *written; /* NULL: the file is void */
} files[] = {
    {"", ""},
    {"owner lrwstipekxa\nuser=bob lr", "owner lrwstipekxa\nuser=bob lr\n"},
    {"# c\n\n#d\nanyone l\n", "anyone l\n"},
    {"user=bob xrl\n", "user=bob lrx\n"},
    {"user=bob lr :read write\n-group=x l\n", "user=bob lrw\n-group=x l\n"},
    {"\"user=a b\" lr\n", "\"user=a b\" lr\n"},
    {"\"-user=a b\" l\n", "\"-user=a b\" l\n"},
    {"\"user=a\\\"b\\\\c d\\'\" l\n", "\"user=a\\\"b\\\\c d\\'\" l\n"},
    {"\"user=ab\"\n", "user=ab\n"},
    {"user=q\"r l\n", "user=q\"r l\n"},
    {"user=bob\n", "user=bob\n"},
    {"user=bob  lr\r\n", "user=bob lr\n"},
    {"user=bob lrlr\nuser=bob w\n-user=bob r\n", "user=bob lrw\n-user=bob r\n"},
    {"user=bob :lookup\nuser=joe l:read\n", "user=bob l\nuser=joe lr\n"},
    {"user=bob l :x-one x-two\nuser=bob :x-three\n", "user=bob l :x-one x-two x-three\n"},
    {"user=bob :x\n", "user=bob :x\n"},
    {"user= l\n", "user= l\n"},
    {"group-override=g a\nauthenticated k\n", "group-override=g a\nauthenticated k\n"},
    {"user=bob lrc\n", NULL},
    {"bob lr\n", NULL},
    {" \n", NULL},
    {"-\n", NULL},
    {"Owner l\n", NULL},
    {"\"user=a b lr\n", NULL},
    {"\"user=a b\"lr\n", NULL},
    {"\"user=a\\", NULL},
    {"user=a\tb l\n", NULL},
};

static void
test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MaildirAcl) acl = parse(files[i].text, strlen(files[i].text), &error);
        if ((acl != NULL) != (files[i].written != NULL))
            fail_msg("'%s'", files[i].text);
        if (acl == NULL) {
            assert_true(g_error_matches(error, MAILDIR_ERROR, MAILDIR_ERROR_FORMAT));
            continue;
        }
        g_autoptr(GString) written = maildir_acl_format(acl);
        if (strcmp(written->str, files[i].written) != 0)
            fail_msg("'%s': '%s'", files[i].text, written->str);
        g_autoptr(MaildirAcl) again = parse(written->str, written->len, NULL);
        g_autoptr(GString) rewritten = maildir_acl_format(again);
        assert_string_equal(rewritten->str, written->str);
    }
    assert_null(parse("owner\0 l\n", 9, NULL));
}

static void
test_prefixes(void **state)
{
    (void)state;
    static const char text[] = "owner lr\n\"user=a \\\"b\" w :x y\n-anyone l\n";
    size_t good = 0;
    for (size_t len = 0; len < sizeof text; len++) {
        g_autoptr(MaildirAcl) acl = parse(text, len, NULL);
        good += acl != NULL;
    }
    assert_in_range(good, 1, sizeof text - 1);
}

static void
test_add(void **state)
{
    (void)state;
    g_autoptr(MaildirAcl) acl = maildir_acl_new();
    g_autoptr(GError) error = NULL;
    assert_true(maildir_acl_add(acl, false, MH_SPAN_LITERAL("owner"), UINT32_MAX, NULL));
    assert_true(maildir_acl_add(acl, true, MH_SPAN_LITERAL("group=a b"), 0, NULL));
    assert_false(maildir_acl_add(acl, false, MH_SPAN_LITERAL("user=a\nowner a"), 1, &error));
    assert_true(g_error_matches(error, MAILDIR_ERROR, MAILDIR_ERROR_VALUE));
    assert_false(maildir_acl_add(acl, false, MH_SPAN_LITERAL("user=\0"), 1, NULL));
    assert_false(maildir_acl_add(acl, false, MH_SPAN_LITERAL("administrators"), 1, NULL));
    assert_false(maildir_acl_add(acl, false, MH_SPAN_LITERAL(""), 1, NULL));
    g_autoptr(GString) written = maildir_acl_format(acl);
    assert_string_equal(written->str, "owner lrwstipekxa\n\"-group=a b\"\n");
}

static void
test_imap_rights(void **state)
{
    (void)state;
    bool unknown = true;
    assert_int_equal(maildir_acl_rights_from_imap(MH_SPAN_LITERAL("aceilrstwxp"), &unknown),
                     MAILDIR_RIGHTS_ALL);
    assert_false(unknown);
    assert_int_equal(maildir_acl_rights_from_imap(MH_SPAN_LITERAL("d"), NULL),
                     MAILDIR_RIGHT_EXPUNGE | MAILDIR_RIGHT_WRITE_DELETED | MAILDIR_RIGHT_DELETE);
    assert_int_equal(maildir_acl_rights_from_imap(MH_SPAN_LITERAL("k"), NULL),
                     MAILDIR_RIGHT_CREATE);
    assert_int_equal(maildir_acl_rights_from_imap(MH_SPAN_LITERAL("l0"), &unknown),
                     MAILDIR_RIGHT_LOOKUP);
    assert_true(unknown);
    assert_int_equal(maildir_acl_rights_from_imap(mh_span(NULL, 0), &unknown), 0);
    assert_false(unknown);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_imap_rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
