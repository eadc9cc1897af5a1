#include "warm.h"

#include "testing.h"
#include "warm-process.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* A doveadm that writes its arguments into "calls", one call a line with the users behind it, and
 * prints a message a user. What it does of a user is in the name. */
static const char fake_doveadm[] =
    "#!/bin/sh\n"
    "cd \"$(dirname \"$0\")\" || exit 1\n"
    "users= single=\n"
    "while [ $# -gt 0 ]; do\n"
    "    case $1 in\n"
    "    -F) users=$(cat \"$2\"); shift ;;\n"
    "    -u) users=$2 single=1; shift ;;\n"
    "    -c) config=$2; shift ;;\n"
    "    hdr.*) ;;\n"
    "    *) rest=\"$rest $1\" ;;\n"
    "    esac\n"
    "    shift\n"
    "done\n"
    "echo \"$config|$rest|\" $users >> calls\n"
    "status=0\n"
    "for user in $users; do\n"
    "    case $user in\n"
    "    unknown*) if [ \"$single\" ]; then\n"
    "            echo \"doveadm($user): Error: User doesn't exist\" >&2; exit 67\n"
    "        fi\n"
    "        echo \"doveadm($user): Info: User no longer exists, skipping\" >&2 ;;\n"
    "    broken*) echo \"doveadm($user): Error: stat($user) failed: no \033 way\" >&2; status=75 "
    ";;\n"
    "    dies*) kill -9 $$ ;;\n"
    "    silent*) status=3 ;;\n"
    "    warns*) echo 'doveadm: Warning: this is old' >&2; echo 'Error: no statistics' >&2; echo "
    "'{\"a\":1}' ;;\n"
    "    empty*) ;;\n"
    "    slow*) exec sleep 60 ;;\n"
    "    *) printf '[{\"username\":\"%s\",\"hdr.subject\":\"{\\\\\"{\"}]' $user ;;\n"
    "    esac\n"
    "done\n"
    "exit $status\n";

typedef struct {
    char *dir, *calls;
    MhWarmOptions options;
    GPtrArray *accounts;
    GString *told; /* "user, user: error, " */
    uint64_t messages;
    GError *error;
    bool stop_at_first;
} Fixture;

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->dir = g_dir_make_tmp("test-warm-XXXXXX", NULL);
    fixture->calls = g_build_filename(fixture->dir, "calls", NULL);
    fixture->options.doveadm = g_build_filename(fixture->dir, "doveadm", NULL);
    fixture->options.jobs = 1;
    fixture->accounts = g_ptr_array_new_with_free_func((GDestroyNotify)mh_account_free);
    fixture->told = g_string_new(NULL);
    *state = fixture;
    return g_file_set_contents(fixture->options.doveadm, fake_doveadm, -1, NULL) &&
                   chmod(fixture->options.doveadm, 0755) == 0
               ? 0
               : -1;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;
    g_unlink(fixture->options.doveadm);
    g_unlink(fixture->calls);
    g_rmdir(fixture->dir);
    g_ptr_array_unref(fixture->accounts);
    g_string_free(fixture->told, TRUE);
    g_clear_error(&fixture->error);
    g_free(fixture->options.doveadm);
    g_free(fixture->calls);
    g_free(fixture->dir);
    g_free(fixture);
    return 0;
}

static void
done(const MhAccount *account, const char *error, void *user)
{
    Fixture *fixture = user;
    g_string_append(fixture->told, account->user);
    if (error != NULL)
        g_string_append_printf(fixture->told, ": %s", error);
    g_string_append(fixture->told, ", ");
    if (fixture->stop_at_first)
        raise(SIGTERM);
}

static MhWarmEnd
run(Fixture *fixture, const char *users)
{
    const MhWarmEvents events = {.done = done, .user = fixture};
    g_auto(GStrv) names = g_strsplit(users, " ", -1);
    for (size_t i = 0; names[i] != NULL; i++)
        g_ptr_array_add(fixture->accounts, mh_account_new(names[i]));
    return mh_warm(&fixture->options, fixture->accounts, &events, &fixture->messages,
                   &fixture->error);
}

static size_t
count_calls(const Fixture *fixture)
{
    g_autofree char *text = NULL;
    size_t count = 0;
    if (!g_file_get_contents(fixture->calls, &text, NULL, NULL))
        return 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        count++;
    return count;
}

static void
assert_called(const Fixture *fixture, const char *wanted)
{
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(fixture->calls, &text, NULL, NULL));
    assert_string_equal(text, wanted);
}

static void
test_many_in_one_process(void **state)
{
    Fixture *fixture = *state;
    fixture->options.config = "/etc/other $(id).conf";
    assert_int_equal(run(fixture, "a b c d e f g h"), MH_WARM_COMPLETE);
    assert_string_equal(fixture->told->str, "a, b, c, d, e, f, g, h, ");
    assert_called(fixture, "/etc/other $(id).conf| -f json fetch all| a b\n"
                           "/etc/other $(id).conf| -f json fetch all| c d\n"
                           "/etc/other $(id).conf| -f json fetch all| e f\n"
                           "/etc/other $(id).conf| -f json fetch all| g h\n");
    assert_int_equal(fixture->messages, 8);
}

static void
test_nobody(void **state)
{
    Fixture *fixture = *state;
    const MhWarmEvents events = {.done = done, .user = fixture};
    assert_int_equal(
        mh_warm(&fixture->options, fixture->accounts, &events, &fixture->messages, &fixture->error),
        MH_WARM_COMPLETE);
    assert_int_equal(count_calls(fixture), 0);
}

/* Fifty at most, and each job gets some. */
static void
test_batches(void **state)
{
    static const struct {
        guint accounts;
        uint32_t jobs;
        size_t calls;
    } rows[] = {{1, 1, 1},   {3, 1, 3},     {199, 1, 5}, {200, 1, 4},
                {201, 1, 5}, {1000, 1, 20}, {80, 4, 16}, {3, 8, 3}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture *fixture = *state;
        g_autoptr(GString) users = g_string_new("u0");
        for (guint n = 1; n < rows[i].accounts; n++)
            g_string_append_printf(users, " u%u", n);
        g_ptr_array_set_size(fixture->accounts, 0);
        g_unlink(fixture->calls);
        fixture->options.jobs = rows[i].jobs;
        assert_int_equal(run(fixture, users->str), MH_WARM_COMPLETE);
        assert_int_equal(fixture->messages, rows[i].accounts);
        if (count_calls(fixture) != rows[i].calls)
            fail_msg("%u accounts, %u jobs: %zu calls", rows[i].accounts, rows[i].jobs,
                     count_calls(fixture));
    }
}

/* Whatever is wrong with one, the others are done. */
static void
test_failures(void **state)
{
    static const struct {
        const char *user, *error;
    } rows[] = {
        {"unknown", "doveadm: User doesn't exist"},
        {"broken", "doveadm: stat(broken) failed: no \\x1b way"},
        {"dies", "doveadm was ended by signal 9 (Killed)"},
        {"silent", "doveadm ended with status 3"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture *fixture = *state;
        g_autofree char *users = g_strdup_printf("a b c d e f g h i j k l %s n o p", rows[i].user);
        g_autofree char *wanted = g_strdup_printf(
            "a, b, c, d, e, f, g, h, i, j, k, l, %s: %s, n, o, p, ", rows[i].user, rows[i].error);
        g_ptr_array_set_size(fixture->accounts, 0);
        g_string_truncate(fixture->told, 0);
        assert_int_equal(run(fixture, users), MH_WARM_COMPLETE);
        assert_string_equal(fixture->told->str, wanted);
    }
}

static void
test_warnings_are_no_failure(void **state)
{
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "a b c d e warns g h"), MH_WARM_COMPLETE);
    assert_int_equal(count_calls(fixture), 4);
    assert_int_equal(fixture->messages, 8);
}

/* A list of users that it has not seen would look the same. */
static void
test_no_message_at_all(void **state)
{
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "empty1 a b empty2 empty3 empty4 c d"), MH_WARM_COMPLETE);
    assert_called(fixture, "| -f json fetch all| empty1 a\n"
                           "| -f json fetch all| b empty2\n"
                           "| -f json fetch all| empty3 empty4\n"
                           "| -f json fetch all| empty3\n"
                           "| -f json fetch all| empty4\n"
                           "| -f json fetch all| c d\n");
}

/* A name that doveadm would take for many users is never given to it alone. */
static void
test_patterns(void **state)
{
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "a? b*"), MH_WARM_COMPLETE);
    assert_string_equal(fixture->told->str, "a?: doveadm takes this name for a pattern, "
                                            "b*: doveadm takes this name for a pattern, ");
    assert_int_equal(count_calls(fixture), 0);
}

static void
test_hopeless(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GString) users = g_string_new("broken0");
    for (int n = 1; n < 300; n++)
        g_string_append_printf(users, " broken%d", n);
    assert_int_equal(run(fixture, users->str), MH_WARM_HOPELESS);
    assert_string_equal(fixture->error->message,
                        "doveadm has failed for each of the first 10 accounts, the last time so: "
                        "doveadm: stat(broken9) failed: no \\x1b way");
    assert_true(count_calls(fixture) < 30);
}

static void
test_no_program(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    assert_null(mh_warm_find_doveadm("no-such-doveadm", &error));
    assert_string_equal(error->message, "there is no program 'no-such-doveadm' in PATH; --doveadm "
                                        "names the new server's");
    g_clear_error(&error);
    assert_null(mh_warm_find_doveadm(fixture->dir, &error));
    g_autofree char *found = mh_warm_find_doveadm(fixture->options.doveadm, NULL);
    assert_string_equal(found, fixture->options.doveadm);
    g_unlink(fixture->options.doveadm);
    assert_int_equal(run(fixture, "a"), MH_WARM_COMPLETE);
    assert_string_equal(fixture->told->str, "a: doveadm: it cannot be run, ");
}

static void
test_stop(void **state)
{
    Fixture *fixture = *state;
    int64_t before_us = g_get_monotonic_time();
    fixture->stop_at_first = true;
    fixture->options.jobs = 2;
    assert_int_equal(run(fixture, "a slow b c"), MH_WARM_STOPPED);
    assert_string_equal(fixture->told->str, "a, ");
    assert_true(g_get_monotonic_time() - before_us < 20 * G_USEC_PER_SEC);
}

/* 100 messages at 4 kB each and 1 MB a second are 0.4 s, less a burst. */
static void
test_pace(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GString) users = g_string_new("u0");
    for (int n = 1; n < 100; n++)
        g_string_append_printf(users, " u%d", n);
    fixture->options.pace = mh_pace_new(1000000);
    int64_t before_us = g_get_monotonic_time();
    assert_int_equal(run(fixture, users->str), MH_WARM_COMPLETE);
    assert_true(g_get_monotonic_time() - before_us > 300000);
    mh_pace_free(fixture->options.pace);
}

/* However it is cut up. */
static void
test_count_objects(void **unused)
{
    (void)unused;
    static const char json[] = "[{\"a\":\"{\\\"{\",\"b\":\"\\\\\"},{\"c\":\"\\\\\\\"{\"},\n{}]";
    for (size_t cut = 0; cut <= strlen(json); cut++) {
        int state = 0;
        uint64_t count = mh_warm_count_objects(mh_span(json, cut), &state);
        count += mh_warm_count_objects(mh_span(json + cut, strlen(json) - cut), &state);
        assert_int_equal(count, 3);
    }
}

static void
test_fields(void **state)
{
    (void)state;
    g_autofree char *fields = mh_warm_fields(false);
    g_autofree char *more = mh_warm_fields(true);
    static const char *const envelope[] = {
        "hdr.date ", "hdr.subject ", "hdr.from ", "hdr.sender ",      "hdr.reply-to ",
        "hdr.to ",   "hdr.cc ",      "hdr.bcc ",  "hdr.in-reply-to ", "hdr.message-id "};
    for (size_t i = 0; i < G_N_ELEMENTS(envelope); i++)
        assert_non_null(strstr(fields, envelope[i]));
    assert_true(g_str_has_suffix(fields, " date.received size.virtual"));
    assert_true(g_str_has_prefix(more, fields));
    assert_true(g_str_has_suffix(more, " imap.bodystructure"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_many_in_one_process),
        TEST(test_nobody),
        TEST(test_batches),
        TEST(test_failures),
        TEST(test_warnings_are_no_failure),
        TEST(test_no_message_at_all),
        TEST(test_patterns),
        TEST(test_hopeless),
        TEST(test_no_program),
        TEST(test_stop),
        TEST(test_pace),
        cmocka_unit_test(test_count_objects),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
