/* What files were called before a conversion in place: there and back, to the byte. */
#include "maildir-old-names.h"
#include "testing.h"

#include <string.h>

static MaildirOldNames *
again(MaildirOldNames *names)
{
    g_autoptr(GString) text = maildir_old_names_format(names);
    maildir_old_names_free(names);
    return maildir_old_names_parse(mh_span(text->str, text->len));
}

static void
assert_restores(const MaildirOldNames *names, const char *path, const char *expected)
{
    g_autofree char *got = maildir_old_names_restore(names, path);
    if (g_strcmp0(got, expected) != 0)
        fail_msg("'%s' gives '%s', not '%s'", path, got != NULL ? got : "(itself)", expected);
}

/* One renaming, then how the file is called at undo, and what it is called then; NULL: the same. */
static const struct {
    const char *old, *new, *now, *back;
} cases[] = {
    /* as it was left */
    {"cur/1.a:2,S", "cur/1.a:2,Sab", "cur/1.a:2,Sab", "cur/1.a:2,S"},
    {"cur/1.a:2,TS", "cur/1.a:2,STa", "cur/1.a:2,STa", "cur/1.a:2,TS"},
    {"cur/1.a:1,x", "cur/1.a:2,a", "cur/1.a:2,a", "cur/1.a:1,x"},
    {"cur/1.a", "cur/1.a:2,a", "cur/1.a:2,a", "cur/1.a"},
    {"cur/1.a:2,Sc", "cur/1.a:2,S", "cur/1.a:2,S", "cur/1.a:2,Sc"},
    {"new/1.a:2,S", "new/1.a", "new/1.a", "new/1.a:2,S"},
    /* a line break, a tab and a backslash in the name, and a name of ours for it */
    {"cur/1\n\t\\x.a:2,S", "cur/9.H.1.mailhaul:2,S", "cur/9.H.1.mailhaul:2,S",
     "cur/1\n\t\\x.a:2,S"},
    {"cur/1.a,W=7:2,S", "cur/9.H.1.mailhaul:2,S", "cur/9.H.1.mailhaul:2,FS", "cur/1.a,W=7:2,FS"},
    /* the run was killed before it renamed the file */
    {"cur/1.a:2,TS", "cur/1.a:2,STa", "cur/1.a:2,TS", NULL},
    /* flags changed since: they stay; keywords do not */
    {"cur/1.a:2,TS", "cur/1.a:2,STa", "cur/1.a:2,STb", "cur/1.a:2,TS"},
    {"cur/1.a:2,TS", "cur/1.a:2,STa", "cur/1.a:2,Fb", "cur/1.a:2,F"},
    {"cur/1.a:2,TS", "cur/1.a:2,STa", "cur/1.a:2,RS", NULL},
    {"cur/1.a:2,", "cur/1.a:2,a", "cur/1.a:2,", NULL},
    /* a client has looked at new mail */
    {"new/1.a,S=3", "new/9.H.1.mailhaul", "cur/9.H.1.mailhaul:2,S", "cur/1.a,S=3:2,S"},
    {"new/1.a,S=3", "new/9.H.1.mailhaul", "cur/9.H.1.mailhaul:2,", "cur/1.a,S=3:2,"},
    /* somebody moved it to new/, where its old name would be none */
    {"cur/:2,S", "cur/9.H.1.mailhaul:2,S", "new/9.H.1.mailhaul", "cur/:2,S"},
    {"cur/:2,S", "cur/9.H.1.mailhaul:2,S", "cur/9.H.1.mailhaul:2,FS", "cur/:2,FS"},
    /* another message */
    {"cur/1.a:2,S", "cur/1.a:2,Sa", "cur/1.b:2,Sa", NULL},
    {"cur/1.a:2,S", "cur/1.a:2,Sa", "cur/1.a2:2,Sa", NULL},
    /* nothing was renamed */
    {"cur/1.a:2,Sa", "cur/1.a:2,Sa", "cur/1.a:2,Sb", NULL},
};

static void
test_one_renaming(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        MaildirOldNames *names = maildir_old_names_new();
        maildir_old_names_add(names, cases[i].old, cases[i].new);
        assert_restores(names, cases[i].now, cases[i].back);
        names = again(names);
        assert_restores(names, cases[i].now, cases[i].back);
        maildir_old_names_free(names);
    }
}

/* Converted, used by Courier, converted again: the old base name, and the flags that it had last.
 */
static void
test_renamed_twice(void **state)
{
    (void)state;
    g_autoptr(MaildirOldNames) names = maildir_old_names_new();
    maildir_old_names_add(names, "cur/1.a,W=7:2,S", "cur/9.H.1.mailhaul:2,Sa");
    maildir_old_names_add(names, "cur/9.H.1.mailhaul:2,RS", "cur/9.H.1.mailhaul:2,RSab");
    assert_int_equal(maildir_old_names_length(names), 1);
    assert_restores(names, "cur/9.H.1.mailhaul:2,RSab", "cur/1.a,W=7:2,RS");
}

/* By it mail that has come since, and keywords that were set since, are told from the rest. */
static void
test_knows(void **state)
{
    (void)state;
    g_autoptr(MaildirOldNames) names = maildir_old_names_new();
    maildir_old_names_add(names, "cur/1.a,W=7:2,S", "cur/9.H.1.mailhaul:2,Sa");
    assert_true(maildir_old_names_knows(names, "cur/1.a,W=7:2,S"));
    assert_true(maildir_old_names_knows(names, "cur/9.H.1.mailhaul:2,Sa"));
    assert_false(maildir_old_names_knows(names, "cur/9.H.1.mailhaul:2,Sab"));
    assert_false(maildir_old_names_knows(names, "cur/1.a,W=7:2,FS"));
    assert_false(maildir_old_names_knows(names, "new/1.a"));
}

/* Two files of one base name: each gets its own back. */
static void
test_twins(void **state)
{
    (void)state;
    g_autoptr(MaildirOldNames) names = maildir_old_names_new();
    maildir_old_names_add(names, "cur/1.a:2,S", "cur/1.a:2,Sa");
    maildir_old_names_add(names, "cur/1.a:2,FS", "cur/9.H.1.mailhaul:2,FS");
    assert_restores(names, "cur/1.a:2,Sa", "cur/1.a:2,S");
    assert_restores(names, "cur/9.H.1.mailhaul:2,FS", "cur/1.a:2,FS");
    assert_restores(names, "cur/1.a:2,FS", NULL); /* killed before it was renamed */
}

/* No line leads out of the folder. */
static void
test_hostile_record(void **state)
{
    (void)state;
    static const char text[] = "cur/1\t../2\ncur/1\t/etc/x\ncur/../1\tcur/2\ntmp/1\tcur/2\n"
                               "cur/1\tcur/..\ncur/1\tcur/a/b\ncur/\tcur/\n\n\t\ncur/1\n"
                               "cur/1\tcur/\\x00\ncur/1\tcur/a\\x2fb\ncur/1\tcur/\\\n"
                               "cur/5:2,a\tcur/5:2,";
    g_autoptr(MaildirOldNames) names = maildir_old_names_parse(mh_span(text, strlen(text)));
    assert_int_equal(maildir_old_names_length(names), 1);
    assert_restores(names, "cur/5:2,a", "cur/5:2,");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_renaming),   cmocka_unit_test(test_renamed_twice),
        cmocka_unit_test(test_knows),          cmocka_unit_test(test_twins),
        cmocka_unit_test(test_hostile_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
