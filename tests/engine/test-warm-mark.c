#include "warm-mark.h"

#include "testing.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char list[] = "3 V1180000000 N41 M Gbc3d01148e770000\n1 W100 :one\n2 W7 :two\n";
static const char cache[] = "\x01\x08\x01\x02IDIDSEQScounted";

typedef struct {
    char *dir, *pattern;
    MhAccount *account;
} Fixture;

static void
put(const Fixture *fixture, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(fixture->dir, "fred", name, NULL);
    assert_true(g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
make_dir(const Fixture *fixture, const char *name)
{
    g_autofree char *path = g_build_filename(fixture->dir, "fred", name, NULL);
    assert_int_equal(g_mkdir_with_parents(path, 0700), 0);
}

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->dir = g_dir_make_tmp("test-warm-mark-XXXXXX", NULL);
    fixture->pattern = g_build_filename(fixture->dir, "%u", NULL);
    fixture->account = mh_account_new("fred");
    *state = fixture;
    make_dir(fixture, "new");
    make_dir(fixture, ".Sent/new");
    put(fixture, "dovecot-uidlist", list);
    put(fixture, ".Sent/dovecot-uidlist", list);
    put(fixture, "dovecot.index.cache", cache);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *argument = g_shell_quote(fixture->dir);
    g_autofree char *command = g_strconcat("rm -rf ", argument, NULL);
    bool good = g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
    mh_account_free(fixture->account);
    g_free(fixture->pattern);
    g_free(fixture->dir);
    g_free(fixture);
    return good ? 0 : -1;
}

static MhWarmMark
look(const Fixture *fixture)
{
    MhWarmMark mark;
    g_autoptr(GError) error = NULL;
    bool good = mh_warm_mark_look(fixture->pattern, fixture->account, "this", &mark, &error);
    assert_no_error(error);
    assert_true(good);
    return mark;
}

/* What each change is to do to the two digests. */
static void
assert_changed(const Fixture *fixture, MhWarmMark *before, bool mail, bool whole, const char *what)
{
    MhWarmMark now = look(fixture);
    if (mh_digest_equal(&now.mail, &before->mail) == mail ||
        mh_digest_equal(&now.whole, &before->whole) == whole)
        fail_msg("%s: the mark is wrong", what);
    *before = now;
}

static void
test_what_counts(void **state)
{
    Fixture *fixture = *state;
    MhWarmMark mark = look(fixture);
    assert_true(mark.used);
    assert_changed(fixture, &mark, false, false, "nothing");
    put(fixture, "dovecot-uidlist", "3 V1180000000 N41 G1 P2\n2 W7 :two\n");
    put(fixture, "dovecot.index.cache", "\x01\x08\x01\x02IDIDSEQSgrown and grown");
    make_dir(fixture, "cur");
    put(fixture, "cur/one:2,S", "mail");
    put(fixture, "dovecot.index.log", "log");
    assert_changed(fixture, &mark, false, false, "the server's own work");
    put(fixture, "dovecot.index.cache", "\x01\x08\x01\x02IDIDSEQTgrown and grown");
    assert_changed(fixture, &mark, false, true, "another cache");
    put(fixture, ".Sent/dovecot-uidlist", "3 V1180000000 N42 M\n1 W100 :one\n");
    assert_changed(fixture, &mark, true, true, "a message more");
    put(fixture, ".Sent/dovecot-uidlist", "3 V1180000001 N42 M\n1 W100 :one\n");
    assert_changed(fixture, &mark, true, true, "another UIDVALIDITY");
    make_dir(fixture, ".Sent.2026");
    assert_changed(fixture, &mark, true, true, "a new folder");
    put(fixture, ".Sent/new/mail", "mail");
    assert_changed(fixture, &mark, false, true, "delivered past the server");
}

static void
test_what_was_asked_counts(void **state)
{
    Fixture *fixture = *state;
    MhWarmMark mark = look(fixture), other;
    assert_true(mh_warm_mark_look(fixture->pattern, fixture->account, "that", &other, NULL));
    assert_true(mh_digest_equal(&mark.mail, &other.mail));
    assert_false(mh_digest_equal(&mark.whole, &other.whole));
}

static void
test_unused(void **state)
{
    Fixture *fixture = *state;
    put(fixture, "dovecot-uidlist", "3 V1180000000 N1 M\n");
    put(fixture, ".Sent/dovecot-uidlist", "3 V1180000000 N1 M\n");
    assert_false(look(fixture).used);
}

static void
test_not_there(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(MhAccount) nobody = mh_account_new("nobody");
    g_autoptr(GError) error = NULL;
    MhWarmMark mark;
    assert_false(mh_warm_mark_look(fixture->pattern, nobody, "this", &mark, &error));
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
}

/* A link to a list is not followed, and nothing in its place is waited for. */
static void
test_odd_files(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *path = g_build_filename(fixture->dir, "fred", "dovecot-uidlist", NULL);
    g_autofree char *sent = g_build_filename(fixture->dir, "fred", ".Sent", NULL);
    g_autofree char *link = g_build_filename(fixture->dir, "fred", ".Link", NULL);
    g_autofree char *fifo = g_build_filename(fixture->dir, "fred", "dovecot.index.cache", NULL);
    g_unlink(path);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    MhWarmMark mark = look(fixture);
    assert_int_equal(g_unlink(path), 0);
    assert_changed(fixture, &mark, false, false, "a link to a list");
    g_unlink(fifo);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_changed(fixture, &mark, false, true, "a FIFO for a cache");
    assert_int_equal(symlink(sent, link), 0);
    assert_changed(fixture, &mark, true, true, "a link to a folder");
    assert_int_equal(chmod(sent, 0), 0);
    look(fixture);
    assert_int_equal(chmod(sent, 0700), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_counts), TEST(test_what_was_asked_counts),
        TEST(test_unused),      TEST(test_not_there),
        TEST(test_odd_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
