#include "testing-place.h"

#include "maildir/maildir-lock.h"
#include "maildir/maildir-tree.h"
#include "safe-file.h"
#include "stopping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t clock_shift_s; /* this machine's clock is ahead of the file system's */

/* g_get_real_time() asks here. */
int
gettimeofday(struct timeval *out, void *zone)
{
    int failed = (int)syscall(SYS_gettimeofday, out, zone);
    out->tv_sec += clock_shift_s;
    return failed;
}

/* A process number that nobody has. */
static long
dead_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    return (long)pid;
}

static void
plant(const Place *place, const char *text, int age_s)
{
    struct timespec times[2];
    int fd =
        openat(place->fd, "dovecot-uidlist.lock", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_true(mh_write_all(fd, mh_span_from_string(text), NULL));
    times[0].tv_sec = times[1].tv_sec = g_get_real_time() / G_USEC_PER_SEC - age_s;
    times[0].tv_nsec = times[1].tv_nsec = 0;
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static bool
is_there(const Place *place, const char *name)
{
    return faccessat(place->fd, name, F_OK, 0) == 0;
}

static void
test_holds_our_name(void **state)
{
    const Place *place = *state;
    g_autofree char *ours = g_strdup_printf("0%ld:%s", (long)getpid(), g_get_host_name());
    assert_true(maildir_lock_take(place->fd, 0, NULL));
    g_autoptr(GBytes) text = mh_read_file(place->fd, "dovecot-uidlist.lock", 1000, NULL, NULL);
    assert_true(mh_span_equal(mh_span_from_bytes(text), mh_span_from_string(ours)));
    assert_false(is_there(place, "mailhaul-tmp.dovecot-uidlist.lock"));
    assert_true(maildir_lock_release(place->fd, NULL));
    assert_false(is_there(place, "dovecot-uidlist.lock"));
}

static const struct {
    const char *name;
    const char *text; /* %ld: a number; %s: this host */
    bool dead;        /* the number is a dead process's; otherwise the parent's */
    int age_s;
    bool taken;   /* can it be taken at once? */
    bool cleared; /* is it removed without being wanted? */
} rows[] = {
    {"dead process of ours", "0%ld:%s", true, 0, true, true},
    {"dead process of ours, line end", "0%ld:%s\n", true, 0, true, true},
    {"live process of ours", "0%ld:%s", false, 0, false, false},
    {"dead process", "%ld:%s", true, 5, true, true},
    {"dead process, or one that we do not see", "%ld:%s", true, 0, false, false},
    {"live process", "%ld:%s", false, 0, false, false},
    {"live process, old", "%ld:%s", false, MAILDIR_LOCK_STALE_S + 5, true, false},
    {"live process, not quite old", "%ld:%s", false, MAILDIR_LOCK_STALE_S - 30, false, false},
    {"another host", "%ld:not-%s", true, 0, false, false},
    {"another host, old", "%ld:not-%s", true, MAILDIR_LOCK_STALE_S + 5, true, false},
    {"no text", "", true, 0, false, false},
    {"no number", "x%ld:%s", true, 0, false, false},
    {"too large", "99999%ld99999:%s", true, 0, false, false},
};

static void
test_whose_lock_counts(void **state)
{
    const Place *place = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        long pid = rows[i].dead ? dead_process() : (long)getppid();
        g_autoptr(GString) text = g_string_new(rows[i].text);
        g_autofree char *number = g_strdup_printf("%ld", pid);
        g_autoptr(GError) error = NULL;
        g_string_replace(text, "%ld", number, 0);
        g_string_replace(text, "%s", g_get_host_name(), 0);
        plant(place, text->str, rows[i].age_s);
        maildir_lock_clear_dead(place->fd);
        if (is_there(place, "dovecot-uidlist.lock") == rows[i].cleared)
            fail_msg("%s: cleared", rows[i].name);
        plant(place, text->str, rows[i].age_s);
        if (maildir_lock_take(place->fd, 0, &error) != rows[i].taken)
            fail_msg("%s: taken", rows[i].name);
        if (!rows[i].taken)
            assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN));
        assert_false(is_there(place, "mailhaul-tmp.dovecot-uidlist.lock"));
        assert_int_equal(unlinkat(place->fd, "dovecot-uidlist.lock", 0), 0);
    }
}

/* How old a lock is its file system says. */
static void
test_clocks_that_differ(void **state)
{
    const Place *place = *state;
    static const struct {
        int age_s;
        int64_t shift_s;
        bool taken;
    } cases[] = {{10, 600, false},
                 {10, -600, false},
                 {MAILDIR_LOCK_STALE_S + 5, 600, true},
                 {MAILDIR_LOCK_STALE_S + 5, -600, true}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        plant(place, "1234:elsewhere", cases[i].age_s);
        clock_shift_s = cases[i].shift_s;
        bool taken = maildir_lock_take(place->fd, 0, NULL);
        clock_shift_s = 0;
        if (taken != cases[i].taken)
            fail_msg("row %zu", i);
        assert_int_equal(unlinkat(place->fd, "dovecot-uidlist.lock", 0), 0);
    }
}

static void
test_a_name_aside_is_replaced(void **state)
{
    const Place *place = *state;
    assert_int_equal(symlinkat("/nowhere", place->fd, "mailhaul-tmp.dovecot-uidlist.lock"), 0);
    assert_true(maildir_lock_take(place->fd, 0, NULL));
    assert_true(maildir_lock_release(place->fd, NULL));
    assert_true(maildir_lock_release(place->fd, NULL)); /* somebody else has removed it: fine */
}

/* A process that stood still for long finds that others took its lock, and leaves them theirs. */
static void
test_a_lock_that_others_took(void **state)
{
    const Place *place = *state;
    static const char *const others[] = {"1234:elsewhere", "", "0%ld:elsewhere", "%ld:%s",
                                         "0%ld:%s\n"};
    int64_t long_ago = 0, just_now = g_get_monotonic_time() + G_USEC_PER_SEC;
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) text = g_string_new(others[i]);
        g_autofree char *number = g_strdup_printf("%ld", (long)getpid());
        g_string_replace(text, "%ld", number, 0);
        g_string_replace(text, "%s", g_get_host_name(), 0);
        assert_true(maildir_lock_take(place->fd, 0, NULL));
        assert_true(maildir_lock_renew(place->fd, NULL));
        plant(place, text->str, 0);
        assert_false(maildir_lock_renew(place->fd, &error));
        assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN));
        assert_true(maildir_lock_keep(place->fd, &just_now, NULL)); /* does not look */
        assert_false(maildir_lock_keep(place->fd, &long_ago, NULL));
        long_ago = 0;
        assert_true(maildir_lock_release(place->fd, NULL));
        if (!is_there(place, "dovecot-uidlist.lock"))
            fail_msg("'%s' was removed", others[i]);
        assert_int_equal(unlinkat(place->fd, "dovecot-uidlist.lock", 0), 0);
        assert_false(maildir_lock_renew(place->fd, NULL)); /* nobody's is not ours */
    }
}

/* Whose it is cannot be told: then it is not said that it is somebody else's. */
static void
test_a_lock_that_cannot_be_looked_at(void **state)
{
    const Place *place = *state;
    struct rlimit before, none;
    g_autoptr(GError) renewing = NULL, releasing = NULL;
    assert_true(maildir_lock_take(place->fd, 0, NULL));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool renewed = maildir_lock_renew(place->fd, &renewing);
    bool released = maildir_lock_release(place->fd, &releasing);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(!renewed && g_error_matches(renewing, G_FILE_ERROR, G_FILE_ERROR_MFILE));
    assert_true(!released && g_error_matches(releasing, G_FILE_ERROR, G_FILE_ERROR_MFILE));
    assert_true(is_there(place, "dovecot-uidlist.lock"));
    assert_true(maildir_lock_release(place->fd, NULL));
    assert_false(is_there(place, "dovecot-uidlist.lock"));
}

static void
test_renewing_makes_it_younger(void **state)
{
    const Place *place = *state;
    struct stat st;
    int64_t renewed = 0;
    const struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    assert_true(maildir_lock_take(place->fd, 0, NULL));
    assert_int_equal(utimensat(place->fd, "dovecot-uidlist.lock", old, 0), 0);
    assert_true(maildir_lock_keep(place->fd, &renewed, NULL));
    assert_true(renewed > 0);
    assert_int_equal(fstatat(place->fd, "dovecot-uidlist.lock", &st, 0), 0);
    assert_true(st.st_mtime > old[0].tv_sec);
    assert_true(maildir_lock_release(place->fd, NULL));
}

/* A link says nothing of a holder, wherever it leads. */
static void
test_a_link_is_nobodys(void **state)
{
    const Place *place = *state;
    assert_int_equal(symlinkat("/nowhere", place->fd, "dovecot-uidlist.lock"), 0);
    assert_true(maildir_lock_take(place->fd, 0, NULL));
    assert_true(maildir_lock_release(place->fd, NULL));
}

/* One folder's wait is taken from the next one's; the lock of each is still tried. */
static void
test_folders_share_the_time_to_wait(void **state)
{
    const Place *place = *state;
    MaildirTree tree = {.lock_wait_ms = 300};
    g_autofree char *live = g_strdup_printf("%ld:%s", (long)getppid(), g_get_host_name());
    int64_t since = g_get_monotonic_time();
    plant(place, live, 0);
    for (int folder = 0; folder < 50; folder++)
        assert_false(maildir_tree_lock(&tree, place->fd, NULL));
    assert_int_equal(tree.lock_wait_ms, 0);
    assert_true(g_get_monotonic_time() - since < 10 * G_USEC_PER_SEC);
    assert_int_equal(unlinkat(place->fd, "dovecot-uidlist.lock", 0), 0);
    assert_true(maildir_tree_lock(&tree, place->fd, NULL));
    assert_true(maildir_lock_release(place->fd, NULL));
}

/* Comes last: there is no way back. */
static void
test_who_is_to_stop_does_not_wait(void **state)
{
    const Place *place = *state;
    g_autofree char *live = g_strdup_printf("%ld:%s", (long)getppid(), g_get_host_name());
    int64_t since = g_get_monotonic_time();
    plant(place, live, 0);
    mh_stopping_now();
    assert_false(maildir_lock_take(place->fd, 100000, NULL));
    assert_true(g_get_monotonic_time() - since < 10 * G_USEC_PER_SEC);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_holds_our_name, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(test_whose_lock_counts, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(test_clocks_that_differ, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(test_a_lock_that_others_took, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(test_a_lock_that_cannot_be_looked_at, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(test_renewing_makes_it_younger, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(test_a_name_aside_is_replaced, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(test_a_link_is_nobodys, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(test_folders_share_the_time_to_wait, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(test_who_is_to_stop_does_not_wait, place_set_up,
                                        place_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
